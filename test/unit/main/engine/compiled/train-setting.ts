import type { Tensor, Tensor2D } from '@tensorflow/tfjs-node-gpu';
import { testTiny } from '../../../../../src/main/engine/backbones/test-tiny.js';
import type { TrainGraphOptions } from '../../../../../src/main/engine/compiled/train-graph.js';
import { LOGITS_NODE, truncateNetwork, withHead } from '../../../../../src/main/engine/graph/head.js';
import { uploadBytes } from '../../../../../src/main/engine/graph/pixels.js';
import { sliceNetwork } from '../../../../../src/main/engine/graph/slice.js';
import type { Network, WeightMap } from '../../../../../src/main/engine/graph/types.js';
import type { TensorFlow } from '../../../../../src/main/engine/tf.js';
import type { OptimizerSpec } from '../../../../../src/shared/recipe.js';
import { mulberry32 } from '../../../../support/fill.js';
import { formulaWeights } from '../../../../support/networks.js';

export const CLASSES = 3;
export const FEATURES = 32;

const trunk = truncateNetwork(testTiny.build(), testTiny.featuresNode);

/** What trains: the tiny net from a stage on, and a head. */
export interface Setting {
  /** Up to the logits. */
  readonly network: Network;
  readonly weights: WeightMap;
  readonly inputShape: readonly [number, number, number];
}

/** @param whole ends in {@link FEATURES} features */
export function settingFrom(stage: number, whole: Network = trunk): Setting {
  const tail = stage === 0 ? whole : sliceNetwork(whole, stage, whole.stages.length);
  const network = truncateNetwork(withHead(tail, tail.output, FEATURES, CLASSES), LOGITS_NODE);
  const [input] = network.nodes;
  if (input?.op !== 'input') throw new Error('a network begins with its input');
  return { network, weights: formulaWeights(network), inputShape: input.shape };
}

/** Weight decay for what has more than one axis; the head learns at the full rate, the rest at half. */
export function graphOptions(
  { network }: Setting,
  optimizer: OptimizerSpec,
  batchNorm: 'frozen' | 'batch',
  hasDropout: boolean,
): TrainGraphOptions {
  const trained = network.params.filter(({ role }) => role !== 'mean' && role !== 'variance');
  const groups = [1, 0.5].flatMap((lrScale) =>
    [optimizer.weightDecay, 0].map((weightDecay, flat) => ({
      names: trained
        .filter(({ name, shape }) => name.startsWith('head.') === (lrScale === 1) && shape.length > 1 === (flat === 0))
        .map(({ name }) => name),
      lrScale,
      weightDecay,
    })),
  );
  return { network, batchNorm, hasDropout, optimizer, groups };
}

export interface Batch {
  readonly cut: Tensor;
  readonly targets: Tensor2D;
  readonly mask: Tensor2D | null;
  readonly count: number;
}

/** A few batches, the last one smaller; targets are mixed labels. */
export function makeBatches(tf: TensorFlow, { inputShape }: Setting, hasDropout: boolean): Batch[] {
  return [6, 6, 6, 5, 3].map((count, index) => {
    const random = mulberry32(index + 1);
    const numbers = (length: number, next: () => number): Float32Array => Float32Array.from({ length }, next);
    const length = count * inputShape.reduce((a, b) => a * b, 1);
    const targets = numbers(count * CLASSES, () => random() / (count * CLASSES));
    const mask = numbers(count * FEATURES, () => (random() < 0.3 ? 0 : 1 / 0.7));
    return {
      cut:
        inputShape[2] === 3
          ? uploadBytes(
              tf,
              Uint8Array.from({ length }, () => random() * 256),
              count,
              inputShape[0],
            )
          : tf.tensor4d(
              numbers(length, () => random() * 2),
              [count, ...inputShape],
            ),
      targets: tf.tensor2d(targets, [count, CLASSES]),
      mask: hasDropout ? tf.tensor2d(mask, [count, FEATURES]) : null,
      count,
    };
  });
}
