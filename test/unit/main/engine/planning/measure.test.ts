import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { backboneInfo } from '../../../../../src/main/engine/backbones/info.js';
import { getBackbone } from '../../../../../src/main/engine/backbones/registry.js';
import { importBackbone } from '../../../../../src/main/engine/backbones/store.js';
import { measureBackbone } from '../../../../../src/main/engine/planning/measure.js';
import { rememberedSpeed } from '../../../../../src/main/engine/planning/speed-record.js';
import { loadTensorFlow } from '../../../../../src/main/engine/tf.js';
import type { Progress } from '../../../../../src/shared/progress.js';
import { makeFolder, putFile, removeFolder } from '../../../../support/images.js';
import { formulaWeights } from '../../../../support/networks.js';
import { encodeCheckpoint } from '../../../../support/torch-writer.js';

const root = makeFolder('measure');
const speeds = join(root, 'home', 'cache', 'speeds');
const tiny = getBackbone('test_tiny');

interface Options {
  readonly id?: string;
  readonly run?: () => string | null;
  readonly signal?: AbortSignal;
  readonly onProgress?: (progress: Progress) => void;
}

function measure({ id = 'test_tiny', run = () => null, signal, onProgress = () => undefined }: Options = {}) {
  return measureBackbone({ id }, { signal: signal ?? new AbortController().signal, onProgress }, run);
}

describe('backbones.measure', () => {
  beforeAll(async () => {
    process.env['GRAFT_HOME'] = join(root, 'home');
    const file = join(root, 'tiny.pth');
    putFile(file, await encodeCheckpoint(formulaWeights(tiny.build()), 'torch-zip'));
    await importBackbone(tiny, file);
  });
  beforeEach(() => removeFolder(speeds));
  afterAll(() => {
    delete process.env['GRAFT_HOME'];
    removeFolder(root);
  });

  it('times the backbone with progress, once, and leaves no tensors behind', async () => {
    const tf = await loadTensorFlow();
    const before = tf.memory().numTensors;
    expect((await backboneInfo(tiny)).imagesPerSecond).toBeNull();
    const seen: Progress[] = [];
    const first = await measure({ onProgress: (progress) => seen.push(progress) });
    expect(first.id).toBe('test_tiny');
    expect(first.imagesPerSecond).toBeGreaterThan(0);
    expect(seen.map(({ task, done }) => [task, done])).toEqual(Array.from({ length: 11 }, (_, n) => ['measure', n]));
    expect(seen.at(-1)).toMatchObject({ done: 10, total: 10 });
    const again: Progress[] = [];
    expect(await measure({ onProgress: (progress) => again.push(progress) })).toEqual(first);
    expect(again).toEqual([]);
    expect((await backboneInfo(tiny)).imagesPerSecond).toBe(first.imagesPerSecond);
    expect(tf.memory().numTensors).toBe(before);
  });

  it('measures once when it is asked twice at a time', async () => {
    const seen: number[] = [];
    const onProgress = ({ done }: Progress): void => void seen.push(done);
    const [one, other] = await Promise.all([measure({ onProgress }), measure({ onProgress })]);
    expect(one).toEqual(other);
    expect(seen).toHaveLength(11);
  });

  it('forgets what another TensorFlow or device has done, and what is no record', async () => {
    const { imagesPerSecond } = await measure();
    const [name] = readdirSync(speeds);
    const record = JSON.parse(readFileSync(join(speeds, name!), 'utf8')) as Record<string, unknown>;
    for (const change of [
      { tensorflow: '1.0' },
      { device: 'gpu' },
      { imagesPerSecond: [0] },
      { imagesPerSecond: [] },
      { imagesPerSecond: 5 },
    ]) {
      putFile(join(speeds, name!), JSON.stringify({ ...record, ...change }));
      expect(await rememberedSpeed('test_tiny'), JSON.stringify(change)).toBeNull();
    }
    putFile(join(speeds, name!), '{');
    expect(await rememberedSpeed('test_tiny')).toBeNull();
    putFile(join(speeds, name!), JSON.stringify(record));
    expect(await rememberedSpeed('test_tiny')).toBe(imagesPerSecond);
  });

  it('refuses while a run trains, from the start or from then on, and keeps nothing', async () => {
    await expect(measure({ run: () => '/runs/one' })).rejects.toMatchObject({
      code: 'engine-busy',
      message: expect.stringContaining('/runs/one') as string,
    });
    let running: string | null = null;
    const onProgress = ({ done }: Progress): void => {
      if (done === 3) running = '/runs/two';
    };
    await expect(measure({ run: () => running, onProgress })).rejects.toMatchObject({ code: 'engine-busy' });
    expect(await rememberedSpeed('test_tiny')).toBeNull();
    // A speed that is known costs a run nothing.
    const known = await measure();
    expect(await measure({ run: () => '/runs/one' })).toEqual(known);
  });

  it('can be cancelled', async () => {
    const abort = new AbortController();
    const running = measure({ signal: abort.signal, onProgress: ({ done }) => void (done === 2 && abort.abort()) });
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
    expect(await rememberedSpeed('test_tiny')).toBeNull();
  });

  it.each([
    ['resnet18', 'weights-missing'],
    ['lenet', 'unknown-backbone'],
  ])('refuses %s with %s', async (id, code) => {
    await expect(measure({ id })).rejects.toMatchObject({ code });
  });
});
