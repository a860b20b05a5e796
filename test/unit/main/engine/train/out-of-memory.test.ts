import { join } from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import type * as TrainerModule from '../../../../../src/main/engine/train/trainer.js';
import { readFailure } from '../../../../../src/main/engine/runs/run-status.js';
import { makeFolder, removeFolder } from '../../../../support/images.js';
import { fineTune, prepareRuns, recipeFor } from './run-setting.js';
import { createDriver } from './training-driver.js';

/** What TensorFlow says on a card that is too small. */
const OOM =
  'Session fail to run with error: OOM when allocating tensor with shape[8,32,32,16] and type float on /job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc\n\t [[{{node conv}}]]\nHint: …';

vi.mock('../../../../../src/main/engine/train/trainer.js', async (original) => {
  const module = await original<typeof TrainerModule>();
  const createTrainer: typeof module.createTrainer = async (...all) => {
    const trainer = await module.createTrainer(...all);
    let steps = 0;
    return {
      ...trainer,
      step: (...batch) => {
        if (++steps === 2) throw new Error(OOM);
        return trainer.step(...batch);
      },
    };
  };
  return { ...module, createTrainer };
});

const root = makeFolder('out-of-memory');
const data = join(root, 'data');
beforeAll(async () => {
  await prepareRuns(root, data, { train: 8, val: 4 });
});
afterAll(() => {
  delete process.env['GRAFT_HOME'];
  removeFolder(root);
});

it('ends a run whose step does not fit with what did not, leaves no tensors, and lets another begin', async () => {
  const driver = await createDriver();
  const run = join(root, 'run');
  const ended = driver.ended();
  await driver.training.start({ recipe: recipeFor(data, fineTune({ stages: 'all' })), out: run });
  const [before] = driver.tensors;
  const end = await ended;
  const error = {
    code: 'out-of-memory',
    message:
      "expected room for a step of 8 pictures, but the graphics card's memory ran out: OOM when allocating tensor with shape[8,32,32,16] and type float on /job:localhost/replica:0/task:0/device:GPU:0 by allocator GPU_0_bfc. Fewer pictures at a time or a smaller backbone need less",
  };
  expect(end).toMatchObject({ name: 'train.failed', data: { run, error } });
  expect(await readFailure(run)).toMatchObject({ error });
  expect(driver.tensors.at(-1)).toBe(before);
  expect(driver.training.run).toBeNull();
});
