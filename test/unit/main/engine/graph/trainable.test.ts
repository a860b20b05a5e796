import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scalar, Tensor, Tensor4D, Variable } from '@tensorflow/tfjs-node-gpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { createEagerNetwork } from '../../../../../src/main/engine/graph/eager.js';
import { foldNetwork } from '../../../../../src/main/engine/graph/fold.js';
import { toSourceLayout } from '../../../../../src/main/engine/graph/layout.js';
import { sliceNetwork } from '../../../../../src/main/engine/graph/slice.js';
import { createTrainableNetwork, type TrainableNetwork } from '../../../../../src/main/engine/graph/trainable.js';
import type { Network } from '../../../../../src/main/engine/graph/types.js';
import { loadTensorFlow, type TensorFlow } from '../../../../../src/main/engine/tf.js';
import { fnv1a32 } from '../../../../../src/shared/random.js';
import { fill, mulberry32 } from '../../../../support/fill.js';
import { formulaInput, formulaWeights, relativeError } from '../../../../support/networks.js';
import { ROOT } from '../../../../support/shared-data.js';
import { buildGradientNetwork } from './gradient-network.js';

interface Summary {
  readonly norm: number;
  readonly dot: number;
  readonly values: readonly number[];
}

interface Golden {
  readonly batch: number;
  readonly size: number;
  readonly scale: number;
  readonly labels: readonly number[];
  readonly modes: Readonly<
    Record<
      'frozen' | 'batch',
      {
        readonly loss: number;
        readonly logits: readonly number[];
        readonly gradients: Readonly<Record<string, Summary>>;
        readonly statistics: Readonly<Record<string, readonly number[]>>;
      }
    >
  >;
}

/** PyTorch's numbers, in float64, made by gradients.py beside the file. */
const golden = JSON.parse(readFileSync(join(ROOT, 'test', 'fixtures', 'gradients.json'), 'utf8')) as Golden;
const CLASSES = 5;
const TOLERANCE = 1e-4;
const MODES = ['frozen', 'batch'] as const;

const network = buildGradientNetwork();
const weights = formulaWeights(network);

let tf: TensorFlow;
let pixels: Tensor4D;
beforeAll(async () => {
  tf = await loadTensorFlow();
  const { batch, size, scale } = golden;
  const random = mulberry32(fnv1a32('input'));
  const images = Array.from({ length: batch }, () => [...formulaInput(size, random)]).flat();
  pixels = tf.tensor4d(
    images.map((value) => value * scale),
    [batch, size, size, 3],
  );
});

/** Mean cross-entropy. */
function lossOf(logits: Tensor): Scalar {
  const targets = tf.oneHot(tf.tensor1d([...golden.labels], 'int32'), CLASSES);
  return targets.mul(tf.logSoftmax(logits)).sum().div(-golden.batch);
}

function gradientsOf(net: TrainableNetwork, x: Tensor, batchNorm: 'frozen' | 'batch', part: Network) {
  const { value, grads } = tf.variableGrads(
    () => lossOf(net.forward(x, { batchNorm, training: true })),
    [...net.variables.values()],
  );
  const loss = value.dataSync()[0]!;
  const byName = new Map(
    part.params
      .filter(({ name }) => net.variables.has(name))
      .map(({ name, layout }) => {
        const grad = grads[net.variables.get(name)!.name]!;
        return [name, toSourceLayout({ shape: grad.shape, data: grad.dataSync<'float32'>() }, layout).data];
      }),
  );
  tf.dispose([value, ...Object.values(grads)]);
  return { loss, byName };
}

/** Largest distance of a gradient to PyTorch's summary of it, relative to its norm. */
function gradientError(name: string, gradient: Float32Array, { norm, dot, values }: Summary): number {
  const probe = fill(`${name}.probe.bias`, [gradient.length]);
  const own = gradient.reduce((sum, value, i) => sum + value * probe[i]!, 0);
  const distances = values.map((value, i) => Math.abs(value - gradient[Math.floor((i * gradient.length) / 8)]!));
  // Some gradients are zero by theory (a bias before the batch's own mean is taken away), hence the floor.
  return Math.max(Math.abs(Math.hypot(...gradient) - norm), Math.abs(own - dot), ...distances) / Math.max(norm, 0.01);
}

