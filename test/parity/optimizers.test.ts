import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import type { Scalar, Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-node-gpu';
import { crossEntropy, lossTargets, oneHot } from '../../src/main/engine/train/loss.js';
import { createOptimizer } from '../../src/main/engine/train/optimizer.js';
import { loadTensorFlow } from '../../src/main/engine/tf.js';
import { DEFAULT_OPTIMIZERS, type OptimizerSpec } from '../../src/shared/recipe.js';
import { fnv1a32 } from '../../src/shared/random.js';
import { fill, mulberry32 } from '../support/fill.js';
import { sharedPath } from '../support/shared-data.js';

interface Case {
  readonly optimizer: string;
  readonly label_smoothing: number;
  readonly losses: readonly number[];
}

/** The first three steps of two cases of the reference, for where the whole of it is absent. */
const KNOWN: readonly Case[] = [
  { optimizer: 'sgd_momentum', label_smoothing: 0, losses: [1.145643, 1.176326, 1.251291] },
  { optimizer: 'adamw', label_smoothing: 0, losses: [1.145643, 1.179078, 1.25686] },
];

const sgd = (overrides: Partial<Extract<OptimizerSpec, { kind: 'sgd' }>>): OptimizerSpec => ({
  kind: 'sgd',
  momentum: 0,
  nesterov: false,
  weightDecay: 0,
  ...overrides,
});

const SETTINGS: Readonly<Record<string, { spec: OptimizerSpec; lr: number }>> = {
  sgd: { spec: sgd({}), lr: 0.05 },
  sgd_momentum: { spec: sgd({ momentum: 0.9 }), lr: 0.05 },
  sgd_momentum_weight_decay: { spec: sgd({ momentum: 0.9, weightDecay: 0.01 }), lr: 0.05 },
  sgd_nesterov: { spec: sgd({ momentum: 0.9, nesterov: true }), lr: 0.05 },
  sgd_momentum_label_smoothing: { spec: sgd({ momentum: 0.9 }), lr: 0.05 },
  adam: { spec: DEFAULT_OPTIMIZERS.adam, lr: 0.01 },
  adamw: { spec: { ...DEFAULT_OPTIMIZERS.adam, kind: 'adamw', weightDecay: 0.05 }, lr: 0.01 },
};

const reference = sharedPath('fixtures', 'optimizers.json');
const cases: readonly Case[] =
  reference === null ? KNOWN : (JSON.parse(await readFile(reference, 'utf8')) as { cases: Case[] }).cases;

const random = mulberry32(fnv1a32('features'));
const FEATURES = Float32Array.from({ length: 64 * 32 }, () => random() * 2 - 1);
const BATCH = 16;

describe('optimizers against PyTorch', () => {
  it('has a setting for every case', () => {
    expect(cases.map(({ optimizer }) => SETTINGS[optimizer]).filter((setting) => setting === undefined)).toEqual([]);
  });

  it.each(cases.map((entry) => [entry.optimizer, entry] as const))('%s: losses within 1e-5', async (name, entry) => {
    const tf = await loadTensorFlow();
    const before = tf.memory().numTensors;
    const [weight, bias] = tf.tidy(() => [
      tf.variable(tf.tensor2d(fill('head.weight', [3, 32]), [3, 32]).transpose() as Tensor2D),
      tf.variable(tf.tensor1d(fill('head.bias', [3]))),
    ]) as [Variable, Variable];
    const variables = new Map<string, Variable>([
      ['weight', weight],
      ['bias', bias],
    ]);
    const { spec, lr } = SETTINGS[name]!;
    const group = { name: 'head', variables, lrScale: 1, weightDecay: spec.weightDecay };
    const optimizer = createOptimizer(tf, spec, [group]);
    const losses = entry.losses.map((_, step) => {
      const start = (step * BATCH) % 64;
      const labels = Array.from({ length: BATCH }, (_unused, row) => (start + row) % 3);
      const targets = lossTargets(oneHot(labels, 3), {
        labelSmoothing: entry.label_smoothing,
        classWeights: new Float32Array([1, 1, 1]),
      });
      return tf.tidy(() => {
        const x = tf.tensor2d(FEATURES.slice(start * 32, (start + BATCH) * 32), [BATCH, 32]);
        const scores = (): Tensor2D => tf.matMul(x, weight as unknown as Tensor2D).add(bias);
        const logits = scores().dataSync<'float32'>();
        const targetTensor = tf.tensor2d(targets, [BATCH, 3]);
        const { grads } = tf.variableGrads(
          () => tf.sum(targetTensor.mul(tf.logSoftmax(scores()))).neg() as Scalar,
          [weight, bias],
        );
        const byName: Record<string, Tensor> = { weight: grads[weight.name]!, bias: grads[bias.name]! };
        optimizer.apply(byName, lr);
        return crossEntropy(logits, targets, 3);
      });
    });
    losses.forEach((loss, step) => {
      expect(Math.abs(loss / entry.losses[step]! - 1), `step ${step + 1}: ${loss}`).toBeLessThan(1e-5);
    });
    optimizer.dispose();
    weight.dispose();
    bias.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it('keeps slots by name, scales the rate by group and spares what must not decay', async () => {
    const tf = await loadTensorFlow();
    const fast = tf.variable(tf.tensor1d([1]));
    const slow = tf.variable(tf.tensor1d([1]));
    const groups = [
      { name: 'fast', variables: new Map<string, Variable>([['a', fast]]), lrScale: 1, weightDecay: 0 },
      { name: 'slow', variables: new Map<string, Variable>([['b', slow]]), lrScale: 0.1, weightDecay: 1 },
    ];
    const optimizer = createOptimizer(tf, sgd({ weightDecay: 1 }), groups);
    const one = tf.tensor1d([1]);
    optimizer.apply({ a: one, b: one }, 0.5);
    expect(fast.dataSync()[0]).toBeCloseTo(0.5, 6);
    expect(slow.dataSync()[0]).toBeCloseTo(1 - 0.05 * (1 + 1), 6);
    optimizer.dispose();
    tf.dispose([fast, slow, one]);
  });
});
