import { expect } from 'vitest';
import type { TrainGraphOptions } from '../../../../../src/main/engine/compiled/train-graph.js';
import { createCompiledTrainer } from '../../../../../src/main/engine/compiled/train-session.js';
import type { TensorFlow } from '../../../../../src/main/engine/tf.js';
import { crossEntropy } from '../../../../../src/main/engine/train/loss.js';
import { createEagerTrainer } from '../../../../../src/main/engine/train/trainer.js';
import { relativeError } from '../../../../support/networks.js';
import { type Batch, CLASSES, makeBatches, type Setting } from './train-setting.js';

export const STEPS = 20;

export const lossOf = (logits: Float32Array, { targets }: Batch): number =>
  crossEntropy(logits, targets.dataSync<'float32'>() as Float32Array, CLASSES);

/** Trains eagerly and compiled, and expects the same losses, weights and scores, up to rounding. */
export async function expectToFollowEager(
  tf: TensorFlow,
  setting: Setting,
  options: TrainGraphOptions,
  lr: number,
): Promise<void> {
  const reference = createEagerTrainer(tf, options, setting.weights);
  const trainer = await createCompiledTrainer(tf, options, setting.weights);
  const batches = makeBatches(tf, setting, options.hasDropout);
  const differences: number[] = [];
  for (let step = 0; step < STEPS; step++) {
    const batch = batches[step % batches.length]!;
    const [expected, actual] = [reference, trainer].map(({ step: run }) => {
      const logits = run(batch.cut, batch.targets, lr, batch.mask);
      expect(logits.shape).toEqual([batch.count, CLASSES]);
      const loss = lossOf(logits.dataSync<'float32'>() as Float32Array, batch);
      logits.dispose();
      return loss;
    }) as [number, number];
    differences.push(Math.abs(actual - expected) / expected);
  }
  expect(Math.max(...differences)).toBeLessThan(1e-5);
  const [expected, actual] = [await reference.readWeights(), await trainer.readWeights()];
  for (const { name, role } of options.network.params) {
    const isStatistic = role === 'mean' || role === 'variance';
    const error = relativeError(actual.get(name)!.data, expected.get(name)!.data);
    expect(error, name).toBeLessThan(isStatistic ? 1e-5 : 1e-4);
  }
  const { cut } = batches[0]!;
  expect(relativeError(trainer.infer(cut).dataSync(), reference.infer(cut).dataSync())).toBeLessThan(1e-5);
  reference.dispose();
  trainer.dispose();
  tf.dispose(batches.flatMap(({ cut, targets, mask }) => [cut, targets, ...(mask ? [mask] : [])]));
}
