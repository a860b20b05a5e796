import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createBatchSource } from '../../../../src/main/engine/dataset/batches.js';
import { openPixelCache } from '../../../../src/main/engine/dataset/cache.js';
import { decodeImage } from '../../../../src/main/engine/dataset/decode.js';
import type { DatasetImage } from '../../../../src/main/engine/dataset/types.js';
import { viewOfEpoch as viewOfRun } from '../../../../src/main/engine/train/feed.js';
import { AUGMENT_PRESETS } from '../../../../src/shared/augment/presets.js';
import { type AugmentPolicy, parsePolicy } from '../../../../src/shared/augment/policy.js';
import { AUGMENT_OPS } from '../../../../src/shared/augment/registry.js';
import type { RenderMemo } from '../../../../src/shared/augment/render.js';
import type { PixelImage } from '../../../../src/shared/image.js';
import { FRAMINGS, type InputSpec } from '../../../../src/shared/input.js';
import { drawTile, tensorRange, toCanvasPixels } from '../../../../src/renderer/preview/draw-tile.js';
import { readPixelFile } from '../../../../src/renderer/preview/pixel-file.js';
import { viewOfEpoch } from '../../../../src/renderer/preview/view.js';
import { sha256 } from '../../../support/hash.js';
import { makeFolder, photoBytes, putFile, removeFolder } from '../../../support/images.js';
import { sharedPath } from '../../../support/shared-data.js';

const INPUT: InputSpec = { size: 48, resize: 54, interpolation: 'bicubic', mean: [124, 117, 104], std: [58, 57, 57] };
const SEED = 11;

let folder: string;
let cacheFolder: string;
let images: DatasetImage[];

async function describeImage(file: string): Promise<DatasetImage> {
  const id = sha256(readFileSync(file));
  const { originalWidth: width, originalHeight: height, format } = await decodeImage(file);
  return { id, path: file, file, classIndex: 0, split: 'train', width, height, sizeBytes: 0, format };
}

beforeAll(async () => {
  folder = makeFolder('preview');
  cacheFolder = join(folder, 'cache');
  const files: string[] = [];
  for (const [index, [width, height]] of [
    [200, 90],
    [61, 160],
    [48, 48],
    [150, 150],
  ].entries()) {
    const file = join(folder, `photo ${index}.jpg`);
    putFile(file, await photoBytes(width!, height!, index));
    files.push(file);
  }
  const real = sharedPath('data', 'hymenoptera', 'train', 'bees');
  if (real !== null)
    files.push(
      ...readdirSync(real)
        .slice(0, 3)
        .map((name) => join(real, name)),
    );
  images = await Promise.all(files.map(describeImage));
});

afterAll(() => removeFolder(folder));

/** What the page is served for a picture: the cache file that a run has written. */
function served({ id }: DatasetImage): PixelImage {
  const name = readdirSync(cacheFolder, { recursive: true, encoding: 'utf8' }).find((one) => one.endsWith(`${id}.rgb`));
  const bytes = readFileSync(join(cacheFolder, name ?? 'nothing'));
  return readPixelFile(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length) as ArrayBuffer);
}

async function batchOf(policy: AugmentPolicy, view: number, framing: InputFraming): Promise<Uint8Array> {
  const cache = openPixelCache({ input: INPUT, folder: cacheFolder });
  const source = createBatchSource({ images, input: INPUT, framing, cache, workers: 0 });
  const request = { indices: images.map((_, index) => index), batchSize: images.length };
  try {
    for await (const { pixels } of source.batches({
      ...request,
      augment: policy.steps.length === 0 ? null : { policy, seed: SEED, view },
      signal: new AbortController().signal,
    })) {
      return pixels;
    }
    throw new Error('no batch came');
  } finally {
    await source.close();
  }
}

type InputFraming = (typeof FRAMINGS)[number];

const POLICIES: readonly (readonly [string, AugmentPolicy])[] = [
  ...AUGMENT_PRESETS.map(({ id, policy }) => [`preset ${id}`, policy] as const),
  ...AUGMENT_OPS.map(({ id }) => [id, parsePolicy({ steps: [{ op: id, p: 1 }] })] as const),
];

