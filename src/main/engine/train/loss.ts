import { invariant } from '../../../shared/errors.js';
import type { Recipe } from '../../../shared/recipe.js';

/** What turns labels into the targets that the loss compares with. */
export interface LossOptions {
  /** Share of each label's mass that is spread evenly over all classes, 0..1. */
  readonly labelSmoothing: number;
  /** By class index. */
  readonly classWeights: Float32Array;
}

/**
 * Weighted, smoothed targets such that the loss is `-sum(targets · logSoftmax(logits))`: PyTorch's
 * `CrossEntropyLoss(weight, label_smoothing)` with `reduction='mean'`, for hard and for mixed labels alike.
 *
 * Szegedy et al., "Rethinking the Inception architecture" (2016), section 7.
 *
 * @param labels shares by class, [n, classes], each row sums to 1
 * @returns [n, classes]; rows are already divided by the batch's total weight
 */
export function lossTargets(labels: Float32Array, options: LossOptions): Float32Array {
  const { classWeights, labelSmoothing } = options;
  const classCount = classWeights.length;
  let totalWeight = 0;
  for (let i = 0; i < labels.length; i++) totalWeight += labels[i]! * classWeights[i % classCount]!;
  invariant(totalWeight > 0, 'a batch whose labels all have weight 0 has no mean loss');
  const spread = labelSmoothing / classCount;
  return Float32Array.from(labels, (share, i) => {
    const smoothed = share * (1 - labelSmoothing) + spread;
    return (smoothed * classWeights[i % classCount]!) / totalWeight;
  });
}

/** Labels as shares by class: [n, classCount], one 1 in each row. */
export function oneHot(labels: readonly number[], classCount: number): Float32Array {
  const rows = new Float32Array(labels.length * classCount);
  labels.forEach((label, index) => (rows[index * classCount + label] = 1));
  return rows;
}

/**
 * `-sum(targets · logSoftmax(logits))` over all rows, in double precision.
 *
 * @param logits [n, classes]
 * @param targets [n, classes], as {@link lossTargets} makes them
 */
export function crossEntropy(logits: Float32Array, targets: Float32Array, classCount: number): number {
  let loss = 0;
  for (let row = 0; row < logits.length; row += classCount) {
    let largest = -Infinity;
    for (let c = 0; c < classCount; c++) largest = Math.max(largest, logits[row + c]!);
    let sum = 0;
    for (let c = 0; c < classCount; c++) sum += Math.exp(logits[row + c]! - largest);
    const logSum = largest + Math.log(sum);
    for (let c = 0; c < classCount; c++) loss -= targets[row + c]! * (logits[row + c]! - logSum);
  }
  return loss;
}

/**
 * Weights by class index. `balanced` is the inverse class frequency `n / (classes · count)`, as scikit-learn has it.
 *
 * @param counts training images by class
 */
export function resolveClassWeights(
  setting: Recipe['training']['classWeights'],
  classes: readonly string[],
  counts: readonly number[],
): Float32Array {
  if (setting === 'none') return new Float32Array(classes.length).fill(1);
  if (setting === 'balanced') {
    const total = counts.reduce((a, b) => a + b, 0);
    return Float32Array.from(counts, (count) => total / (classes.length * Math.max(1, count)));
  }
  return Float32Array.from(classes, (name) => (Object.hasOwn(setting, name) ? setting[name]! : 1));
}
