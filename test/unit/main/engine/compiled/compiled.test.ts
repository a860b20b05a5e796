import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it, vi } from 'vitest';
import { testTiny } from '../../../../../src/main/engine/backbones/test-tiny.js';
import { createCompiledNetwork } from '../../../../../src/main/engine/compiled/compiled-network.js';
import { writeGraphDef } from '../../../../../src/main/engine/compiled/graph-def.js';
import { writeSavedModel } from '../../../../../src/main/engine/compiled/saved-model.js';
import { createEagerNetwork } from '../../../../../src/main/engine/graph/eager.js';
import { foldNetwork } from '../../../../../src/main/engine/graph/fold.js';
import { truncateNetwork } from '../../../../../src/main/engine/graph/head.js';
import { uploadBytes, uploadFloats } from '../../../../../src/main/engine/graph/pixels.js';
import { sliceNetwork } from '../../../../../src/main/engine/graph/slice.js';
import type { Network, WeightMap } from '../../../../../src/main/engine/graph/types.js';
import { loadTensorFlow, type TensorFlow } from '../../../../../src/main/engine/tf.js';
import { mulberry32 } from '../../../../support/fill.js';
import { makeFolder, removeFolder } from '../../../../support/images.js';
import { formulaWeights, relativeError } from '../../../../support/networks.js';

const network = testTiny.build();
const weights = formulaWeights(network);
const scratch = makeFolder('compiled');
afterAll(() => removeFolder(scratch));

const softmaxed: Network = {
  ...network,
  nodes: [...network.nodes, { op: 'softmax', name: 'probabilities', inputs: ['classifier'], stage: 4 }],
  output: 'probabilities',
};
const folded = foldNetwork(network, weights);
const CASES: readonly (readonly [string, Network, WeightMap])[] = [
  ['the whole network', network, weights],
  ['the folded network', folded.network, folded.weights],
  ['the folded network up to its features', truncateNetwork(folded.network, 'pool'), folded.weights],
  ['a slice from the middle', sliceNetwork(network, 1, 3), weights],
  ['a network that ends in a softmax', softmaxed, weights],
];

/** Tests beside this one make temporary folders too. */
async function withTemporaryFolder(folder: string, work: () => Promise<void>): Promise<void> {
  vi.stubEnv('TMPDIR', folder);
  try {
    await work();
  } finally {
    vi.unstubAllEnvs();
  }
}

