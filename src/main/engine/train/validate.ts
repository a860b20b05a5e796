import { invariant } from '../../../shared/errors.js';
import type { InputSpec } from '../../../shared/input.js';
import type { ProgressListener } from '../../../shared/progress.js';
import type { LossAndAccuracy } from '../../../shared/reports.js';
import type { BatchSource } from '../dataset/batches.js';
import type { DatasetImage } from '../dataset/types.js';
import type { TensorFlow } from '../tf.js';
import { FEATURE_BATCH_SIZE, type FeatureTable } from './feature-table.js';
import { uploadBytes } from '../graph/pixels.js';
import { crossEntropy, oneHot } from './loss.js';
import type { TrainingModel } from './model.js';
import { countHits } from './step.js';

export interface ValidatorOptions {
  readonly tf: TensorFlow;
  readonly model: TrainingModel;
  readonly images: readonly DatasetImage[];
  /** Indices of the validation images. */
  readonly validation: readonly number[];
  readonly input: InputSpec;
  readonly featureSize: number;
  readonly source: BatchSource;
  readonly features: FeatureTable | null;
  /** Gives up what is computed before the first epoch. */
  readonly ending: AbortSignal;
  /** Gives up a pass: a run that is stopped and kept still needs its last one. */
  readonly cancelled: AbortSignal;
}

/** What one pass over the validation images gives. */
export interface Validation {
  readonly val: LossAndAccuracy;
  /** [n, classes], in the order of the validation images. */
  readonly logits: Float32Array;
}

/** Runs the validation images through the model with its present weights. Dispose it. */
export interface Validator {
  evaluate(): Promise<Validation>;
  dispose(): void;
}

/** Plain mean cross-entropy and accuracy; no smoothing and no class weights, so that runs can be compared. */
function score(logits: Float32Array, labels: readonly number[], classCount: number): Validation {
  const loss = crossEntropy(logits, oneHot(labels, classCount), classCount) / labels.length;
  return { val: { loss, accuracy: countHits(logits, labels, classCount) / labels.length }, logits };
}

async function validateOnFeatures(options: ValidatorOptions, table: FeatureTable, onProgress: ProgressListener) {
  const { tf, model, images, validation, featureSize } = options;
  const rows = new Float32Array(validation.length * featureSize);
  const position = new Map(validation.map((index, row) => [index, row]));
  let done = 0;
  for await (const { index, features } of table.stream(validation, null, 'report', options.ending)) {
    rows.set(features, position.get(index)! * featureSize);
    onProgress({ task: 'features', done: ++done, total: validation.length, unit: 'images', label: 'validation' });
  }
  const matrix = tf.tensor2d(rows, [validation.length, featureSize]);
  const labels = validation.map((index) => images[index]!.classIndex);
  return {
    evaluate: async () => {
      const logits = model.trainer.infer(matrix);
      const values = logits.dataSync<'float32'>();
      logits.dispose();
      return score(values, labels, model.classCount);
    },
    dispose: () => matrix.dispose(),
  };
}

function validateOnPixels(options: ValidatorOptions): Validator {
  const { tf, model, images, validation, input } = options;
  const evaluate = async (): Promise<Validation> => {
    const logits = new Float32Array(validation.length * model.classCount);
    const labels: number[] = [];
    const request = { indices: validation, batchSize: FEATURE_BATCH_SIZE, augment: null, signal: options.cancelled };
    for await (const batch of options.source.batches(request)) {
      const scores = tf.tidy(() => {
        const cut = model.freeze(uploadBytes(tf, batch.pixels, batch.count, input.size), 'report');
        return model.trainer.infer(cut);
      });
      logits.set(scores.dataSync<'float32'>(), labels.length * model.classCount);
      scores.dispose();
      for (const index of batch.indices) labels.push(images[index]!.classIndex);
    }
    invariant(labels.length === validation.length, 'every validation image is evaluated');
    return score(logits, labels, model.classCount);
  };
  return { evaluate, dispose: () => undefined };
}

/**
 * Builds the validator of a run. With a frozen backbone the features are computed here, once; then an epoch's validation
 * is one matrix product.
 */
export async function createValidator(options: ValidatorOptions, onProgress: ProgressListener): Promise<Validator> {
  return options.features === null
    ? validateOnPixels(options)
    : await validateOnFeatures(options, options.features, onProgress);
}
