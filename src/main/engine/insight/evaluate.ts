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

/**
 * Measures a run's model on one split of its own data set or of another with the same class names.
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
  const unknown = dataset.classes.filter((name) => !classes.includes(name));
  if (unknown.length > 0) {
    throw new GraftError(
      'dataset-unusable',
      `expected class folders among ${classes.join(', ')} in ${path}, received also ${unknown.slice(0, 5).join(', ')}`,
    );
  }
  // A folder without a split that is not the run's own is measured whole: none of it was trained on.
  const isForeign = params.data !== null && params.data !== recipe.data.path;
  const hasSplits = dataset.images.some((image) => image.split !== 'train');
  const images =
    isForeign && !hasSplits
      ? dataset.images
      : splitForTraining(dataset, recipe.data).images.filter((image) => image.split === params.split);
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
    let lossSum = 0;
    const indices = images.map((_, index) => index);
    const request = { indices, batchSize: FEATURE_BATCH_SIZE, augment: null, signal };
    for await (const batch of source.batches(request)) {
      const logits = classifier.logits(batch.pixels, batch.count);
      batch.indices.forEach((index, row) => {
        const image = images[index]!;
        const scores = logits.subarray(row * classes.length, (row + 1) * classes.length);
        const label = classes.indexOf(dataset.classes[image.classIndex]!);
        const best = argMax(scores);
        lossSum += crossEntropy(scores, oneHot([label], classes.length), classes.length);
        labels.push(label);
        predicted.push(best);
        predictions.push({
          path: image.path,
          label: classes[label]!,
          predicted: classes[best]!,
          probabilities: softmax(scores),
        });
      });
      onProgress({ task: 'evaluate', done: labels.length, total: images.length, unit: 'images' });
    }
    const confusion = confusionMatrix(labels, predicted, classes.length);
    const hits = confusion.reduce((sum, row, index) => sum + row[index]!, 0);
    return {
      accuracy: hits / labels.length,
      loss: lossSum / labels.length,
      interval: wilsonInterval(hits, labels.length),
      classes,
      confusion,
      perClass: classMetrics(confusion).map((metrics, index) => ({ name: classes[index]!, ...metrics })),
      predictions,
      problems: dataset.problems,
    };
  } finally {
    classifier.dispose();
    await source.close();
  }
}
