import { execFile } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  type Batch,
  type BatchSource,
  type BatchSourceOptions,
  createBatchSource,
} from '../../../../../src/main/engine/dataset/batches.js';
import { openPixelCache } from '../../../../../src/main/engine/dataset/cache.js';
import { decodeImage, sourceCap } from '../../../../../src/main/engine/dataset/decode.js';
import type { BatchDice } from '../../../../../src/main/engine/dataset/make-batch.js';
import type { DatasetImage } from '../../../../../src/main/engine/dataset/types.js';
import { planAugment, planFraming } from '../../../../../src/shared/augment/plan.js';
import { presetPolicy } from '../../../../../src/shared/augment/presets.js';
import { renderAugment } from '../../../../../src/shared/augment/render.js';
import type { InputSpec } from '../../../../../src/shared/input.js';
import { bundleEngineFile } from '../../../../support/bundle-engine.js';
import { sha256 } from '../../../../support/hash.js';
import { makeFolder, photoBytes, putFile, removeFolder } from '../../../../support/images.js';

const INPUT: InputSpec = { size: 32, resize: 36, interpolation: 'bilinear', mean: [124, 117, 104], std: [58, 57, 57] };
const FRAMING = 'crop';
const IMAGE_BYTES = INPUT.size * INPUT.size * 3;
const DICE: BatchDice = { policy: presetPolicy('strong'), seed: 7, view: 2 };
const EVERY = [6, 2, 0, 5, 1, 4, 3];

let folder: string;
let images: DatasetImage[];
let workerFile: string;
const open: BatchSource[] = [];

async function addImage(name: string, width: number, height: number, seed: number): Promise<DatasetImage> {
  const bytes = await photoBytes(width, height, seed);
  const path = `train/a/${name}`;
  const file = join(folder, path);
  putFile(file, bytes);
  const facts = { width, height, sizeBytes: bytes.length, format: 'jpeg', classIndex: 0, split: 'train' } as const;
  return { id: sha256(bytes), path, file, ...facts };
}

beforeAll(async () => {
  folder = makeFolder('batches');
  images = await Promise.all(
    EVERY.map((_, index) => addImage(`photo ${index}.jpg`, 60 + 23 * index, 150 - 16 * index, index)),
  );
  workerFile = await bundleEngineFile('batch-worker', folder);
});

afterAll(async () => {
  await Promise.all(open.map((source) => source.close()));
  removeFolder(folder);
});

function openSource(options: Partial<BatchSourceOptions> = {}): BatchSource {
  const cache = openPixelCache({ input: INPUT, folder: join(folder, 'cache') });
  const source = createBatchSource({ images, input: INPUT, framing: FRAMING, cache, workers: 0, ...options });
  open.push(source);
  return source;
}

const neverAborted = new AbortController().signal;

async function collect(source: BatchSource, augment: BatchDice | null, batchSize = 3): Promise<Batch[]> {
  const batches: Batch[] = [];
  for await (const batch of source.batches({ indices: EVERY, batchSize, augment, signal: neverAborted })) {
    batches.push(batch);
  }
  return batches;
}

/** What a picture should look like, straight from its file. */
async function expectedPixels(index: number, dice: BatchDice | null): Promise<Uint8Array> {
  const { file, id } = images[index]!;
  const source = await decodeImage(file, { maxShorterSide: sourceCap(INPUT) });
  const plan =
    dice === null
      ? planFraming(INPUT, FRAMING)
      : planAugment(dice.policy, { seed: dice.seed, view: dice.view, imageId: id }, source, INPUT, FRAMING);
  return renderAugment(source, plan).data;
}

const bytesOf = (batches: readonly Batch[]): Buffer => Buffer.concat(batches.map(({ pixels }) => pixels));

describe('batches', () => {
  it.each([
    ['dice', DICE],
    ['the evaluation framing', null],
  ])('hold the wanted images in order, drawn with %s', async (_, dice) => {
    const batches = await collect(openSource(), dice);
    expect(batches.map(({ indices }) => indices)).toEqual([[6, 2, 0], [5, 1, 4], [3]]);
    expect(batches.map(({ count }) => count)).toEqual([3, 3, 1]);
    for (const { pixels, indices } of batches) {
      expect(pixels.length).toBe(indices.length * IMAGE_BYTES);
      for (const [row, index] of indices.entries()) {
        const drawn = pixels.subarray(row * IMAGE_BYTES, (row + 1) * IMAGE_BYTES);
        expect(Buffer.compare(drawn, await expectedPixels(index, dice))).toBe(0);
      }
    }
  });

  it('are the same from any number of workers, any queue and any cache', async () => {
    const expected = bytesOf(await collect(openSource(), DICE));
    const withoutRoom = openPixelCache({ input: INPUT, folder: join(folder, 'no-room'), maxBytes: 0 });
    for (const options of [
      { workers: 1, workerFile },
      { workers: 3, workerFile, ahead: 1 },
      { workers: 2, workerFile, ahead: 10, cache: withoutRoom },
      { workers: 0, cache: withoutRoom, memoryBytes: 0 },
      { workers: 2, workerFile: join(folder, 'not-built.mjs') },
    ]) {
      const source = openSource(options);
      expect(Buffer.compare(bytesOf(await collect(source, DICE)), expected)).toBe(0);
      expect(Buffer.compare(bytesOf(await collect(source, DICE, 2)), expected)).toBe(0);
      await source.close();
    }
  });

  it('change with seed and view only', async () => {
    const source = openSource();
    const first = bytesOf(await collect(source, DICE));
    expect(Buffer.compare(bytesOf(await collect(source, DICE)), first)).toBe(0);
    expect(Buffer.compare(bytesOf(await collect(source, { ...DICE, view: 3 })), first)).not.toBe(0);
    expect(Buffer.compare(bytesOf(await collect(source, { ...DICE, seed: 8 })), first)).not.toBe(0);
  });

  it('of one picture serve as preview', async () => {
    const preview = await openSource().render(4, DICE);
    expect([preview.width, preview.height]).toEqual([INPUT.size, INPUT.size]);
    expect(Buffer.compare(preview.data, await expectedPixels(4, DICE))).toBe(0);
  });

  it('tell how long their consumer has waited', async () => {
    const source = openSource({ workers: 1, workerFile });
    expect(source.waitedMs).toBe(0);
    await collect(source, null);
    expect(source.waitedMs).toBeGreaterThan(0);
  });
});

