import { invariant } from '../../../shared/errors.js';
import { foldNetwork } from '../graph/fold.js';
import type { TensorFlow } from '../tf.js';
import type { Exporter } from './exporter.js';
import { buildLayersModel } from './layers-model.js';
import { openExportedModel } from './open-tfjs.js';
import { TFJS_SAMPLE } from './samples/tfjs-page.js';

/** Browsers cache files up to this size well; the TensorFlow.js converter's own choice. */
const SHARD_BYTES = 4 * 1024 * 1024;

type ModelArtifacts = Parameters<Parameters<TensorFlow['io']['withSaveHandler']>[0]>[0];

/** The weights as one buffer. */
function joinWeights(data: ModelArtifacts['weightData']): Uint8Array {
  invariant(data !== undefined, 'a saved model has weights');
  return new Uint8Array(Array.isArray(data) ? Buffer.concat(data.map((part) => new Uint8Array(part))) : data);
}

/**
 * TensorFlow.js layers format: `model.json` and binary shards for `tf.loadLayersModel`. Input `[n, size, size, 3]`, RGB in
 * 0..255; normalisation and softmax are inside.
 */
export const tfjsLayersExporter: Exporter = {
  id: 'tfjs',
  label: 'TensorFlow.js layers model',
  description: 'For web pages: runs in the browser, so that pictures stay with their user.',
  mainFile: 'model.json',
  sample: TFJS_SAMPLE,
  supports: () => true,
  async write(tf, model, sink) {
    const folded = foldNetwork(model.network, model.weights);
    const layersModel = buildLayersModel(tf, folded.network, folded.weights);
    try {
      let artifacts: ModelArtifacts | null = null;
      await layersModel.save(
        tf.io.withSaveHandler(async (saved) => {
          artifacts = saved;
          return { modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: 'JSON' } };
        }),
      );
      const saved = artifacts as ModelArtifacts | null;
      invariant(saved?.weightSpecs, 'the save handler was called');
      const bytes = joinWeights(saved.weightData);
      const shardCount = Math.max(1, Math.ceil(bytes.length / SHARD_BYTES));
      const paths: string[] = [];
      for (let shard = 0; shard < shardCount; shard++) {
        const name = `group1-shard${shard + 1}of${shardCount}.bin`;
        await sink.write(name, bytes.subarray(shard * SHARD_BYTES, (shard + 1) * SHARD_BYTES));
        paths.push(name);
      }
      const description = {
        format: 'layers-model',
        generatedBy: 'Graft',
        convertedBy: null,
        modelTopology: saved.modelTopology,
        weightsManifest: [{ paths, weights: saved.weightSpecs }],
      };
      await sink.write('model.json', JSON.stringify(description));
    } finally {
      layersModel.dispose();
    }
  },
  open: openExportedModel,
};
