import { mkdir, rename, rm, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';
import { GraftError, throwIfAborted } from '../../../../shared/errors.js';
import type { ProgressListener } from '../../../../shared/progress.js';
import { downloadFile } from '../../backbones/download.js';
import { explainWriteError, makeTemporaryFolder, withFileLock } from '../../files.js';
import { samplesFolder } from '../paths.js';
import { drawShape, SHAPES } from './draw-shape.js';

export interface SampleOptions {
  readonly signal: AbortSignal;
  readonly onProgress: ProgressListener;
}

const PICTURES_PER_CLASS = 60;
const SIDE = 256;
const QUALITY = 90;

/** Ants and bees: the data of PyTorch's transfer learning tutorial, 244 pictures to train and 153 to validate. */
export const HYMENOPTERA = {
  url: 'https://download.pytorch.org/tutorial/hymenoptera_data.zip',
  sha256: 'fbc41b31d544714d18dd1230b1e2b455e1557766e13e67f9f5a7a23af7c02209',
} as const;

const isThere = async (path: string): Promise<boolean> =>
  await stat(path).then(
    () => true,
    () => false,
  );

async function drawShapes(folder: string, { signal, onProgress }: SampleOptions): Promise<void> {
  const total = SHAPES.length * PICTURES_PER_CLASS;
  let done = 0;
  for (const shape of SHAPES) {
    await mkdir(join(folder, shape));
    for (let number = 1; number <= PICTURES_PER_CLASS; number++) {
      throwIfAborted(signal);
      const { width, height, data } = drawShape(shape, number, SIDE);
      const bytes = await sharp(data, { raw: { width, height, channels: 3 } })
        .jpeg({ quality: QUALITY })
        .toBuffer();
      await writeFile(join(folder, shape, `${shape}-${String(number).padStart(2, '0')}.jpg`), bytes);
      onProgress({ task: 'sample', done: ++done, total, unit: 'images', label: shape });
    }
  }
}

/**
 * Draws the sample data set of shapes, unless it is there: four classes of 60 pictures, the same on every machine, without a
 * connection. It appears whole or not at all.
 *
 * @returns its folder
 * @throws GraftError `disk-full`, `cancelled`
 */
export async function makeShapes(options: SampleOptions): Promise<string> {
  const folder = join(samplesFolder(), 'shapes');
  return await withFileLock(
    join(samplesFolder(), '.shapes.lock'),
    async () => {
      if (await isThere(folder)) return folder;
      const temporary = await makeTemporaryFolder(samplesFolder());
      try {
        await drawShapes(temporary, options);
        await rename(temporary, folder);
      } catch (error) {
        await rm(temporary, { recursive: true, force: true });
        throw explainWriteError(error, folder);
      }
      return folder;
    },
    { signal: options.signal },
  );
}

/**
 * Downloads the pictures of ants and bees, unless they are there; what a broken try has fetched is continued.
 *
 * @param source where they come from, unless a test names another place
 * @returns the zip archive
 * @throws GraftError `download-failed`, `checksum-mismatch`, `disk-full`, `cancelled`
 */
export async function fetchHymenoptera(
  { signal, onProgress }: SampleOptions,
  source: { readonly url: string; readonly sha256: string; readonly retryMs?: number } = HYMENOPTERA,
): Promise<string> {
  const file = join(samplesFolder(), 'hymenoptera.zip');
  const download = async (): Promise<void> => {
    await downloadFile(source.url, file, {
      signal,
      sha256: source.sha256,
      ...(source.retryMs === undefined ? {} : { retryMs: source.retryMs }),
      onBytes: (done, total) => onProgress({ task: 'download', done, total, unit: 'bytes', label: 'ants and bees' }),
    });
  };
  try {
    await withFileLock(join(samplesFolder(), '.hymenoptera.lock'), download, { signal });
  } catch (error) {
    if (!(error instanceof GraftError) || error.code !== 'download-failed') throw error;
    throw new GraftError(
      'download-failed',
      `${error.message}. Without a connection, the sample "shapes" can be used: it is drawn on this machine`,
      { cause: error },
    );
  }
  return file;
}
