import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, expect, it, vi } from 'vitest';
import type { RunnerChoice } from '../../../../../src/main/engine/compiled/runner.js';
import type * as TrainSession from '../../../../../src/main/engine/compiled/train-session.js';
import { createRunFolder } from '../../../../../src/main/engine/runs/run-folder.js';
import { loadTensorFlow, nativeBackend } from '../../../../../src/main/engine/tf.js';
import { createRunControl } from '../../../../../src/main/engine/train/control.js';
import { trainRun } from '../../../../../src/main/engine/train/run.js';
import { presetPolicy } from '../../../../../src/shared/augment/presets.js';
import { makeFolder, removeFolder } from '../../../../support/images.js';
import { type Change, fineTune, prepareRuns, recipeFor, resultOf } from './run-setting.js';

vi.mock('../../../../../src/main/engine/compiled/frozen-network.js', async (original) => ({
  ...(await original<object>()),
  rememberedRunner: async (): Promise<RunnerChoice> => ({ runner: 'compiled', reason: 'the test says so' }),
}));

/** Steps, and how many of them were told of the next one. */
const seen = { steps: 0, ahead: 0 };
vi.mock('../../../../../src/main/engine/compiled/train-session.js', async (original) => {
  const session = await original<typeof TrainSession>();
  const createCompiledTrainer: typeof session.createCompiledTrainer = async (...all) => {
    const trainer = await session.createCompiledTrainer(...all);
    return {
      ...trainer,
      step: (cut, targets, lr, mask, next) => {
        seen.steps++;
        if (next) seen.ahead++;
        return trainer.step(cut, targets, lr, mask, next);
      },
    };
  };
  return { ...session, createCompiledTrainer };
});

const root = makeFolder('staged');
const data = join(root, 'data');
beforeAll(async () => {
  await prepareRuns(root, data, { train: 9, val: 4 });
});
afterEach(async () => {
  await pretendCard(false);
});
afterAll(() => {
  delete process.env['GRAFT_HOME'];
  removeFolder(root);
});

/** What is asked of tfjs-node's backend where inputs may be taken to a card. */
async function pretendCard(isThere: boolean): Promise<void> {
  (nativeBackend(await loadTensorFlow()) as { isUsingGpuDevice: boolean }).isUsingGpuDevice = isThere;
}

async function train(name: string, ...changes: readonly Change[]) {
  const run = join(root, name);
  const recipe = recipeFor(data, (base) => ({ ...base, augment: presetPolicy('light') }), ...changes);
  await createRunFolder(run, recipe);
  Object.assign(seen, { steps: 0, ahead: 0 });
  await trainRun({ run, recipe, emit: () => undefined, control: createRunControl(), checkpoint: null });
  return resultOf(run);
}

it('takes batches to a card while it computes, and learns the same', async () => {
  const plain = await train('plain', fineTune({ stages: 'all' }));
  expect(seen).toEqual({ steps: 16, ahead: 0 });
  const before = (await loadTensorFlow()).memory().numTensors;
  await pretendCard(true);
  const staged = await train('staged', fineTune({ stages: 'all' }));
  expect(seen.steps).toBe(16);
  // A batch that is not ready is not waited for; an epoch's last one has none after it.
  expect(seen.ahead).toBeGreaterThan(0);
  expect(seen.ahead).toBeLessThanOrEqual(12);
  expect(staged).toEqual(plain);
  expect((await loadTensorFlow()).memory().numTensors).toBe(before);
});