describe("the preview's squares", () => {
  it.each(POLICIES)('are those of the training batch: %s', async (_name, policy) => {
    const imageBytes = INPUT.size * INPUT.size * 3;
    for (const epoch of [1, 4]) {
      const view = viewOfRun(epoch, 3);
      const batch = await batchOf(policy, view, 'crop');
      images.forEach((image, row) => {
        const settings = { policy, seed: SEED, input: INPUT, framing: 'crop', look: 'pixels' } as const;
        const tile = { imageId: image.id, view: viewOfEpoch(epoch, 3) };
        const { data } = drawTile(served(image), settings, tile, { stages: [] });
        expect(Buffer.compare(data, batch.subarray(row * imageBytes, (row + 1) * imageBytes))).toBe(0);
      });
    }
  });

  it.each(FRAMINGS)('are those of the batch in every framing: %s', async (framing) => {
    const policy = parsePolicy({ steps: [{ op: 'horizontal_flip' }, { op: 'color_jitter' }] });
    const batch = await batchOf(policy, 2, framing);
    const settings = { policy, seed: SEED, input: INPUT, framing, look: 'pixels' } as const;
    const drawn = images.map((image) =>
      drawTile(served(image), settings, { imageId: image.id, view: 2 }, { stages: [] }),
    );
    expect(Buffer.compare(Buffer.concat(drawn.map(({ data }) => data)), batch)).toBe(0);
  });

  it('stay those of the batch while a slider moves and what is known is used again', async () => {
    const memos = images.map((): RenderMemo => ({ stages: [] }));
    const imageBytes = INPUT.size * INPUT.size * 3;
    const steps = (degrees: number, blur: number, contrast: number): AugmentPolicy =>
      parsePolicy({
        steps: [
          { op: 'random_resized_crop' },
          { op: 'rotation', params: { degrees: [-degrees, degrees] } },
          { op: 'gaussian_blur', p: 1, params: { sigma: [blur, blur] } },
          { op: 'horizontal_flip' },
          { op: 'color_jitter', params: { brightness: 0.3, contrast, saturation: 0, hue: 0 } },
          { op: 'random_erasing', p: 1 },
        ],
      });
    for (const [degrees, blur, contrast] of [
      [5, 1, 0.2],
      [9, 1, 0.2],
      [9, 2, 0.2],
      [9, 2, 0.5],
      [5, 1, 0.2],
    ]) {
      const policy = steps(degrees!, blur!, contrast!);
      const batch = await batchOf(policy, 0, 'crop');
      images.forEach((image, row) => {
        const settings = { policy, seed: SEED, input: INPUT, framing: 'crop', look: 'pixels' } as const;
        const { data } = drawTile(served(image), settings, { imageId: image.id, view: 0 }, memos[row]!);
        expect(Buffer.compare(data, batch.subarray(row * imageBytes, (row + 1) * imageBytes))).toBe(0);
      });
    }
  });

  it('show the original as validation sees it', async () => {
    const batch = await batchOf({ steps: [], mix: null }, 0, 'letterbox');
    const settings = { policy: AUGMENT_PRESETS[3]!.policy, seed: SEED, input: INPUT, framing: 'letterbox', look: 'pixels' } as const; // prettier-ignore
    const drawn = images.map((image) =>
      drawTile(served(image), settings, { imageId: image.id, view: null }, { stages: [] }),
    );
    expect(Buffer.compare(Buffer.concat(drawn.map(({ data }) => data)), batch)).toBe(0);
  });
});

describe('viewOfEpoch', () => {
  it('is the one of a run', () => {
    for (const views of [null, 1, 3, 10]) {
      for (let epoch = 1; epoch <= 12; epoch++) expect(viewOfEpoch(epoch, views)).toBe(viewOfRun(epoch, views));
    }
  });
});

describe('toCanvasPixels', () => {
  const image: PixelImage = { width: 2, height: 1, data: Uint8Array.of(0, 124, 255, 255, 0, 104) };

  it('hands on every level as it is', () => {
    expect(Array.from(toCanvasPixels(image, INPUT, 'pixels'))).toEqual([0, 124, 255, 255, 255, 0, 104, 255]);
  });

  it('shows tensors on one scale: black the lowest value of all, white the highest', () => {
    const { low, high } = tensorRange(INPUT);
    expect(low).toBeCloseTo(-124 / 58, 12);
    expect(high).toBeCloseTo((255 - 104) / 57, 12);
    const shown = (value: number): number => Math.round(((value - low) / (high - low)) * 255);
    const expected = [-124 / 58, (124 - 117) / 57, (255 - 104) / 57, (255 - 124) / 58, -117 / 57, 0].map(shown);
    expect(Array.from(toCanvasPixels(image, INPUT, 'tensor'))).toEqual([
      ...expected.slice(0, 3),
      255,
      ...expected.slice(3),
      255,
    ]);
    expect(expected[0]).toBe(0);
    expect(expected[2]).toBe(255);
  });
});
