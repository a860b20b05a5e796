import type { CallContext, Params } from '../../../shared/contract.js';
import { GraftError, throwIfAborted } from '../../../shared/errors.js';
import { argMax, classMetrics, confusionMatrix, softmax, wilsonInterval } from '../../../shared/metrics.js';
import type { EvaluationReport, Prediction } from '../../../shared/reports.js';
import { createBatchSource } from '../dataset/batches.js';
import { openPixelCache } from '../dataset/cache.js';
import { scanDataset } from '../dataset/scan.js';
import { readModel, readRecipe } from '../runs/run-folder.js';
import { loadTensorFlow } from '../tf.js';
import { FEATURE_BATCH_SIZE } from '../train/feature-table.js';
import { crossEntropy, oneHot } from '../train/loss.js';
import { splitForTraining } from '../train/prepare.js';
import { createClassifier } from './classifier.js';
import { evaluationKey, readEvaluation, writeEvaluation } from './evaluation-cache.js';

/**
 * Measures a run's model on one split of its own data set or of another with the same class names. The run folder keeps
 * the report of its own data set, which serves again while weights and pictures are the same.
 *
 * @throws GraftError `dataset-unusable` when a class is unknown to the model or the split is empty; what reading the run
 * and scanning throw
 */
export async function evaluateRun(params: Params<'run.evaluate'>, context: CallContext): Promise<EvaluationReport> {
  const { signal, onProgress } = context;
  const model = await readModel(params.run);
  const recipe = await readRecipe(params.run);
  const { input, framing, classes } = model.description;
  const cache = openPixelCache({ input });
  const path = params.data ?? recipe.data.path;
  const dataset = await scanDataset(path, { signal, onProgress, cache });
  const isForeign = params.data !== null && params.data !== recipe.data.path;
  const key = evaluationKey([model.description, dataset.fingerprint, recipe.data, params.split]);
  const kept = isForeign ? null : await readEvaluation(params.run, params.split, key);
  // What is wrong with files that are left out may change without a change of the pictures.
  if (kept !== null) return { ...kept, problems: dataset.problems };
  // The user's changes are of the run's own pictures. A foreign folder without a split is measured whole: none of it was
  // trained on.
  const data = isForeign ? { ...recipe.data, exclude: [], move: {}, rename: {} } : recipe.data;
  const isWhole = isForeign && dataset.images.every((image) => image.split === 'train');
  const measured = isWhole ? dataset : splitForTraining(dataset, data);
  const unknown = measured.classes.filter((name) => !classes.includes(name));
  if (unknown.length > 0) {
    throw new GraftError(
      'dataset-unusable',
      `expected class folders among ${classes.join(', ')} in ${path}, received also ${unknown.slice(0, 5).join(', ')}`,
    );
  }
  const images = isWhole ? measured.images : measured.images.filter((image) => image.split === params.split);
  if (images.length === 0) {
    throw new GraftError('dataset-unusable', `expected images in the ${params.split} split of ${path}, found none`);
  }
  throwIfAborted(signal);

  const tf = await loadTensorFlow();
  const classifier = createClassifier(tf, model);
  const source = createBatchSource({ images, input, framing, cache });
  try {
    const labels: number[] = [];
    const predicted: number[] = [];
    const predictions: Prediction[] = [];
    const indices = images.map((_, index) => index);
    const request = { indices, batchSize: FEATURE_BATCH_SIZE, augment: null, signal };
    for await (const batch of source.batches(request)) {
      const logits = classifier.logits(batch.pixels, batch.count);
      batch.indices.forEach((index, row) => {
        const image = images[index]!;
        const scores = logits.subarray(row * classes.length, (row + 1) * classes.length);
        const label = classes.indexOf(measured.classes[image.classIndex]!);
        const best = argMax(scores);
        labels.push(label);
        predicted.push(best);
        predictions.push({
          path: image.path,
          label: classes[label]!,
          predicted: classes[best]!,
          probabilities: softmax(scores),
          loss: crossEntropy(scores, oneHot([label], classes.length), classes.length),
        });
      });
      onProgress({ task: 'evaluate', done: labels.length, total: images.length, unit: 'images' });
    }
    const confusion = confusionMatrix(labels, predicted, classes.length);
    const hits = confusion.reduce((sum, row, index) => sum + row[index]!, 0);
    const mostFrequent = Math.max(...confusion.map((row) => row.reduce((sum, count) => sum + count, 0)));
    const report: EvaluationReport = {
      accuracy: hits / labels.length,
      baseline: mostFrequent / labels.length,
      loss: predictions.reduce((sum, { loss }) => sum + loss, 0) / labels.length,
      interval: wilsonInterval(hits, labels.length),
      classes,
      confusion,
      perClass: classMetrics(confusion).map((metrics, index) => ({ name: classes[index]!, ...metrics })),
      predictions,
      problems: dataset.problems,
    };
    if (!isForeign) await writeEvaluation(params.run, params.split, key, report);
    return report;
  } finally {
    classifier.dispose();
    await source.close();
  }
}
