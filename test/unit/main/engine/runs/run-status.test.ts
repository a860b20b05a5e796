import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, mkdirSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterAll, beforeEach, describe, expect, it } from 'vitest';
import { hasCheckpoint, writeCheckpoint } from '../../../../../src/main/engine/runs/checkpoint.js';
import {
  appendMetrics,
  cutMetrics,
  readMetrics,
  syncMetrics,
} from '../../../../../src/main/engine/runs/metrics-log.js';
import {
  claimRun,
  clearFailure,
  hashRecipe,
  isResumable,
  readEnd,
  readFailure,
  runningProcess,
  writeFailure,
} from '../../../../../src/main/engine/runs/run-status.js';
import { createRecipe } from '../../../../../src/shared/recipe.js';
import { makeFolder, putFile, removeFolder } from '../../../../support/images.js';

const root = makeFolder('status');
let run = '';
let runs = 0;
beforeEach(() => {
  run = join(root, `run-${runs++}`);
  mkdirSync(run);
});
afterAll(() => removeFolder(root));

const epochLine = (epoch: number) => ({
  ...{ epoch, epochs: 3, train: { loss: 0.5, accuracy: 0.5 }, val: { loss: 0.25, accuracy: 1 }, lr: 0.1 },
  ...{ imagesPerSecond: 7, seconds: { train: 1, validate: 1, wait: 0 } },
});

const tensor = { shape: [2], read: () => Float32Array.of(1, 2) };
const save = async (): Promise<void> =>
  await writeCheckpoint(
    run,
    {
      position: { epochsDone: 0, batches: 1, images: 2, lossSum: 1, hits: 1, seconds: 1 },
      ...{ best: null, earlyStopping: null, iteration: 1, seconds: { prepare: 1, total: 2 }, peakMemoryBytes: 1 },
      ...{ startedAt: '', resumed: 0, recipeHash: '', datasetFingerprint: '', frozenWeights: '', graft: '' },
      ...{ tensorflow: '', machine: '' },
      runners: { frozen: { runner: 'eager', reason: '' }, step: { runner: 'eager', reason: '' } },
    },
    { weights: new Map([['w', tensor]]), slots: new Map(), best: null },
  );

describe('a run folder', () => {
  it('says how it ended', async () => {
    expect(await readEnd(run)).toBeNull();
    putFile(join(run, 'summary.json'), '{"reason":"early-stopping"}');
    expect(await readEnd(run)).toBe('early-stopping');
    putFile(join(run, 'summary.json'), '{"reason":');
    expect(await readEnd(run)).toBeNull();
  });

  it('keeps why it failed until it goes on', async () => {
    expect(await readFailure(run)).toBeNull();
    const error = { code: 'disk-full', message: 'no room', details: { path: '/x' } } as const;
    await writeFailure(run, error);
    expect(await readFailure(run)).toEqual({ error, failedAt: expect.stringMatching(/^\d{4}-/) as string });
    await clearFailure(run);
    await clearFailure(run);
    expect(await readFailure(run)).toBeNull();
    putFile(join(run, 'failure.json'), '{"error":{"code":"made-up","message":""},"failedAt":""}');
    expect(await readFailure(run)).toBeNull();
  });

  it('can be resumed with a whole checkpoint, unless it has ended by itself', async () => {
    expect(await isResumable(run)).toBe(false);
    await save();
    expect(await isResumable(run)).toBe(true);
    putFile(join(run, 'summary.json'), '{"reason":"stopped"}');
    expect(await isResumable(run)).toBe(true);
    putFile(join(run, 'summary.json'), '{"reason":"completed"}');
    expect(await isResumable(run)).toBe(false);
    putFile(join(run, 'checkpoint', '00000001', 'weights.safetensors'), 'short');
    expect(await hasCheckpoint(run)).toBe(false);
    expect(await isResumable(join(root, 'nowhere'))).toBe(false);
  });
});

