import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { createCompiledTrainer } from '../../../../../src/main/engine/compiled/train-session.js';
import { loadTensorFlow, type TensorFlow } from '../../../../../src/main/engine/tf.js';
import { relativeError } from '../../../../support/networks.js';
import { CLASSES, graphOptions, makeBatches, settingFrom } from './train-setting.js';

let tf: TensorFlow;
beforeAll(async () => {
  tf = await loadTensorFlow();
});

const momentum = { kind: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 0.05 } as const;

/** A step's batch, and the one whose input goes to the device meanwhile. */
type Plan = readonly (readonly [batch: number, next: number | null])[];

/** Trains by a plan, and gives all logits and the weights. */
async function train(stage: number, canStage: boolean, plan: Plan) {
  const setting = settingFrom(stage);
  const batches = makeBatches(tf, setting, true);
  const trainer = await createCompiledTrainer(
    tf,
    { ...graphOptions(setting, momentum, 'batch', true), canStage },
    setting.weights,
  );
  expect(trainer.canStage).toBe(canStage);
  const logits = plan.map(([index, ahead]) => {
    const { cut, targets, mask } = batches[index]!;
    const next = ahead === null ? null : batches[ahead]!.cut;
    const scores = trainer.step(cut, targets, 0.01, mask, next);
    const values = scores.dataSync<'float32'>().slice();
    scores.dispose();
    return values;
  });
  const inference = trainer.infer(batches[0]!.cut);
  const inferred = inference.dataSync<'float32'>().slice();
  inference.dispose();
  const weights = await trainer.readWeights();
  trainer.dispose();
  tf.dispose(batches.flatMap(({ cut, targets, mask }): Tensor[] => [cut, targets, mask!]));
  return { logits, inferred, weights };
}

const ALL: Plan = [
  [0, 1],
  [1, 2],
  [2, 3],
  [3, 4],
  [4, null],
];
const SOME: Plan = [
  [0, null],
  [1, 2],
  [2, null],
  [3, 4],
  [4, 0],
  [0, null],
];
const BROKEN_OFF: Plan = [
  [0, 1],
  [2, 3],
  [3, 1],
  [4, null],
  [0, 1],
];
const alone = (plan: Plan): Plan => plan.map(([batch]) => [batch, null]);

describe.each([
  ['pixels', 0],
  ['activations', 2],
] as const)('a step whose %s were staged', (_, stage) => {
  it.each([
    ['every step is known ahead', ALL],
    ['now and then one is not', SOME],
    ['another one comes than was staged', BROKEN_OFF],
  ])('gives the numbers of one that was not, bit for bit, where %s', async (_name, plan) => {
    expect(await train(stage, true, plan)).toEqual(await train(stage, true, alone(plan)));
  });

  it('gives the numbers of a graph that cannot stage', async () => {
    const [staged, plain] = [await train(stage, true, ALL), await train(stage, false, alone(ALL))];
    staged.logits.forEach((values, step) => expect(relativeError(values, plain.logits[step]!)).toBeLessThan(1e-5));
    for (const [name, { data }] of staged.weights) {
      expect(relativeError(data, plain.weights.get(name)!.data), name).toBeLessThan(1e-4);
    }
  });
});

it('takes no heed of what comes next where nothing can be staged', async () => {
  expect(await train(0, false, ALL)).toEqual(await train(0, false, alone(ALL)));
});

it('does not read again what was staged', async () => {
  const setting = settingFrom(0);
  const [first, second] = makeBatches(tf, setting, false);
  const options = { ...graphOptions(setting, momentum, 'batch', false), canStage: true };
  const trainer = await createCompiledTrainer(tf, options, setting.weights);
  trainer.step(first!.cut, first!.targets, 0.01, null, second!.cut).dispose();
  second!.cut.dispose();
  const logits = trainer.step(second!.cut, second!.targets, 0.01, null);
  expect(logits.shape).toEqual([second!.count, CLASSES]);
  trainer.dispose();
});

it('leaves no tensors behind', async () => {
  const before = tf.memory().numTensors;
  await train(0, true, BROKEN_OFF);
  expect(tf.memory().numTensors).toBe(before);
});