describe.each([
  ['in this thread', 0],
  ['in workers', 2],
])('when something goes wrong %s', (_, workers) => {
  const openFailing = (others: readonly DatasetImage[]): BatchSource =>
    openSource({
      workers,
      workerFile,
      images: [...images, ...others],
      cache: openPixelCache({ input: INPUT, folder: makeFolder('batches-cache') }),
    });

  it('a file that has vanished since the scan is named', async () => {
    const lost = await addImage(`lost ${workers}.jpg`, 50, 50, 90 + workers);
    const source = openFailing([lost]);
    rmSync(lost.file);
    const iterate = async (): Promise<void> => {
      const request = { indices: [0, 1, 7, 2], batchSize: 2, augment: null, signal: neverAborted };
      for await (const batch of source.batches(request)) expect(batch.indices).toEqual([0, 1]);
    };
    await expect(iterate()).rejects.toMatchObject({
      code: 'unreadable-file',
      message: expect.stringContaining(lost.path) as string,
    });
    expect((await source.render(3, null)).data.length).toBe(IMAGE_BYTES);
  });

  it('a file that has been cut off since the scan is named', async () => {
    const cut = await addImage(`cut ${workers}.jpg`, 80, 80, 95 + workers);
    putFile(cut.file, readFileSync(cut.file).subarray(0, 400));
    await expect(openFailing([cut]).render(7, null)).rejects.toMatchObject({
      code: 'unreadable-file',
      message: expect.stringContaining(cut.path) as string,
    });
  });

  it('an abort ends the batches at once, and the next ones come as ever', async () => {
    const source = openFailing([]);
    const abort = new AbortController();
    const seen: number[] = [];
    const iterate = async (): Promise<void> => {
      const request = { indices: EVERY, batchSize: 1, augment: DICE, signal: abort.signal };
      for await (const batch of source.batches(request)) {
        seen.push(batch.indices[0]!);
        if (seen.length === 2) abort.abort();
      }
    };
    await expect(iterate()).rejects.toMatchObject({ code: 'cancelled' });
    expect(seen).toEqual([6, 2]);
    const waiting = new AbortController();
    const request = { indices: EVERY, batchSize: 7, augment: DICE, signal: waiting.signal };
    const next = source.batches(request)[Symbol.asyncIterator]().next();
    waiting.abort();
    await expect(next).rejects.toMatchObject({ code: 'cancelled' });
    expect(await collect(source, DICE)).toHaveLength(3);
  });

  it('a consumer that leaves early and a source that is closed under another', async () => {
    const source = openFailing([]);
    for await (const batch of source.batches({ indices: EVERY, batchSize: 2, augment: null, signal: neverAborted })) {
      expect(batch.indices).toEqual([6, 2]);
      break;
    }
    const all = collect(source, DICE);
    const closed = source.close();
    await expect(all).rejects.toMatchObject({ code: 'cancelled' });
    await closed;
    await expect(source.render(0, null)).rejects.toMatchObject({ code: 'cancelled' });
    await source.close();
  });
});

describe('worker threads', () => {
  it.each([
    ['cannot start', 'throw new Error("no such luck")'],
    [
      'ends in the middle',
      'import { parentPort } from "node:worker_threads"; parentPort.on("message", () => process.exit(3));',
    ],
  ])('a worker that %s fails what waits for it and all that comes later', async (name, code) => {
    const file = join(folder, `${name}.mjs`);
    putFile(file, code);
    const source = openSource({ workers: 1, workerFile: file });
    await expect(source.render(0, null)).rejects.toMatchObject({ code: 'engine-crashed' });
    await expect(collect(source, null)).rejects.toMatchObject({ code: 'engine-crashed' });
    await source.close();
  });

  it('finish what is waited for, then let the process end by itself', async () => {
    await bundleEngineFile('batches', folder);
    const driver = join(folder, 'driver.mjs');
    const cache = openPixelCache({ input: INPUT, folder: join(folder, 'cache') });
    const options = { images, input: INPUT, framing: FRAMING, workers: 2, workerFile };
    putFile(
      driver,
      `import { createBatchSource } from './batches.mjs';
       const source = createBatchSource({ ...${JSON.stringify(options)}, cache: { settings: ${JSON.stringify(cache.settings)} } });
       const signal = new AbortController().signal;
       let count = 0;
       for await (const batch of source.batches({ indices: [0, 1, 2, 3], batchSize: 2, augment: null, signal })) count += batch.count;
       console.log(count);`,
    );
    const { stdout } = await promisify(execFile)(process.execPath, [driver]);
    expect(stdout.trim()).toBe('4');
  });
});
