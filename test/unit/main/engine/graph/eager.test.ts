import type { Tensor, Tensor4D } from '@tensorflow/tfjs-node-gpu';
import { beforeAll, describe, expect, it } from 'vitest';
import { getBackbone } from '../../../../../src/main/engine/backbones/registry.js';
import { createEagerNetwork } from '../../../../../src/main/engine/graph/eager.js';
import { foldNetwork } from '../../../../../src/main/engine/graph/fold.js';
import { createKernels } from '../../../../../src/main/engine/graph/kernels.js';
import { inferShapes } from '../../../../../src/main/engine/graph/shapes.js';
import { sliceNetwork } from '../../../../../src/main/engine/graph/slice.js';
import { loadTensorFlow, type TensorFlow } from '../../../../../src/main/engine/tf.js';
import { mulberry32 } from '../../../../support/fill.js';
import { formulaWeights, relativeError } from '../../../../support/networks.js';

const TOLERANCE = 1e-4;

let tf: TensorFlow;
beforeAll(async () => {
  tf = await loadTensorFlow();
});

function randomPixels(count: number, size: number): Tensor4D {
  const random = mulberry32(7);
  const values = Float32Array.from({ length: count * size * size * 3 }, () => random() * 255);
  return tf.tensor4d(values, [count, size, size, 3]);
}

function values(tensor: Tensor): Float32Array {
  const data = tensor.dataSync<'float32'>();
  tensor.dispose();
  return data;
}

describe.each(['test_tiny', 'mobilenet_v2'])('%s', (id) => {
  it('computes the same folded as unfolded, and in slices as whole, and leaves no tensors behind', () => {
    const definition = getBackbone(id);
    const network = definition.build();
    const weights = formulaWeights(network);
    const before = tf.memory().numTensors;
    const x = randomPixels(2, definition.input.size);

    const plain = createEagerNetwork(tf, network, weights);
    const expected = values(plain.run(x));
    const features = plain.run(x, definition.featuresNode);
    expect(features.shape).toEqual([2, definition.featureSize]);
    const expectedFeatures = values(features);
    plain.dispose();

    const folded = foldNetwork(network, weights);
    expect(folded.network.nodes.some(({ op }) => op === 'batch_norm')).toBe(false);
    const eager = createEagerNetwork(tf, folded.network, folded.weights);
    expect(relativeError(values(eager.run(x)), expected)).toBeLessThan(TOLERANCE);
    eager.dispose();

    let cut: Tensor = x;
    for (let stage = 0; stage < network.stages.length - 1; stage++) {
      const slice = foldNetwork(sliceNetwork(network, stage, stage + 1), weights);
      const part = createEagerNetwork(tf, slice.network, slice.weights);
      const next = part.run(cut);
      cut.dispose();
      part.dispose();
      cut = next;
    }
    expect(relativeError(values(cut), expectedFeatures)).toBeLessThan(TOLERANCE);
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('an eager network', () => {
  it('frees what nobody reads any more while it runs', async () => {
    const network = getBackbone('mobilenet_v2').build();
    const eager = createEagerNetwork(tf, network, formulaWeights(network));
    const x = randomPixels(1, 224);
    const before = tf.memory().numBytes;
    const { peakBytes } = await tf.profile(() => eager.run(x));
    const all = [...inferShapes(network).values()].reduce(
      (sum, shape) => sum + 4 * shape.reduce((a, b) => a * b, 1),
      0,
    );
    expect(peakBytes).toBeGreaterThan(before);
    expect(peakBytes - before).toBeLessThan(all / 4);
    x.dispose();
    eager.dispose();
  });

  it('refuses a node that it does not have, and weights that are missing', () => {
    const network = getBackbone('test_tiny').build();
    const weights = formulaWeights(network);
    const eager = createEagerNetwork(tf, network, weights);
    const x = randomPixels(1, 32);
    const before = tf.memory().numTensors;
    expect(() => eager.run(x, 'nowhere')).toThrow('no node nowhere');
    expect(tf.memory().numTensors).toBe(before);
    tf.dispose(x);
    eager.dispose();
    const fewer = new Map(weights);
    fewer.delete('top.conv.bias');
    expect(() => createEagerNetwork(tf, network, fewer)).toThrow('no weights for top.conv.bias');
  });
});

describe('kernels', () => {
  it("pads as the window says: a sum's window counts the pixels inside the picture", () => {
    const kernels = createKernels(tf);
    const counts = (padding: number | 'same'): number[] =>
      tf.tidy(() => [
        ...kernels.conv(tf.ones([1, 4, 4, 1]), tf.ones([3, 3, 1, 1]), { kernelSize: 3, stride: 2, padding }).dataSync(),
      ]);
    // One pixel on each side, as PyTorch pads, against TensorFlow's bottom and right.
    expect(counts(1)).toEqual([4, 6, 6, 9]);
    expect(counts('same')).toEqual([9, 6, 6, 4]);
    expect(counts(0)).toEqual([9]);
  });

  it('never takes padding for the largest of a pool of negatives', () => {
    const kernels = createKernels(tf);
    const pooled = tf.tidy(() =>
      kernels.maxPool(tf.fill([1, 4, 4, 1], -2), { kernelSize: 3, stride: 2, padding: 1 }).dataSync(),
    );
    expect([...pooled]).toEqual([-2, -2, -2, -2]);
  });
});