describe.each(CASES)('%s, compiled', (_name, part, values) => {
  it.each([null, 4])('computes what it computes eagerly, for any number of pictures, %s at once', async (atOnce) => {
    const tf = await loadTensorFlow();
    const before = tf.memory().numTensors;
    const eager = createEagerNetwork(tf, part, values);
    const compiled = await createCompiledNetwork(tf, part, values, { atOnce });
    const [input] = part.nodes;
    const shape = input?.op === 'input' ? input.shape : null;
    expect(shape).not.toBeNull();
    for (const count of [1, 11, 2]) {
      const random = mulberry32(count);
      // Pixels for a whole network; for a slice, a tensor of its own scale.
      const scale = shape![2] === 3 ? 255 : 2;
      const length = count * shape!.reduce((a, b) => a * b, 1);
      const data = Float32Array.from({ length }, () => random() * scale);
      const x = tf.tensor4d(data, [count, ...shape!]);
      const expected = eager.run(x);
      const actual = compiled.run(x);
      expect(actual.shape).toEqual(expected.shape);
      expect(relativeError(actual.dataSync(), expected.dataSync())).toBeLessThan(1e-4);
      tf.dispose([x, expected, actual]);
    }
    eager.dispose();
    compiled.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('bytes', () => {
  it.each([
    ['eager', async (tf: TensorFlow) => createEagerNetwork(tf, folded.network, folded.weights)],
    ['compiled', async (tf: TensorFlow) => await createCompiledNetwork(tf, folded.network, folded.weights)],
  ])('are what the same float32 pixels are, %s', async (_how, open) => {
    const tf = await loadTensorFlow();
    const before = tf.memory().numTensors;
    const net = await open(tf);
    const random = mulberry32(5);
    // More than a depthwise net runs at a time, and more bytes than pictures.
    const pixels = Uint8Array.from({ length: 7 * 32 * 32 * 3 }, () => random() * 256);
    const [bytes, floats] = [uploadBytes(tf, pixels, 6, 32), uploadFloats(tf, pixels, 6, 32)];
    const [actual, expected] = [net.run(bytes), net.run(floats)];
    expect(actual.shape).toEqual([6, ...expected.shape.slice(1)]);
    expect(actual.dataSync()).toEqual(expected.dataSync());
    tf.dispose([bytes, floats, actual, expected]);
    net.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});

describe('a compiled network', () => {
  it('leaves no folder behind, not even when the weights are missing', async () => {
    const tf = await loadTensorFlow();
    const folder = makeFolder('compiled-temporary');
    const fewer = new Map(weights);
    fewer.delete('top.conv.bias');
    await withTemporaryFolder(folder, async () => {
      const compiled = await createCompiledNetwork(tf, network, weights);
      compiled.dispose();
      await expect(createCompiledNetwork(tf, network, fewer)).rejects.toThrow('top.conv.bias');
    });
    expect(readdirSync(folder)).toEqual([]);
    removeFolder(folder);
  });

  it('takes two networks at once', async () => {
    const tf = await loadTensorFlow();
    const doubled = new Map(weights);
    const bias = weights.get('classifier.bias')!;
    doubled.set('classifier.bias', { shape: bias.shape, data: bias.data.map((value) => value + 100) });
    const [one, other] = await Promise.all([
      createCompiledNetwork(tf, network, weights),
      createCompiledNetwork(tf, network, doubled),
    ]);
    const x = tf.zeros([1, 32, 32, 3]);
    const [a, b] = [one.run(x), other.run(x)];
    const difference = b.sub(a);
    for (const value of difference.dataSync()) expect(value).toBeCloseTo(100, 3);
    tf.dispose([x, a, b, difference]);
    one.dispose();
    other.dispose();
  });
});

describe('the graph', () => {
  it('names every node once and reads only what came before', () => {
    const graph = writeGraphDef(network, weights);
    const seen = new Set<string>();
    for (const node of graph.nodes) {
      for (const input of node.input) expect(seen.has(input), `${node.name} reads ${input}`).toBe(true);
      expect(seen.has(node.name), node.name).toBe(false);
      seen.add(node.name);
    }
    expect(graph.inputShape).toEqual([32, 32, 3]);
    expect([...graph.outputs.keys()]).toEqual(network.nodes.map(({ name }) => name));
  });
});

describe('a saved model', () => {
  it('is one file, and tfjs reads its signature', async () => {
    const tf = await loadTensorFlow();
    const folder = join(scratch, 'model');
    await writeSavedModel(folder, network, weights, {
      input: 'pixels',
      outputs: { pool: 'features', classifier: 'logits' },
    });
    expect(readdirSync(folder)).toEqual(['saved_model.pb']);
    expect(readFileSync(join(folder, 'saved_model.pb')).includes('Placeholder')).toBe(true);
    const [metaGraph, ...more] = await tf.node.getMetaGraphsFromSavedModel(folder);
    expect(more).toEqual([]);
    expect(metaGraph!.tags).toEqual(['serve']);
    const signature = metaGraph!.signatureDefs['serving_default']!;
    expect(Object.keys(signature.inputs)).toEqual(['pixels']);
    expect(signature.inputs['pixels']).toMatchObject({ dtype: 'float32', tfDtype: 'DT_FLOAT' });
    expect(Object.keys(signature.outputs).sort()).toEqual(['features', 'logits']);
  });
});
