import { access } from 'node:fs/promises';
import { join } from 'node:path';
import type { CallContext, Params } from '../../../shared/contract.js';
import { argMax, softmax } from '../../../shared/metrics.js';
import type { FeaturesReport, PredictionReport, SkippedFile } from '../../../shared/reports.js';
import { getBackbone } from '../backbones/registry.js';
import { openBackboneWeights } from '../backbones/store.js';
import { EXPORTERS } from '../export/registry.js';
import { createEagerNetwork } from '../graph/eager.js';
import { foldNetwork } from '../graph/fold.js';
import { truncateNetwork } from '../graph/head.js';
import { readModel } from '../runs/run-folder.js';
import { loadTensorFlow, type TensorFlow } from '../tf.js';
import { FEATURE_BATCH_SIZE } from '../train/feature-table.js';
import { uploadBytes } from '../graph/pixels.js';
import type { Framing, InputSpec } from '../../../shared/input.js';
import { createClassifier, type Classifier } from './classifier.js';
import { pictureBatches } from './picture-batches.js';

/** A classifier and what its pictures must look like. */
export interface OpenClassifier {
  readonly classifier: Classifier;
  readonly input: InputSpec;
  readonly framing: Framing;
}

const exists = (path: string): Promise<boolean> =>
  access(path).then(
    () => true,
    () => false,
  );

/** Opens a run folder, or a folder that was exported in one of the formats. */
async function openClassifier(tf: TensorFlow, folder: string): Promise<OpenClassifier> {
  if (await exists(join(folder, 'preprocess.json'))) {
    for (const exporter of EXPORTERS) {
      if (await exists(join(folder, exporter.mainFile))) return await exporter.open(tf, folder);
    }
  }
  const model = await readModel(folder);
  const { input, framing } = model.description;
  return { classifier: createClassifier(tf, model), input, framing };
}

/**
 * Classifies files and folders. Files that cannot be used are listed, not fatal.
 *
 * @throws GraftError `not-found` when the model or a path does not exist
 */
export async function predictFiles(params: Params<'run.predict'>, context: CallContext): Promise<PredictionReport> {
  const tf = await loadTensorFlow();
  const { classifier, input, framing } = await openClassifier(tf, params.model);
  const { classes } = classifier;
  const skipped: SkippedFile[] = [];
  const images: PredictionReport['images'][number][] = [];
  try {
    const pictures = pictureBatches({
      paths: params.paths,
      input,
      framing: params.framing ?? framing,
      batchSize: FEATURE_BATCH_SIZE,
      skipped,
      ...context,
    });
    for await (const batch of pictures) {
      const logits = classifier.logits(batch.pixels, batch.paths.length);
      batch.paths.forEach((path, row) => {
        const scores = Array.from(logits.subarray(row * classes.length, (row + 1) * classes.length));
        const shares = softmax(scores);
        images.push({
          path,
          predicted: classes[argMax(scores)]!,
          probabilities: Object.fromEntries(classes.map((name, index) => [name, shares[index]!])),
          logits: scores,
        });
      });
    }
  } finally {
    classifier.dispose();
  }
  return { classes, images, skipped };
}

/**
 * Computes a backbone's pooled features of files and folders.
 *
 * @throws GraftError `unknown-backbone`, `weights-missing`, `not-found`
 */
export async function computeFeatures(
  params: Params<'features.compute'>,
  context: CallContext,
): Promise<FeaturesReport> {
  const definition = getBackbone(params.backbone);
  const weights = await openBackboneWeights(definition, { weightsFile: params.weightsFile });
  const tf = await loadTensorFlow();
  const folded = foldNetwork(truncateNetwork(definition.build(), definition.featuresNode), weights);
  const network = createEagerNetwork(tf, folded.network, folded.weights);
  const { input, featureSize } = definition;
  const skipped: SkippedFile[] = [];
  const images: FeaturesReport['images'][number][] = [];
  try {
    const pictures = pictureBatches({
      paths: params.paths,
      input,
      framing: params.framing,
      batchSize: FEATURE_BATCH_SIZE,
      skipped,
      ...context,
    });
    for await (const batch of pictures) {
      const output = tf.tidy(() => network.run(uploadBytes(tf, batch.pixels, batch.paths.length, input.size)));
      const values = output.dataSync<'float32'>();
      output.dispose();
      batch.paths.forEach((path, row) => {
        images.push({ path, features: Array.from(values.subarray(row * featureSize, (row + 1) * featureSize)) });
      });
    }
  } finally {
    network.dispose();
  }
  return { backbone: definition.id, dimension: featureSize, images, skipped };
}
