import { readFile } from 'node:fs/promises';
import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import { describe, expect, it } from 'vitest';
import { BACKBONES, getBackbone } from '../../src/main/engine/backbones/registry.js';
import { createCompiledNetwork } from '../../src/main/engine/compiled/compiled-network.js';
import { createEagerNetwork } from '../../src/main/engine/graph/eager.js';
import { foldNetwork } from '../../src/main/engine/graph/fold.js';
import { truncateNetwork } from '../../src/main/engine/graph/head.js';
import { createTrainableNetwork } from '../../src/main/engine/graph/trainable.js';
import { loadTensorFlow } from '../../src/main/engine/tf.js';
import { fnv1a32 } from '../../src/shared/random.js';
import { mulberry32 } from '../support/fill.js';
import { formulaInput, formulaWeights, relativeError, withoutNormalisation } from '../support/networks.js';
import { sharedPath } from '../support/shared-data.js';

const TOLERANCE = 1e-4;

interface Reference {
  readonly pooled: readonly number[];
  readonly logits: readonly number[];
  readonly shapes: Readonly<Record<string, readonly number[]>>;
}

/** torchvision's numbers (efficientnet_lite*: the efficientnet-lite-pytorch package's), or null where they are absent. */
async function readReference(id: string): Promise<Reference | null> {
  const path = sharedPath('fixtures', 'backbones', `${id}.json`);
  return path === null ? null : (JSON.parse(await readFile(path, 'utf8')) as Reference);
}

describe.each(BACKBONES.map(({ id }) => id))('%s', (id) => {
  const definition = getBackbone(id);
  const network = withoutNormalisation(definition.build());
  const weights = formulaWeights(network);
  const { size } = definition.input;
  const pixels = formulaInput(size, mulberry32(fnv1a32('input')));

  it('has the parameters of the checkpoint', async () => {
    const reference = await readReference(id);
    const own = Object.fromEntries(network.params.map((param) => [param.name, param.shape]));
    const ignored = (name: string): boolean => definition.ignore.some((pattern) => pattern.test(name));
    const expected = Object.entries(reference?.shapes ?? own).filter(([name]) => !ignored(name));
    expect(own).toEqual(Object.fromEntries(expected));
  });

  it('gives the reference features and logits: unfolded, folded and compiled', async () => {
    const tf = await loadTensorFlow();
    const before = tf.memory().numTensors;
    const read = (run: () => Tensor): Float32Array => {
      const tensor = tf.tidy(run);
      const values = tensor.dataSync<'float32'>();
      tensor.dispose();
      return values;
    };
    const reference = await readReference(id);
    const x = tf.tensor4d(pixels, [1, size, size, 3]);

    const unfolded = createTrainableNetwork(tf, network, weights);
    const plain = read(() => unfolded.forward(x, { batchNorm: 'frozen', training: false }));
    unfolded.dispose();
    const logits = reference?.logits ?? plain;
    expect(relativeError(plain, logits)).toBeLessThan(TOLERANCE);

    const folded = foldNetwork(network, weights);
    const eager = createEagerNetwork(tf, folded.network, folded.weights);
    const pooled = read(() => eager.run(x, definition.featuresNode));
    expect(pooled.length).toBe(definition.featureSize);
    if (reference) expect(relativeError(pooled, reference.pooled)).toBeLessThan(TOLERANCE);
    expect(
      relativeError(
        read(() => eager.run(x)),
        logits,
      ),
    ).toBeLessThan(TOLERANCE);
    eager.dispose();

    const features = truncateNetwork(folded.network, definition.featuresNode);
    const compiled = await createCompiledNetwork(tf, features, folded.weights);
    const compiledPooled = read(() => compiled.run(x));
    expect(relativeError(compiledPooled, reference?.pooled ?? pooled)).toBeLessThan(TOLERANCE);
    compiled.dispose();
    x.dispose();
    expect(tf.memory().numTensors).toBe(before);
  });
});