describe('metrics', () => {
  it('are read up to a length, torn lines and other text left out', async () => {
    expect(await readMetrics(run)).toEqual([]);
    expect(await syncMetrics(run)).toBe(0);
    await cutMetrics(run, 0);
    await appendMetrics(run, epochLine(1));
    const length = await syncMetrics(run);
    await appendMetrics(run, epochLine(2));
    writeFileSync(join(run, 'metrics.ndjson'), '{"epoch":3,"epo', { flag: 'a' });
    expect(await readMetrics(run)).toEqual([epochLine(1), epochLine(2)]);
    expect(await readMetrics(run, length)).toEqual([epochLine(1)]);
    await cutMetrics(run, length);
    await appendMetrics(run, epochLine(2));
    expect(await readMetrics(run)).toEqual([epochLine(1), epochLine(2)]);
  });

  it('keep an epoch whose loss was no number', async () => {
    await appendMetrics(run, { ...epochLine(1), val: { loss: NaN, accuracy: 0 } });
    expect((await readMetrics(run))[0]).toMatchObject({ epoch: 1, val: { loss: NaN, accuracy: 0 } });
  });
});

describe('claimRun', () => {
  it('keeps others out until the run is given back', async () => {
    const release = await claimRun(run);
    expect(await runningProcess(run)).toBe(process.pid);
    await expect(claimRun(run)).rejects.toMatchObject({ code: 'engine-busy', details: { pid: process.pid } });
    await release();
    expect(existsSync(join(run, '.running'))).toBe(false);
    await (
      await claimRun(run)
    )();
  });

  it('takes over from a process that is dead, and from a number that is somebody else by now', async () => {
    const child = spawn(process.execPath, ['-e', '']);
    await once(child, 'exit');
    putFile(join(run, '.running'), `${child.pid}\n`);
    expect(await runningProcess(run)).toBeNull();
    await (
      await claimRun(run)
    )();
    putFile(join(run, '.running'), `${process.pid}\n`);
    const longAgo = new Date(Date.now() - 3_600_000);
    utimesSync(join(run, '.running'), longAgo, longAgo);
    await (
      await claimRun(run)
    )();
    putFile(join(run, '.running'), 'nonsense');
    await (
      await claimRun(run)
    )();
  });

  it.skipIf(process.platform !== 'linux')(
    'takes over at once from one that had the number of a process that runs now',
    async () => {
      // As in a container that was killed and started again: its processes get the numbers of the last ones.
      putFile(join(run, '.running'), `${process.pid}\nanother boot 5\n`);
      expect(await runningProcess(run)).toBeNull();
      const release = await claimRun(run);
      expect(await runningProcess(run)).toBe(process.pid);
      await release();
    },
  );

  it('goes to one of many that ask at about the same time, also over what a dead process has left', async () => {
    for (let round = 0; round < 42; round++) {
      const left = [null, null, null, '999999999\n', 'nonsense'][round % 5]!;
      if (left !== null) putFile(join(run, '.running'), left);
      const ask = async (_: unknown, place: number): Promise<() => Promise<void>> => {
        for (let turn = (place * (round % 7)) % 11; turn > 0; turn--) await delay(turn % 2);
        return await claimRun(run);
      };
      const asked = await Promise.allSettled(Array.from({ length: 12 }, ask));
      const claims = asked.filter((one) => one.status === 'fulfilled');
      expect(claims).toHaveLength(1);
      for (const { value } of claims) await value();
      expect(readdirSync(run).filter((name) => name.startsWith('.running'))).toEqual([]);
    }
  });

  it('is taken over when its process died before it had filled it', async () => {
    putFile(join(run, '.running'), '');
    await (
      await claimRun(run)
    )();
    expect(await runningProcess(run)).toBeNull();
  });

  it('is not given back for another that has taken it', async () => {
    const release = await claimRun(run);
    putFile(join(run, '.running'), `${process.ppid}\n`);
    await release();
    expect(await runningProcess(run)).toBe(process.ppid);
    rmSync(join(run, '.running'));
  });
});

describe('hashRecipe', () => {
  it('goes by what a recipe says, not by the order in which it says it', () => {
    const recipe = createRecipe('/data');
    const turned = Object.fromEntries(Object.entries(recipe).reverse()) as typeof recipe;
    expect(hashRecipe(turned)).toBe(hashRecipe(recipe));
    expect(hashRecipe({ ...recipe, mode: 'fine-tune' })).not.toBe(hashRecipe(recipe));
    const exclude = (paths: string[]) => hashRecipe({ ...recipe, data: { ...recipe.data, exclude: paths } });
    expect(exclude(['a', 'b'])).not.toBe(exclude(['b', 'a']));
  });
});
