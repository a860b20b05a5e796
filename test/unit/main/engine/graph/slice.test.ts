import { describe, expect, it } from 'vitest';
import { testTiny } from '../../../../../src/main/engine/backbones/test-tiny.js';
import { createEagerNetwork } from '../../../../../src/main/engine/graph/eager.js';
import { sliceNetwork } from '../../../../../src/main/engine/graph/slice.js';
import { loadTensorFlow } from '../../../../../src/main/engine/tf.js';
import { mulberry32 } from '../../../../support/fill.js';
import { formulaWeights } from '../../../../support/networks.js';

const network = testTiny.build();
const weights = formulaWeights(network);
const stageCount = network.stages.length;

describe('a network in two slices', () => {
  // The last stage, the classifier, reads the pooled vector: no cut lies before it.
  const cuts = Array.from({ length: stageCount - 2 }, (_, index) => index + 1);

  it.each(cuts)('cut at stage %i, computes the very numbers of the whole', async (cut) => {
    const tf = await loadTensorFlow();
    const before = tf.memory().numTensors;
    const random = mulberry32(11);
    const pixels = Float32Array.from({ length: 3 * 32 * 32 * 3 }, () => random() * 255);
    const x = tf.tensor4d(pixels, [3, 32, 32, 3]);
    const parts = [network, sliceNetwork(network, 0, cut), sliceNetwork(network, cut, stageCount)];
    const [whole, front, rear] = parts.map((part) => createEagerNetwork(tf, part, weights));
    const expected = whole!.run(x);
    const crossing = front!.run(x);
    const actual = rear!.run(crossing);
    expect(actual.dataSync()).toEqual(expected.dataSync());
    tf.dispose([x, expected, crossing, actual]);
    for (const part of [whole, front, rear]) part!.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });

  it.each(cuts)('cut at stage %i, shares out every parameter once', (cut) => {
    const front = sliceNetwork(network, 0, cut);
    const rear = sliceNetwork(network, cut, stageCount);
    const names = [...front.params, ...rear.params].map(({ name }) => name);
    expect(names).toEqual(network.params.map(({ name }) => name));
    expect([...front.stages, ...rear.stages]).toEqual(network.stages);
  });

  it('refuses a cut where a vector crosses', () => {
    expect(() => sliceNetwork(network, stageCount - 1, stageCount)).toThrow('a picture-shaped tensor crosses');
  });
});
