import { describe, expect, it } from 'vitest';
import { getBackbone } from '../../../../../src/main/engine/backbones/registry.js';
import { mirrorNetwork } from '../../../../../src/main/engine/compiled/mirror.js';
import { createEagerNetwork } from '../../../../../src/main/engine/graph/eager.js';
import { truncateNetwork } from '../../../../../src/main/engine/graph/head.js';
import { uploadFloats } from '../../../../../src/main/engine/graph/pixels.js';
import { sliceNetwork } from '../../../../../src/main/engine/graph/slice.js';
import type { Network } from '../../../../../src/main/engine/graph/types.js';
import { loadTensorFlow } from '../../../../../src/main/engine/tf.js';
import { formulaWeights, relativeError } from '../../../../support/networks.js';

const trunkOf = (id: string): Network => {
  const definition = getBackbone(id);
  return truncateNetwork(definition.build(), definition.featuresNode);
};
const withInput = (network: Network, size: number): Network => ({
  ...network,
  nodes: network.nodes.map((node) => (node.op === 'input' ? { ...node, shape: [size, size, 3] } : node)),
});

describe('mirrorNetwork', () => {
  it.each(['mobilenet_v2', 'mobilenet_v3_large'])(
    'turns %s, which then gives the same of turned pictures',
    async (id) => {
      const tf = await loadTensorFlow();
      const network = withInput(trunkOf(id), 64);
      const weights = formulaWeights(network);
      const mirrored = mirrorNetwork(network, weights)!;
      const paddings = mirrored.network.nodes.flatMap((node) =>
        'stride' in node && node.stride === 2 ? [node.padding] : [],
      );
      expect(paddings.length).toBeGreaterThan(3);
      expect(new Set(paddings)).toEqual(new Set(['same']));
      const pixels = Uint8Array.from({ length: 2 * 64 * 64 * 3 }, (_, i) => (i * 2654435761) % 251);
      const x = uploadFloats(tf, pixels, 2, 64);
      const turned = x.reverse([1, 2]);
      const [plain, other] = [
        createEagerNetwork(tf, network, weights),
        createEagerNetwork(tf, mirrored.network, mirrored.weights),
      ];
      const [expected, actual, wrong] = [plain.run(x), other.run(turned), other.run(x)];
      expect(relativeError(actual.dataSync(), expected.dataSync())).toBeLessThan(1e-4);
      expect(relativeError(wrong.dataSync(), expected.dataSync())).toBeGreaterThan(1e-3);
      tf.dispose([x, turned, expected, actual, wrong]);
      plain.dispose();
      other.dispose();
    },
  );

  it('leaves its weights as they are', () => {
    const network = trunkOf('mobilenet_v2');
    const weights = formulaWeights(network);
    const first = Float32Array.from(weights.get('features.0.0.weight')!.data);
    mirrorNetwork(network, weights);
    expect(weights.get('features.0.0.weight')!.data).toEqual(first);
  });

  it.each([
    ['a network that pads as TensorFlow does', trunkOf('efficientnet_lite0')],
    ['one with 1×1 convolutions of stride 2', trunkOf('resnet18')],
    ['pictures of an odd size', withInput(trunkOf('mobilenet_v2'), 97)],
    ['a size that becomes odd', withInput(trunkOf('mobilenet_v2'), 104)],
    ['a part that ends in rows and columns', sliceNetwork(trunkOf('mobilenet_v2'), 0, 2)],
    ['a part that begins inside', sliceNetwork(trunkOf('mobilenet_v2'), 2, trunkOf('mobilenet_v2').stages.length)],
  ])('passes over %s', (_name, network) => {
    expect(mirrorNetwork(network, formulaWeights(network))).toBeNull();
  });
});
