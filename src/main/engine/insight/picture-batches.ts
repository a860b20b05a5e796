import { frameImage } from '../../../shared/framing.js';
import { GraftError, throwIfAborted } from '../../../shared/errors.js';
import type { Framing, InputSpec } from '../../../shared/input.js';
import type { ProgressListener } from '../../../shared/progress.js';
import type { SkippedFile } from '../../../shared/reports.js';
import { installSimdKernels } from '../../../shared/simd/simd-kernels.js';
import { decodeImage, sourceCap } from '../dataset/decode.js';
import { listPictures } from '../dataset/list-pictures.js';

/** Pictures that are ready for a network, outside any data set. */
export interface PictureBatch {
  readonly paths: readonly string[];
  /** [paths.length, size, size, 3] */
  readonly pixels: Uint8Array;
}

export interface PictureOptions {
  /** Files and folders; folders are walked. */
  readonly paths: readonly string[];
  readonly input: InputSpec;
  readonly framing: Framing;
  readonly batchSize: number;
  readonly signal: AbortSignal;
  readonly onProgress: ProgressListener;
  /** Gets every file that could not be used. */
  readonly skipped: SkippedFile[];
}

/**
 * Decodes and frames pictures in batches, in the order given, with the fast drawing that training's workers have.
 *
 * @throws GraftError `not-found` when a path does not exist
 */
export async function* pictureBatches(options: PictureOptions): AsyncIterable<PictureBatch> {
  const { input, framing, batchSize, signal, skipped } = options;
  installSimdKernels();
  const files = await listPictures(options.paths, skipped);
  const imageBytes = input.size * input.size * 3;
  for (let start = 0; start < files.length; start += batchSize) {
    throwIfAborted(signal);
    const group = files.slice(start, start + batchSize);
    const framed = await Promise.all(
      group.map(async (path) => {
        try {
          const source = await decodeImage(path, { maxShorterSide: sourceCap(input) });
          return { path, image: frameImage(source, input, framing) };
        } catch (error) {
          if (!(error instanceof GraftError)) throw error;
          skipped.push({ path, code: error.code, message: error.message });
          return null;
        }
      }),
    );
    const usable = framed.filter((entry) => entry !== null);
    const pixels = new Uint8Array(usable.length * imageBytes);
    usable.forEach(({ image }, row) => pixels.set(image.data, row * imageBytes));
    options.onProgress({
      task: 'decode',
      done: Math.min(start + batchSize, files.length),
      total: files.length,
      unit: 'images',
    });
    if (usable.length > 0) yield { paths: usable.map(({ path }) => path), pixels };
  }
}
