import { readdirSync } from 'node:fs';
import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createCompiledTrainer } from '../../../../../src/main/engine/compiled/train-session.js';
import type { TrainGraphOptions } from '../../../../../src/main/engine/compiled/train-graph.js';
import { loadTensorFlow, type TensorFlow } from '../../../../../src/main/engine/tf.js';
import type { OptimizerSpec } from '../../../../../src/shared/recipe.js';
import { makeFolder, removeFolder } from '../../../../support/images.js';
import { expectToFollowEager, lossOf, STEPS } from './follow-eager.js';
import { type Batch, graphOptions, makeBatches, settingFrom } from './train-setting.js';

// A bias before a batch's own statistics has no gradient but rounding, which a small epsilon would blow up to full steps.
const adam = { beta1: 0.9, beta2: 0.999, epsilon: 1e-4 };
const OPTIMIZERS: readonly (readonly [string, OptimizerSpec, number])[] = [
  ['plain SGD', { kind: 'sgd', momentum: 0, nesterov: false, weightDecay: 0 }, 0.01],
  ['momentum', { kind: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 0 }, 0.005],
  ['Nesterov and weight decay', { kind: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.05 }, 0.005],
  ['Adam', { kind: 'adam', ...adam, weightDecay: 0 }, 0.001],
  ['Adam and weight decay', { kind: 'adam', ...adam, weightDecay: 0.05 }, 0.001],
  ['AdamW', { kind: 'adamw', ...adam, weightDecay: 0.05 }, 0.001],
];
const MODES = ['frozen', 'batch'] as const;

const whole = settingFrom(0);
let tf: TensorFlow;
beforeAll(async () => {
  tf = await loadTensorFlow();
});

// Tests beside this one make temporary folders too.
const scratch = makeFolder('trainer');
afterAll(() => removeFolder(scratch));

/** Trains compiled, and gives the losses and a copy of what came out. */
async function train(options: TrainGraphOptions, setting = whole, lr = 0.005) {
  const batches = makeBatches(tf, setting, options.hasDropout);
  const trainer = await createCompiledTrainer(tf, options, setting.weights);
  const losses: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const batch = batches[step % batches.length]!;
    const logits = trainer.step(batch.cut, batch.targets, lr, batch.mask);
    losses.push(lossOf(logits.dataSync<'float32'>() as Float32Array, batch));
    logits.dispose();
  }
  const weights = await trainer.readWeights();
  trainer.dispose();
  tf.dispose(batches.flatMap(({ cut, targets, mask }) => [cut, targets, ...(mask ? [mask] : [])]));
  return { losses, weights };
}

describe.each(MODES)('a compiled step, batch norm %s', (batchNorm) => {
  it.each(OPTIMIZERS)('follows the eager one with %s, uneven batches and dropout', async (_name, optimizer, lr) => {
    await expectToFollowEager(tf, whole, graphOptions(whole, optimizer, batchNorm, true), lr);
  });

  it('gives the same numbers again, bit for bit', async () => {
    const options = graphOptions(whole, OPTIMIZERS[2]![1], batchNorm, true);
    expect(await train(options)).toEqual(await train(options));
  });

  it('trains the last stages alone', async () => {
    const setting = settingFrom(2);
    const options = graphOptions(setting, OPTIMIZERS[1]![1], batchNorm, false);
    const { losses, weights } = await train(options, setting, 0.02);
    expect(losses.at(-1)).toBeLessThan(losses[STEPS / 4 - 1]!);
    expect([...weights.keys()].sort()).toEqual([...setting.weights.keys()].sort());
  });
});

describe('a compiled trainer', () => {
  const options = graphOptions(whole, OPTIMIZERS[1]![1], 'batch', false);
  const copy = (snapshot: ReadonlyMap<string, Tensor>) =>
    new Map([...snapshot].map(([name, tensor]) => [name, tensor.dataSync().slice()]));

  it('begins with the weights it is given', async () => {
    const trainer = await createCompiledTrainer(tf, options, whole.weights);
    expect(await trainer.readWeights()).toEqual(new Map(whole.weights));
    trainer.dispose();
  });

  it('keeps a snapshot as it was while it goes on, and takes it back exactly', async () => {
    const [batch] = makeBatches(tf, whole, false);
    const { cut, targets } = batch!;
    const trainer = await createCompiledTrainer(tf, options, whole.weights);
    const step = (): void => trainer.step(cut, targets, 0.01, null).dispose();
    const infer = (): Float32Array => trainer.infer(cut).dataSync<'float32'>() as Float32Array;
    step();
    const snapshot = trainer.snapshot();
    const then = copy(snapshot);
    const scores = infer();
    step();
    step();
    expect(copy(snapshot)).toEqual(then);
    expect(infer()).not.toEqual(scores);
    trainer.restore(snapshot);
    expect(infer()).toEqual(scores);
    step();
    // A session must not write into the tensors that it was given.
    expect(copy(snapshot)).toEqual(then);
    trainer.dispose();
  });

  it('leaves no tensors and no folder behind', async () => {
    const previous = process.env['TMPDIR'];
    process.env['TMPDIR'] = scratch;
    const before = tf.memory().numTensors;
    const trainer = await createCompiledTrainer(tf, options, whole.weights);
    if (previous === undefined) delete process.env['TMPDIR'];
    else process.env['TMPDIR'] = previous;
    expect(readdirSync(scratch)).toEqual([]);
    expect(tf.memory().numTensors).toBe(before);
    const [{ cut, targets }] = makeBatches(tf, whole, false) as [Batch];
    const made = tf.memory().numTensors;
    for (let step = 0; step < 3; step++) trainer.step(cut, targets, 0.01, null).dispose();
    trainer.infer(cut).dispose();
    const snapshot = trainer.snapshot();
    trainer.restore(snapshot);
    snapshot.forEach((tensor) => tensor.dispose());
    await trainer.readWeights();
    expect(tf.memory().numTensors).toBe(made);
    trainer.dispose();
  });
});
