import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import { argMax } from '../../../shared/metrics.js';
import { createStream } from '../../../shared/random.js';
import type { TensorFlow } from '../tf.js';
import { crossEntropy, lossTargets, type LossOptions } from './loss.js';
import type { StepResult } from './fit.js';
import type { TrainingModel } from './model.js';

/** One batch at the cut between frozen and training. */
export interface CutBatch {
  /** What {@link TrainingModel.freeze} returned; the step disposes of it. */
  readonly cut: Tensor;
  /** The `cut` of the batch after this one, where the trainer has use for it and it is there; it is not disposed of. */
  readonly next?: Tensor | null;
  /** Hard labels, for the accuracy. */
  readonly labels: readonly number[];
  /** Shares by class, [n, classes]: one-hot, or mixed by mixup and cutmix. */
  readonly targets: Float32Array;
  /** Step in the whole run, from 0: dropout's dice depend on it. */
  readonly step: number;
}

/** Counts rows whose largest logit is the label. */
export function countHits(logits: Float32Array, labels: readonly number[], classCount: number): number {
  return labels.filter((label, row) => argMax(logits.subarray(row * classCount, (row + 1) * classCount)) === label)
    .length;
}

/** Inverted dropout: 0 or 1/(1-rate). Srivastava et al., "Dropout" (2014). */
export function dropoutMask(seed: number, step: number, length: number, rate: number): Float32Array {
  const stream = createStream(seed, 'dropout', step);
  const kept = 1 / (1 - rate);
  return Float32Array.from({ length }, () => (stream.chance(rate) ? 0 : kept));
}

/**
 * One optimizer step: forward, loss, gradients, update. Leaves no tensors behind.
 *
 * @param featureSize width of the features before the head, for dropout
 */
export function trainStep(
  tf: TensorFlow,
  model: Pick<TrainingModel, 'classCount' | 'trainer'>,
  batch: CutBatch,
  lr: number,
  options: LossOptions & { readonly dropout: number; readonly seed: number; readonly featureSize: number },
): StepResult {
  const { classCount, trainer } = model;
  const { dropout, seed, featureSize } = options;
  const count = batch.labels.length;
  const targets = lossTargets(batch.targets, options);
  try {
    return tf.tidy(() => {
      const mask = dropout > 0 ? dropoutMask(seed, batch.step, count * featureSize, dropout) : null;
      const logits = trainer.step(
        batch.cut,
        tf.tensor2d(targets, [count, classCount]),
        lr,
        mask && tf.tensor2d(mask, [count, featureSize]),
        batch.next,
      );
      const values = logits.dataSync<'float32'>();
      return {
        loss: crossEntropy(values, targets, classCount),
        hits: countHits(values, batch.labels, classCount),
        count,
      };
    });
  } finally {
    batch.cut.dispose();
  }
}
