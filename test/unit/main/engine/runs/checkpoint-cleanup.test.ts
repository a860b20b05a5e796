import { existsSync, readdirSync } from 'node:fs';
import type * as FileSystem from 'node:fs/promises';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import {
  type CheckpointState,
  removeCheckpoints,
  writeCheckpoint,
} from '../../../../../src/main/engine/runs/checkpoint.js';
import { makeFolder, removeFolder } from '../../../../support/images.js';

// A virus scanner on Windows holds a file that it looks at; here every old checkpoint is held.
vi.mock('node:fs/promises', async (importOriginal) => {
  const fs = await importOriginal<typeof FileSystem>();
  const rm: typeof fs.rm = async (path, options) => {
    if (/checkpoint([\\/]\d{8})?$/.test(String(path))) throw Object.assign(new Error('EBUSY'), { code: 'EBUSY' });
    await fs.rm(path, options);
  };
  return { ...fs, rm };
});

let run: string;
beforeEach(() => {
  run = makeFolder('checkpoint-cleanup');
});
afterEach(() => removeFolder(run));

const state: Omit<CheckpointState, 'metricsBytes'> = {
  position: { epochsDone: 0, batches: 1, images: 4, lossSum: 2, hits: 1, seconds: 1 },
  ...{ best: null, earlyStopping: null, iteration: 1, peakMemoryBytes: 1, startedAt: '', resumed: 0 },
  seconds: { prepare: 1, total: 2 },
  ...{ recipeHash: 'r', datasetFingerprint: 'd', frozenWeights: 'w', graft: '0', tensorflow: '2' },
  runners: { frozen: { runner: 'eager', reason: '' }, step: { runner: 'eager', reason: '' } },
  machine: 'm',
};
const tensors = { weights: new Map(), slots: new Map(), best: null };

it('an old checkpoint that can not be removed fails neither the next nor the end of the run', async () => {
  for (let count = 0; count < 4; count++) await writeCheckpoint(run, state, tensors);
  expect(readdirSync(join(run, 'checkpoint'))).toEqual(['00000001', '00000002', '00000003', '00000004']);
  await removeCheckpoints(run, 'latest');
  await removeCheckpoints(run, 'none');
  expect(existsSync(join(run, 'checkpoint', '00000004', 'manifest.json'))).toBe(true);
});
