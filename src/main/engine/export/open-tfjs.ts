import { readFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import * as v from 'valibot';
import { GraftError } from '../../../shared/errors.js';
import { parseWith } from '../../../shared/parse.js';
import { LOGITS_NODE } from '../graph/head.js';
import type { OpenClassifier } from '../insight/predict.js';
import type { TensorFlow } from '../tf.js';
import { uploadFloats } from '../graph/pixels.js';
import { readExportDescription, readExportedJson } from './export-folder.js';

const weightSchema = v.object({
  name: v.string(),
  shape: v.array(v.number()),
  dtype: v.literal('float32'),
});

const manifestSchema = v.object({
  format: v.literal('layers-model'),
  modelTopology: v.record(v.string(), v.unknown()),
  weightsManifest: v.array(v.object({ paths: v.array(v.string()), weights: v.array(weightSchema) })),
});

/** Reads the shards of a manifest; a path that leaves the folder is refused, since tfjs-node's own loader follows it. */
async function readShards(folder: string, paths: readonly string[]): Promise<ArrayBuffer> {
  const parts: Buffer[] = [];
  for (const path of paths) {
    if (path !== basename(path) || path === '' || path === '.' || path === '..') {
      throw new GraftError(
        'unsafe-file',
        `expected plain file names in ${join(folder, 'model.json')}, received ${path}`,
      );
    }
    parts.push(await readFile(join(folder, path)));
  }
  const joined = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    joined.set(part, offset);
    offset += part.length;
  }
  return joined.buffer;
}

/**
 * Opens a folder that was exported in the TensorFlow.js layers format, through checks of our own instead of tfjs-node's
 * loader.
 *
 * @throws GraftError `unreadable-file`, `invalid-value`, `unsafe-file`
 */
export async function openExportedModel(tf: TensorFlow, folder: string): Promise<OpenClassifier> {
  const { classes, input, framing } = await readExportDescription(folder);
  const manifest = parseWith(manifestSchema, await readExportedJson(folder, 'model.json'), join(folder, 'model.json'));
  const weightData = await readShards(
    folder,
    manifest.weightsManifest.flatMap((group) => group.paths),
  );
  const weightSpecs = manifest.weightsManifest.flatMap((group) => group.weights);
  const expected = weightSpecs.reduce((sum, { shape }) => sum + shape.reduce((a, b) => a * b, 4), 0);
  if (expected !== weightData.byteLength) {
    throw new GraftError(
      'unreadable-file',
      `expected ${expected} bytes of weights in ${folder}, received ${weightData.byteLength}`,
    );
  }
  const model = await tf.loadLayersModel({
    load: async () => ({ modelTopology: manifest.modelTopology, weightSpecs, weightData }),
  });
  const scores = tf.model({
    inputs: model.inputs,
    outputs: model.getLayer(LOGITS_NODE).output,
  });
  return {
    input,
    framing,
    classifier: {
      classes,
      logits: (pixels, count) => {
        const output = tf.tidy(() => scores.predict(uploadFloats(tf, pixels, count, input.size)) as Tensor);
        const values = output.dataSync<'float32'>();
        output.dispose();
        return values;
      },
      dispose: () => model.dispose(),
    },
  };
}
