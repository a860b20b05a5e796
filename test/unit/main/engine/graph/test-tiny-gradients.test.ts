import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { Scalar, Tensor4D } from '@tensorflow/tfjs-node-gpu';
import { describe, expect, it } from 'vitest';
import { testTiny } from '../../../../../src/main/engine/backbones/test-tiny.js';
import { toSourceLayout } from '../../../../../src/main/engine/graph/layout.js';
import {
  createTrainableNetwork,
  type ForwardOptions,
  type TrainableNetwork,
} from '../../../../../src/main/engine/graph/trainable.js';
import { loadTensorFlow, type TensorFlow } from '../../../../../src/main/engine/tf.js';
import { fnv1a32 } from '../../../../../src/shared/random.js';
import { mulberry32 } from '../../../../support/fill.js';
import { formulaWeights, relativeError } from '../../../../support/networks.js';
import { ROOT } from '../../../../support/shared-data.js';

interface Summary {
  readonly sum: number;
  readonly absSum: number;
  readonly largest: number;
  readonly first: readonly number[];
}

interface Reference {
  readonly loss: number;
  readonly logits: readonly number[];
  readonly gradients: Readonly<Record<string, Summary>>;
  readonly statistics: Readonly<Record<string, readonly number[]>>;
}

type Mode = ForwardOptions['batchNorm'];

/** What PyTorch computes: test-tiny-gradients.py. */
const REFERENCE = JSON.parse(
  readFileSync(join(ROOT, 'test', 'fixtures', 'test-tiny-gradients.json'), 'utf8'),
) as Record<Mode, Reference>;
const MODES: readonly Mode[] = ['frozen', 'batch'];
const TOLERANCE = 1e-4;
/** A bias before batch norm with the batch's statistics has no gradient; what is left of it is rounding. */
const ROUNDING = 1e-6;

const network = testTiny.build();
const weights = formulaWeights(network);
const random = mulberry32(fnv1a32('gradients'));
const PIXELS = Float32Array.from({ length: 2 * 32 * 32 * 3 }, () => random() * 255);

const openPixels = (tf: TensorFlow): Tensor4D => tf.tensor4d(PIXELS, [2, 32, 32, 3]);

/** Mean square of the logits, its gradients in the source layout, and the logits. */
function gradientsOf(tf: TensorFlow, trainable: TrainableNetwork, x: Tensor4D, batchNorm: Mode) {
  const variables = [...trainable.variables.values()];
  let logits = new Float32Array();
  const { value, grads } = tf.variableGrads(() => {
    const y = trainable.forward(x, { batchNorm, training: true });
    logits = Float32Array.from(y.dataSync());
    return y.square().mean() as Scalar;
  }, variables);
  const gradients = new Map<string, Float32Array>();
  for (const [name, variable] of trainable.variables) {
    const grad = grads[variable.name]!;
    const { layout } = network.params.find((param) => param.name === name)!;
    const data = grad.dataSync<'float32'>();
    gradients.set(name, toSourceLayout({ shape: grad.shape, data }, layout).data);
  }
  const loss = value.dataSync()[0]!;
  tf.dispose([value, grads]);
  return { loss, logits, gradients };
}

describe.each(MODES)('gradients with %s statistics', (mode) => {
  const reference = REFERENCE[mode];

  it("are PyTorch's for every parameter of every kind of node", async () => {
    const tf = await loadTensorFlow();
    const trainable = createTrainableNetwork(tf, network, weights);
    const x = openPixels(tf);
    const { loss, logits, gradients } = gradientsOf(tf, trainable, x, mode);
    expect(relativeError(logits, reference.logits)).toBeLessThan(TOLERANCE);
    expect(Math.abs(loss / reference.loss - 1)).toBeLessThan(TOLERANCE);
    expect([...gradients.keys()].sort()).toEqual(Object.keys(reference.gradients).sort());
    for (const [name, expected] of Object.entries(reference.gradients)) {
      const actual = gradients.get(name)!;
      const limit = TOLERANCE * expected.largest + ROUNDING;
      expected.first.forEach((value, index) => {
        expect(Math.abs(actual[index]! - value), `${name}[${index}]`).toBeLessThan(limit);
      });
      const sum = actual.reduce((a, b) => a + b, 0);
      const absSum = actual.reduce((a, b) => a + Math.abs(b), 0);
      const sumLimit = TOLERANCE * expected.absSum + ROUNDING * actual.length;
      expect(Math.abs(sum - expected.sum), `${name}: sum`).toBeLessThan(sumLimit);
      expect(Math.abs(absSum - expected.absSum), `${name}: sum of sizes`).toBeLessThan(sumLimit);
    }
    trainable.dispose();
    x.dispose();
  });

  it("leave PyTorch's running statistics", async () => {
    const tf = await loadTensorFlow();
    const trainable = createTrainableNetwork(tf, network, weights);
    const x = openPixels(tf);
    gradientsOf(tf, trainable, x, mode);
    const after = await trainable.readWeights();
    for (const [name, expected] of Object.entries(reference.statistics)) {
      expect(relativeError(after.get(name)!.data, expected), name).toBeLessThan(TOLERANCE);
      const isUnchanged = relativeError(after.get(name)!.data, weights.get(name)!.data) === 0;
      expect(isUnchanged, name).toBe(mode === 'frozen');
    }
    trainable.dispose();
    x.dispose();
  });

  it('leave no tensor behind', async () => {
    const tf = await loadTensorFlow();
    const before = tf.memory().numTensors;
    const trainable = createTrainableNetwork(tf, network, weights);
    const x = openPixels(tf);
    gradientsOf(tf, trainable, x, mode);
    const afterOne = tf.memory().numTensors;
    for (let step = 0; step < 3; step++) gradientsOf(tf, trainable, x, mode);
    expect(tf.memory().numTensors).toBe(afterOne);
    trainable.dispose();
    x.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a trainable network', () => {
  it('gives its weights back as they came', async () => {
    const tf = await loadTensorFlow();
    const trainable = createTrainableNetwork(tf, network, weights);
    const read = await trainable.readWeights();
    expect([...read.keys()]).toEqual([...weights.keys()]);
    for (const [name, { shape, data }] of weights) {
      expect(read.get(name)!.shape).toEqual(shape);
      expect(read.get(name)!.data).toEqual(data);
    }
    trainable.dispose();
  });

  it('uses the running statistics when it does not train, and leaves them', async () => {
    const tf = await loadTensorFlow();
    const trainable = createTrainableNetwork(tf, network, weights);
    const x = openPixels(tf);
    const before = tf.memory().numTensors;
    const logits = tf.tidy(() => trainable.forward(x, { batchNorm: 'batch', training: false }));
    expect(relativeError(logits.dataSync(), REFERENCE.frozen.logits)).toBeLessThan(TOLERANCE);
    logits.dispose();
    expect(tf.memory().numTensors).toBe(before);
    const { data } = (await trainable.readWeights()).get('stem.bn.running_mean')!;
    expect(data).toEqual(weights.get('stem.bn.running_mean')!.data);
    trainable.dispose();
    x.dispose();
  });
});
