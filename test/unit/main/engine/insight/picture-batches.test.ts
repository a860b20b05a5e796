import { join } from 'node:path';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { decodeImage, sourceCap } from '../../../../../src/main/engine/dataset/decode.js';
import { pictureBatches } from '../../../../../src/main/engine/insight/picture-batches.js';
import { frameImage } from '../../../../../src/shared/framing.js';
import type { InputSpec } from '../../../../../src/shared/input.js';
import { pixelKernels } from '../../../../../src/shared/pixel-kernels.js';
import type { SkippedFile } from '../../../../../src/shared/reports.js';
import { makeFolder, photoBytes, putFile, removeFolder } from '../../../../support/images.js';

let folder: string;
beforeEach(() => void (folder = makeFolder('picture-batches')));
afterEach(() => removeFolder(folder));

const input: InputSpec = {
  ...{ size: 32, resize: 36, interpolation: 'bilinear' },
  ...{ mean: [0, 0, 0], std: [1, 1, 1] },
};

it('draws as fast as its thread can, by itself, and the pixels are those of the plain drawing', async () => {
  const paths = await Promise.all(
    [0, 1, 2].map(async (seed) => {
      const path = join(folder, `${seed}.jpg`);
      putFile(path, await photoBytes(90 + seed, 70, seed));
      return path;
    }),
  );
  // Before anything has drawn in this thread but plainly.
  const plain = await Promise.all(
    paths.map(async (path) => frameImage(await decodeImage(path, { maxShorterSide: sourceCap(input) }), input, 'crop')),
  );
  expect(pixelKernels()).toBeNull();
  const broken = join(folder, 'broken.jpg');
  putFile(broken, 'no picture');
  const skipped: SkippedFile[] = [];
  const seen: string[] = [];
  const batches = pictureBatches({
    ...{ paths: [...paths, broken], input, framing: 'crop', batchSize: 2, skipped },
    ...{ signal: new AbortController().signal, onProgress: () => undefined },
  });
  for await (const { paths: batch, pixels } of batches) {
    for (const [row, path] of batch.entries()) {
      const bytes = pixels.subarray(row * 32 * 32 * 3, (row + 1) * 32 * 32 * 3);
      expect(Buffer.compare(bytes, plain[paths.indexOf(path)]!.data), path).toBe(0);
      seen.push(path);
    }
  }
  expect(seen).toEqual(paths);
  expect(skipped.map(({ path }) => path)).toEqual([broken]);
  expect(pixelKernels()).not.toBeNull();
});
