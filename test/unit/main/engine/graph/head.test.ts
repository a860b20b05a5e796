import { describe, expect, it } from 'vitest';
import { testTiny } from '../../../../../src/main/engine/backbones/test-tiny.js';
import { createEagerNetwork } from '../../../../../src/main/engine/graph/eager.js';
import { HEAD_BIAS, HEAD_WEIGHT, truncateNetwork, withHead } from '../../../../../src/main/engine/graph/head.js';
import type { WeightTensor } from '../../../../../src/main/engine/graph/types.js';
import { loadTensorFlow } from '../../../../../src/main/engine/tf.js';
import { mulberry32 } from '../../../../support/fill.js';
import { formulaWeights, relativeError } from '../../../../support/networks.js';

const network = testTiny.build();

describe('truncateNetwork', () => {
  it('drops what the output does not need, parameters and stages too', () => {
    const trunk = truncateNetwork(network, 'pool');
    expect(trunk.output).toBe('pool');
    expect(trunk.nodes.at(-1)!.name).toBe('pool');
    expect(trunk.stages).toEqual(['stem', 'block1', 'block2', 'top']);
    const dropped = network.params.filter((param) => !trunk.params.includes(param)).map(({ name }) => name);
    expect(dropped).toEqual(['classifier.weight', 'classifier.bias']);
  });

  it('keeps both sides of a sum, and nothing after it', () => {
    const trunk = truncateNetwork(network, 'block1.add');
    const names = trunk.nodes.map(({ name }) => name);
    expect(names).toContain('stem.pool');
    expect(names).toContain('block1.bn2');
    expect(names).not.toContain('block2.depthwise');
    expect(trunk.stages).toEqual(['stem', 'block1']);
  });

  it('leaves a whole network as it is, and refuses a node that is not there', () => {
    expect(truncateNetwork(network, network.output)).toEqual(network);
    expect(() => truncateNetwork(network, 'nowhere')).toThrow('the network has no node nowhere');
  });
});

describe('withHead', () => {
  const CLASSES = 3;
  const headed = withHead(network, testTiny.featuresNode, testTiny.featureSize, CLASSES);

  it('puts a classifier and its softmax in a stage of their own', () => {
    expect(headed.stages).toEqual(['stem', 'block1', 'block2', 'top', 'head']);
    expect(headed.nodes.slice(-2).map(({ op, stage }) => [op, stage])).toEqual([
      ['dense', 4],
      ['softmax', 4],
    ]);
    expect(headed.params.filter(({ stage }) => stage === 4).map(({ name, shape }) => [name, shape])).toEqual([
      [HEAD_WEIGHT, [CLASSES, 32]],
      [HEAD_BIAS, [CLASSES]],
    ]);
    expect(headed.params.map(({ name }) => name)).not.toContain('classifier.weight');
  });

  it('computes the softmax of weights by features', async () => {
    const tf = await loadTensorFlow();
    const before = tf.memory().numTensors;
    const random = mulberry32(5);
    const headWeight = Float32Array.from({ length: CLASSES * 32 }, () => random() - 0.5);
    const headBias = Float32Array.from([0.25, -0.5, 1]);
    const weights = new Map<string, WeightTensor>([
      ...formulaWeights(network),
      [HEAD_WEIGHT, { shape: [CLASSES, 32], data: headWeight }],
      [HEAD_BIAS, { shape: [CLASSES], data: headBias }],
    ]);
    const eager = createEagerNetwork(tf, headed, weights);
    const pixels = Float32Array.from({ length: 32 * 32 * 3 }, () => random() * 255);
    const x = tf.tensor4d(pixels, [1, 32, 32, 3]);
    const features = eager.run(x, testTiny.featuresNode);
    const probabilities = eager.run(x);
    const values = Array.from(features.dataSync<'float32'>());
    const exponents = [...headBias].map((bias, row) =>
      Math.exp(values.reduce((sum, value, i) => sum + value * headWeight[row * 32 + i]!, bias)),
    );
    const total = exponents.reduce((a, b) => a + b, 0);
    expect(
      relativeError(
        probabilities.dataSync(),
        exponents.map((e) => e / total),
      ),
    ).toBeLessThan(1e-5);
    tf.dispose([x, features, probabilities]);
    eager.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
