import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { createCompiledTrainer } from '../../../../../src/main/engine/compiled/train-session.js';
import { NetworkBuilder } from '../../../../../src/main/engine/graph/builder.js';
import {
  HEAD_BIAS,
  HEAD_WEIGHT,
  LOGITS_NODE,
  truncateNetwork,
  withHead,
} from '../../../../../src/main/engine/graph/head.js';
import type { Window } from '../../../../../src/main/engine/graph/kernels.js';
import type { Network } from '../../../../../src/main/engine/graph/types.js';
import { loadTensorFlow } from '../../../../../src/main/engine/tf.js';
import { crossEntropy, lossTargets, oneHot } from '../../../../../src/main/engine/train/loss.js';
import { createEagerTrainer } from '../../../../../src/main/engine/train/trainer.js';
import { fnv1a32 } from '../../../../../src/shared/random.js';
import { fill, mulberry32 } from '../../../../support/fill.js';
import { formulaInput, formulaWeights, relativeError } from '../../../../support/networks.js';
import { ROOT } from '../../../../support/shared-data.js';
import { buildGradientNetwork } from '../graph/gradient-network.js';

interface Summary {
  readonly norm: number;
  readonly dot: number;
  readonly values: readonly number[];
}

interface Mode {
  readonly loss: number;
  readonly logits: readonly number[];
  readonly gradients: Readonly<Record<string, Summary>>;
  readonly statistics: Readonly<Record<string, readonly number[]>>;
}

interface Golden {
  readonly batch: number;
  readonly size: number;
  readonly scale: number;
  readonly labels: readonly number[];
  readonly modes: Readonly<Record<'frozen' | 'batch', Mode>>;
}

/** PyTorch's numbers, in float64, made by gradients.py beside the file. */
const golden = JSON.parse(readFileSync(join(ROOT, 'test', 'fixtures', 'gradients.json'), 'utf8')) as Golden;
const CLASSES = 5;
const TOLERANCE = 1e-4;

const original = buildGradientNetwork();
const renamed: Readonly<Record<string, string>> = {
  'classifier.weight': HEAD_WEIGHT,
  'classifier.bias': HEAD_BIAS,
};
/** The fixture's network, its classifier under the head's names. */
const network: Network = {
  ...original,
  nodes: original.nodes.map((node) =>
    node.op === 'dense' ? { ...node, name: LOGITS_NODE, weight: HEAD_WEIGHT, bias: HEAD_BIAS } : node,
  ),
  params: original.params.map((param) => ({ ...param, name: renamed[param.name] ?? param.name })),
  output: LOGITS_NODE,
};
const weights = new Map([...formulaWeights(original)].map(([name, tensor]) => [renamed[name] ?? name, tensor]));
const names = network.params.filter(({ role }) => role !== 'mean' && role !== 'variance').map(({ name }) => name);

/** Largest distance of a gradient to PyTorch's summary of it, relative to its norm. */
function gradientError(name: string, gradient: Float32Array, { norm, dot, values }: Summary): number {
  const probe = fill(`${name}.probe.bias`, [gradient.length]);
  const own = gradient.reduce((sum, value, i) => sum + value * probe[i]!, 0);
  const distances = values.map((value, i) => Math.abs(value - gradient[Math.floor((i * gradient.length) / 8)]!));
  // Some gradients are zero by theory (a bias before the batch's own mean is taken away), hence the floor.
  return Math.max(Math.abs(Math.hypot(...gradient) - norm), Math.abs(own - dot), ...distances) / Math.max(norm, 0.01);
}

const plain = { kind: 'sgd', momentum: 0, nesterov: false, weightDecay: 0 } as const;

