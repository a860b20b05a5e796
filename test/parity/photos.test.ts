import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { downloadBackbone } from '../../src/main/engine/backbones/download-backbone.js';
import { getBackbone } from '../../src/main/engine/backbones/registry.js';
import { openBackboneWeights } from '../../src/main/engine/backbones/store.js';
import { decodeImage } from '../../src/main/engine/dataset/decode.js';
import { createEagerNetwork } from '../../src/main/engine/graph/eager.js';
import { foldNetwork } from '../../src/main/engine/graph/fold.js';
import { loadTensorFlow } from '../../src/main/engine/tf.js';
import { frameImage } from '../../src/shared/framing.js';
import { argMax } from '../../src/shared/metrics.js';
import { sharedPath } from '../support/shared-data.js';

interface Reference {
  readonly photos: readonly {
    readonly image: string;
    readonly top5: readonly number[];
    readonly pooled: readonly number[];
  }[];
}

const fixtures = sharedPath('fixtures', 'photos');
const photos = sharedPath('data', 'hymenoptera');

function cosine(a: ArrayLike<number>, b: ArrayLike<number>): number {
  let [dot, aa, bb] = [0, 0, 0];
  for (let i = 0; i < b.length; i++) {
    dot += a[i]! * b[i]!;
    aa += a[i]! * a[i]!;
    bb += b[i]! * b[i]!;
  }
  return dot / Math.sqrt(aa * bb);
}

/** Published weights on real photos, through our own decoding and framing, against PyTorch's package. */
describe.skipIf(fixtures === null || photos === null)('published weights on photos', () => {
  it.each(['efficientnet_lite0', 'efficientnet_lite1', 'efficientnet_lite2'])(
    '%s',
    { timeout: 300_000 },
    async (id) => {
      const definition = getBackbone(id);
      await downloadBackbone(definition);
      const { photos: expected } = JSON.parse(await readFile(join(fixtures!, `${id}.json`), 'utf8')) as Reference;
      expect(expected).toHaveLength(10);
      const tf = await loadTensorFlow();
      const folded = foldNetwork(definition.build(), await openBackboneWeights(definition, { weightsFile: null }));
      const network = createEagerNetwork(tf, folded.network, folded.weights);
      const { size } = definition.input;
      for (const { image, top5, pooled } of expected) {
        const framed = frameImage(await decodeImage(join(photos!, image)), definition.input, 'crop');
        const read = (output: string): Float32Array => {
          const tensor = tf.tidy(() =>
            network.run(tf.tensor4d(Float32Array.from(framed.data), [1, size, size, 3]), output),
          );
          const values = tensor.dataSync<'float32'>();
          tensor.dispose();
          return values;
        };
        expect(cosine(read(definition.featuresNode), pooled), image).toBeGreaterThanOrEqual(0.9995);
        expect(argMax(read(definition.logitsNode)), image).toBe(top5[0]);
      }
      network.dispose();
    },
  );
});
