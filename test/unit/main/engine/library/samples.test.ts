import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { drawShape, SHAPES } from '../../../../../src/main/engine/library/samples/draw-shape.js';
import { fetchHymenoptera, makeShapes } from '../../../../../src/main/engine/library/samples/samples.js';
import { checkHealth } from '../../../../../src/main/engine/dataset/health.js';
import { scanDataset } from '../../../../../src/main/engine/dataset/scan.js';
import type { Progress } from '../../../../../src/shared/progress.js';
import { openFileServer } from '../../../../support/file-server.js';
import { sha256 } from '../../../../support/hash.js';
import { makeFolder, photoBytes, removeFolder, zipBytes } from '../../../../support/images.js';

let home: string;
beforeEach(() => {
  home = makeFolder('samples');
  vi.stubEnv('GRAFT_HOME', home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  removeFolder(home);
});

const signal = new AbortController().signal;
const quiet = { signal, onProgress: () => undefined };

describe('drawShape', () => {
  it('draws the same picture every time, and another one for each number', () => {
    const hashes = SHAPES.flatMap((shape) =>
      [1, 2, 3].map((number) =>
        createHash('sha256')
          .update(drawShape(shape, number, 64).data)
          .digest('hex'),
      ),
    );
    expect(new Set(hashes).size).toBe(12);
    expect(sha256(drawShape('star', 2, 64).data)).toBe(sha256(drawShape('star', 2, 64).data));
  });
});

describe('makeShapes', () => {
  it('makes four classes of sixty pictures that are all in order, once', async () => {
    const progress: Progress[] = [];
    const folder = await makeShapes({ signal, onProgress: (one) => progress.push(one) });
    expect(progress.at(-1)).toMatchObject({ task: 'sample', done: 240, total: 240 });
    const dataset = await scanDataset(folder);
    expect(dataset.classes).toEqual([...SHAPES]);
    expect(SHAPES.map((_, index) => dataset.images.filter(({ classIndex }) => classIndex === index).length)).toEqual([60, 60, 60, 60]); // prettier-ignore
    expect([dataset.problems, checkHealth(dataset.images, dataset.classes)]).toEqual([[], []]);
    expect(dataset.images.every(({ width, height }) => width === 256 && height === 256)).toBe(true);
    rmSync(join(folder, 'star', 'star-08.jpg'));
    expect(await makeShapes(quiet)).toBe(folder);
    expect(existsSync(join(folder, 'star', 'star-08.jpg'))).toBe(false);
  });

  it('leaves nothing behind when it is cancelled', async () => {
    const abort = new AbortController();
    const making = makeShapes({ signal: abort.signal, onProgress: ({ done }) => done === 5 && abort.abort() });
    await expect(making).rejects.toMatchObject({ code: 'cancelled' });
    expect(readdirSync(join(home, 'samples'))).toEqual([]);
  });
});

describe('fetchHymenoptera', () => {
  it('goes on where a connection broke, and downloads once', async () => {
    const names = ['hymenoptera_data/train/ants/1.jpg', 'hymenoptera_data/val/bees/1.jpg'];
    const zip = zipBytes(
      await Promise.all(names.map(async (name, i) => ({ name, data: await photoBytes(60, 60, i) }))),
    );
    const server = await openFileServer(zip, [{ kind: 'short', after: 500 }, { kind: 'file' }]);
    try {
      const source = { url: server.url, sha256: sha256(zip), retryMs: 1 };
      const progress: Progress[] = [];
      const file = await fetchHymenoptera({ signal, onProgress: (one) => progress.push(one) }, source);
      expect(readFileSync(file).equals(zip)).toBe(true);
      expect(progress.at(-1)).toMatchObject({ task: 'download', done: zip.length, total: zip.length, unit: 'bytes' });
      expect(server.seen).toHaveLength(2);
      expect(await fetchHymenoptera(quiet, source)).toBe(file);
      expect(server.seen).toHaveLength(2);
      expect((await scanDataset(file)).layout).toBe('splits');
    } finally {
      await server.close();
    }
  });

  it('names the sample that needs no connection when there is none', async () => {
    const source = { url: 'http://127.0.0.1:9/x.zip', sha256: 'a'.repeat(64), retryMs: 1 };
    const fetching = fetchHymenoptera(quiet, source);
    await expect(fetching).rejects.toMatchObject({ code: 'download-failed' });
    await expect(fetching).rejects.toThrow(/sample "shapes" can be used/);
  });
});
