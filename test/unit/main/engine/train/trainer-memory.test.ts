import { beforeAll, describe, expect, it } from 'vitest';
import { loadTensorFlow, type TensorFlow } from '../../../../../src/main/engine/tf.js';
import { createTrainer, type Trainer } from '../../../../../src/main/engine/train/trainer.js';
import { DEFAULT_OPTIMIZERS, type OptimizerSpec } from '../../../../../src/shared/recipe.js';
import { type Batch, graphOptions, makeBatches, settingFrom } from '../compiled/train-setting.js';

const setting = settingFrom(1);
const OPTIMIZERS: readonly (readonly [string, OptimizerSpec])[] = [
  ['plain SGD', { kind: 'sgd', momentum: 0, nesterov: false, weightDecay: 0 }],
  ['Nesterov', { kind: 'sgd', momentum: 0.9, nesterov: true, weightDecay: 0.01 }],
  ['AdamW', DEFAULT_OPTIMIZERS.adamw],
];

let tf: TensorFlow;
beforeAll(async () => {
  tf = await loadTensorFlow();
});

const valuesOf = async (trainer: Trainer) => [...(await trainer.readWeights())].map(([name, { data }]) => [name, data]);

describe.each(['eager', 'compiled'] as const)('what the optimizer of a %s trainer remembers', (runner) => {
  it.each(OPTIMIZERS)('is all that another one needs to go on alike, with %s', async (_name, optimizer) => {
    const options = graphOptions(setting, optimizer, 'batch', false);
    const make = () => createTrainer(tf, options, setting.weights, { runner, reason: '' });
    const batches = makeBatches(tf, setting, false);
    const step = (trainer: Trainer, { cut, targets }: Batch): void => trainer.step(cut, targets, 0.01, null).dispose();
    const first = await make();
    const second = await make();
    const before = tf.memory().numTensors;
    for (const batch of batches.slice(0, 3)) step(first, batch);
    const weights = first.snapshot();
    const memory = first.readOptimizer();
    const kept = [...memory.slots].map(([name, tensor]) => [name, tensor.dataSync().slice()]);
    for (const batch of batches.slice(3)) step(first, batch);
    expect(
      [...memory.slots].map(([name, tensor]) => [name, tensor.dataSync()]),
      'a copy stays as it was',
    ).toEqual(kept);
    expect(memory.iteration).toBe(3);

    // One that has gone another way before is set right, too.
    for (const batch of batches.slice(0, 2)) step(second, batch);
    second.restore(weights);
    second.restoreOptimizer(memory);
    for (const tensors of [weights, memory.slots]) tensors.forEach((tensor) => tensor.dispose());
    const { slots } = first.readOptimizer();
    slots.forEach((tensor) => tensor.dispose());
    // A session holds its slots itself.
    const held = runner === 'eager' ? slots.size : 0;
    expect(tf.memory().numTensors, 'tensors beside the slots').toBe(before + 2 * held);
    for (const batch of batches.slice(3)) step(second, batch);
    expect(await valuesOf(second)).toEqual(await valuesOf(first));
    first.dispose();
    second.dispose();
    tf.dispose(batches.flatMap(({ cut, targets }) => [cut, targets]));
  });
});