describe.each(['frozen', 'batch'] as const)('the compiled step, batch norm %s', (batchNorm) => {
  const expected = golden.modes[batchNorm];

  it("has PyTorch's loss, logits, gradients and running statistics", async () => {
    const tf = await loadTensorFlow();
    const { batch, size, scale, labels } = golden;
    const random = mulberry32(fnv1a32('input'));
    const images = Array.from({ length: batch }, () => [...formulaInput(size, random)]).flat();
    const pixels = tf.tensor4d(
      images.map((value) => value * scale),
      [batch, size, size, 3],
    );
    const targets = lossTargets(oneHot(labels, CLASSES), {
      labelSmoothing: 0,
      classWeights: new Float32Array(CLASSES).fill(1),
    });
    const groups = [{ names, lrScale: 1, weightDecay: 0 }];
    const trainer = await createCompiledTrainer(
      tf,
      { network, batchNorm, hasDropout: false, optimizer: plain, groups },
      weights,
    );
    const logits = trainer.step(pixels, tf.tensor2d(targets, [batch, CLASSES]), 1, null);
    const values = logits.dataSync<'float32'>() as Float32Array;
    expect(relativeError(values, expected.logits)).toBeLessThan(TOLERANCE);
    expect(Math.abs(crossEntropy(values, targets, CLASSES) - expected.loss)).toBeLessThan(1e-5);

    const after = await trainer.readWeights();
    const wrong = Object.entries(expected.gradients).filter(([name, summary]) => {
      const [then, now] = [weights, after].map((map) => map.get(renamed[name] ?? name)!.data) as [
        Float32Array,
        Float32Array,
      ];
      // At a learning rate of 1 and without momentum, the step is the gradient.
      const gradient = then.map((value, i) => value - now[i]!);
      return !(gradientError(name, gradient, summary) < TOLERANCE);
    });
    expect(wrong.map(([name]) => name)).toEqual([]);
    expect(Object.keys(expected.gradients)).toHaveLength(names.length);
    for (const [name, statistic] of Object.entries(expected.statistics)) {
      expect(relativeError(after.get(name)!.data, statistic), name).toBeLessThan(TOLERANCE);
    }
    trainer.dispose();
  });
});

/** Convolutions whose gradient of the input is written in different ways, one after the other. */
const WINDOWS: readonly Window[] = [
  { kernelSize: 3, stride: 1, padding: 'same' },
  { kernelSize: 3, stride: 1, padding: 0 },
  { kernelSize: 5, stride: 1, padding: 1 },
  { kernelSize: 3, stride: 1, padding: 2 },
  { kernelSize: 5, stride: 1, padding: 'same' },
  { kernelSize: 5, stride: 2, padding: 'same' },
  { kernelSize: 5, stride: 2, padding: 2 },
  { kernelSize: 2, stride: 1, padding: 'same' },
  { kernelSize: 2, stride: 1, padding: 1 },
  { kernelSize: 3, stride: 2, padding: 1 },
  { kernelSize: 1, stride: 2, padding: 0 },
  { kernelSize: 1, stride: 1, padding: 0 },
];

describe.each(['conv', 'depthwiseConv'] as const)('%s in a compiled step', (kind) => {
  it.each(WINDOWS)(
    "has TensorFlow's gradients, kernel $kernelSize, stride $stride, padding $padding",
    async (window) => {
      const tf = await loadTensorFlow();
      const net = new NetworkBuilder();
      net.stage('all');
      const input = net.input({ size: 9, resize: 9, interpolation: 'bilinear', mean: [0, 0, 0], std: [1, 1, 1] });
      const below = net.conv('below', input, 6, { kernelSize: 3, padding: 'same' });
      const tested =
        kind === 'conv' ? net.conv('tested', below, 4, window) : net.depthwise('tested', below, { ...window });
      const trunk = net.build(net.globalAveragePool('pool', net.activation('relu', tested, 'relu')));
      const part = truncateNetwork(withHead(trunk, 'pool', kind === 'conv' ? 4 : 6, CLASSES), LOGITS_NODE);
      const start = formulaWeights(part);
      const groups = [{ names: part.params.map(({ name }) => name), lrScale: 1, weightDecay: 0 }];
      const options = { network: part, batchNorm: 'frozen', hasDropout: false, optimizer: plain, groups } as const;
      const x = tf.tensor4d(fill('pixels', [2 * 9 * 9 * 3, 1]), [2, 9, 9, 3]);
      const targets = tf.tensor2d([1, 0, 0, 0, 0, 0, 1, 0, 0, 0], [2, CLASSES]);
      const trainers = [createEagerTrainer(tf, options, start), await createCompiledTrainer(tf, options, start)];
      const [expected, actual] = await Promise.all(
        trainers.map(async (trainer) => {
          trainer.step(x, targets, 1, null).dispose();
          const after = await trainer.readWeights();
          trainer.dispose();
          return after;
        }),
      );
      for (const { name } of part.params) {
        const then = start.get(name)!.data;
        const [wanted, got] = [expected, actual].map((map) => map!.get(name)!.data.map((value, i) => value - then[i]!));
        expect(relativeError(got!, wanted!), name).toBeLessThan(TOLERANCE);
      }
    },
  );
});