describe.each(MODES)('batch norm %s', (batchNorm) => {
  const expected = golden.modes[batchNorm];

  it("has PyTorch's loss and gradients", () => {
    const net = createTrainableNetwork(tf, network, weights);
    const { loss, byName } = gradientsOf(net, pixels, batchNorm, network);
    expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-5);
    expect([...byName.keys()].sort()).toEqual(Object.keys(expected.gradients).sort());
    const wrong = [...byName].filter(
      ([name, gradient]) => !(gradientError(name, gradient, expected.gradients[name]!) < TOLERANCE),
    );
    expect(wrong.map(([name]) => name)).toEqual([]);
    net.dispose();
  });

  it("has PyTorch's logits and moves the running statistics as PyTorch does", async () => {
    const net = createTrainableNetwork(tf, network, weights);
    const logits = net.forward(pixels, { batchNorm, training: true });
    expect(relativeError(logits.dataSync(), expected.logits)).toBeLessThan(TOLERANCE);
    logits.dispose();
    const after = await net.readWeights();
    expect(Object.keys(expected.statistics).sort()).toEqual([...net.statistics.keys()].sort());
    for (const [name, values] of Object.entries(expected.statistics)) {
      expect(relativeError(after.get(name)!.data, values), name).toBeLessThan(TOLERANCE);
    }
    net.dispose();
  });

  it('leaves no tensors behind, with and without gradients', () => {
    const net = createTrainableNetwork(tf, network, weights);
    const before = tf.memory().numTensors;
    net.forward(pixels, { batchNorm, training: true }).dispose();
    expect(tf.memory().numTensors).toBe(before);
    // Batch norm is on the tape here, but no gradient is asked through it.
    const [last] = [...net.variables.values()].slice(-1) as [Variable];
    const partial = tf.variableGrads(() => lossOf(net.forward(pixels, { batchNorm, training: true })), [last]);
    tf.dispose([partial.value, ...Object.values(partial.grads)]);
    expect(tf.memory().numTensors).toBe(before);
    for (let step = 0; step < 5; step++) {
      tf.tidy(() => {
        const { grads } = tf.variableGrads(() => lossOf(net.forward(pixels, { batchNorm, training: true })));
        for (const variable of net.variables.values()) variable.assign(variable.sub(grads[variable.name]!.mul(0.01)));
      });
      expect(tf.memory().numTensors).toBe(before);
    }
    net.dispose();
    expect(tf.memory().numTensors).toBe(before - network.params.length);
  });
});

describe('a trainable network', () => {
  it('has the same gradients behind a frozen, folded part', () => {
    const expected = golden.modes.frozen;
    const head = foldNetwork(sliceNetwork(network, 0, 2), weights);
    const prefix = createEagerNetwork(tf, head.network, head.weights);
    const tail = sliceNetwork(network, 2, network.stages.length);
    const net = createTrainableNetwork(tf, tail, weights);
    const cut = prefix.run(pixels);
    const { loss, byName } = gradientsOf(net, cut, 'frozen', tail);
    expect(Math.abs(loss - expected.loss)).toBeLessThan(1e-5);
    const trained = Object.keys(expected.gradients).filter((name) => !/^(stem|mix)\./.test(name));
    expect([...byName.keys()].sort()).toEqual(trained.sort());
    for (const [name, gradient] of byName) {
      expect(gradientError(name, gradient, expected.gradients[name]!), name).toBeLessThan(TOLERANCE);
    }
    cut.dispose();
    prefix.dispose();
    net.dispose();
  });

  it('uses and keeps the running statistics when it does not train', async () => {
    const net = createTrainableNetwork(tf, network, weights);
    const logits = net.forward(pixels, { batchNorm: 'batch', training: false });
    expect(relativeError(logits.dataSync(), golden.modes.frozen.logits)).toBeLessThan(TOLERANCE);
    logits.dispose();
    const after = await net.readWeights();
    expect([...after.keys()]).toEqual(network.params.map(({ name }) => name));
    for (const [name, { shape, data }] of weights) {
      expect(after.get(name)!.shape).toEqual(shape);
      expect(after.get(name)!.data).toEqual(data);
    }
    net.dispose();
  });

  it('names its variables after the checkpoint and leaves statistics out of them', () => {
    const net = createTrainableNetwork(tf, network, weights);
    const names = (isStatistic: boolean): string[] =>
      network.params
        .filter(({ role }) => (role === 'mean' || role === 'variance') === isStatistic)
        .map(({ name }) => name);
    expect([...net.variables.keys()]).toEqual(names(false));
    expect([...net.statistics.keys()]).toEqual(names(true));
    expect(net.variables.get('stem.conv.weight')!.shape).toEqual([3, 3, 3, 8]);
    expect(net.variables.get('mix.depthwise.weight')!.shape).toEqual([5, 5, 8, 1]);
    expect(net.variables.get('classifier.weight')!.shape).toEqual([24, 5]);
    net.dispose();
  });
});
