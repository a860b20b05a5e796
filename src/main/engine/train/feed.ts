import { setImmediate } from 'node:timers/promises';
import { planBatchMix, renderBatchMix } from '../../../shared/augment/batch-mix.js';
import { invariant } from '../../../shared/errors.js';
import type { InputSpec } from '../../../shared/input.js';
import type { Recipe } from '../../../shared/recipe.js';
import type { BatchSource } from '../dataset/batches.js';
import { epochOrder } from '../dataset/order.js';
import type { DatasetImage } from '../dataset/types.js';
import { uploadBytes } from '../graph/pixels.js';
import type { TensorFlow } from '../tf.js';
import type { FeatureTable } from './feature-table.js';
import { oneHot } from './loss.js';
import type { TrainingModel } from './model.js';
import type { CutBatch } from './step.js';

export interface FeedOptions {
  readonly tf: TensorFlow;
  readonly recipe: Recipe;
  readonly model: TrainingModel;
  readonly images: readonly DatasetImage[];
  /** Indices of the training images. */
  readonly training: readonly number[];
  readonly input: InputSpec;
  readonly featureSize: number;
  readonly source: BatchSource;
  /** Null when the backbone is not frozen as a whole. */
  readonly features: FeatureTable | null;
  readonly signal: AbortSignal;
}

/** Number of the view that an epoch (from 1) shows. */
export function viewOfEpoch(epoch: number, views: number | null): number {
  return views === null ? epoch - 1 : (epoch - 1) % views;
}

/** Whether an epoch's features can serve again: same pixels in a later epoch, and not mixed across images. */
export function canReuseFeatures(recipe: Recipe): boolean {
  return recipe.augment.mix === null && (recipe.augment.steps.length === 0 || recipe.training.views !== null);
}

/** What is left of an epoch's order behind its first `skip` batches, and the step in the whole run that it begins with. */
function orderOf({ recipe, training }: FeedOptions, epoch: number, skip: number) {
  const { batchSize, seed } = recipe.training;
  const order = epochOrder(training, { seed, epoch });
  const firstStep = (epoch - 1) * Math.ceil(order.length / batchSize) + skip;
  return { order: order.slice(skip * batchSize), firstStep };
}

/** Batches of one epoch at the cut, in the epoch's order, out of features that are computed once. */
async function* featureBatches(
  options: FeedOptions,
  table: FeatureTable,
  epoch: number,
  skip: number,
): AsyncIterable<CutBatch> {
  const { tf, recipe, images, featureSize } = options;
  const { batchSize, seed, views } = recipe.training;
  const { order, firstStep } = orderOf(options, epoch, skip);
  const view =
    recipe.augment.steps.length === 0 ? null : { policy: recipe.augment, seed, view: viewOfEpoch(epoch, views) };
  const ready = new Map<number, Float32Array>();
  const stream = table.stream(order, view, 'train', options.signal)[Symbol.asyncIterator]();
  let step = firstStep;
  try {
    for (let start = 0; start < order.length; start += batchSize) {
      const indices = order.slice(start, start + batchSize);
      while (indices.some((index) => !ready.has(index))) {
        const next = await stream.next();
        if (next.done) return;
        ready.set(next.value.index, next.value.features);
      }
      const rows = new Float32Array(indices.length * featureSize);
      indices.forEach((index, row) => rows.set(ready.get(index)!, row * featureSize));
      const labels = indices.map((index) => images[index]!.classIndex);
      const cut = tf.tensor2d(rows, [indices.length, featureSize]);
      yield { cut, labels, targets: oneHot(labels, options.model.classCount), step: step++ };
    }
  } finally {
    await stream.return?.();
  }
}

/**
 * Gives every batch the cut of the one after it, where that is ready: nobody waits for it. Disposes of what is made and not
 * taken.
 */
export async function* withNext(batches: AsyncGenerator<CutBatch>): AsyncGenerator<CutBatch> {
  let coming = batches.next();
  try {
    for (;;) {
      const arrived = await coming;
      if (arrived.done) return;
      coming = batches.next();
      // Whoever asks for it hears of its failure.
      const ready = await Promise.race([coming.catch(() => null), setImmediate(null)]);
      yield { ...arrived.value, next: ready?.done === false ? ready.value.cut : null };
    }
  } finally {
    const left = await coming.catch(() => null);
    if (left?.done === false) left.value.cut.dispose();
    await batches.return(undefined);
  }
}

/** Batches of one epoch at the cut, straight from augmented pixels. */
async function* pixelBatches(options: FeedOptions, epoch: number, skip: number): AsyncGenerator<CutBatch> {
  const { tf, recipe, model, images, input } = options;
  const { batchSize, seed, views } = recipe.training;
  const { order, firstStep } = orderOf(options, epoch, skip);
  const view = viewOfEpoch(epoch, views);
  const augment = recipe.augment.steps.length === 0 ? null : { policy: recipe.augment, seed, view };
  let step = firstStep;
  for await (const batch of options.source.batches({ indices: order, batchSize, augment, signal: options.signal })) {
    const labels = batch.indices.map((index) => images[index]!.classIndex);
    let { pixels } = batch;
    let targets = oneHot(labels, model.classCount);
    if (recipe.augment.mix !== null) {
      const plan = planBatchMix(recipe.augment.mix, { seed, step }, batch.count, input.size);
      ({ pixels, targets } = renderBatchMix({ pixels, targets }, plan, input.size, model.classCount));
    }
    const cut = tf.tidy(() => model.freeze(uploadBytes(tf, pixels, batch.count, input.size), 'train'));
    yield { cut, labels, targets, step: step++ };
  }
}

/**
 * The batches of one epoch (from 1), at the cut between frozen and training, without the first `skip`. What is skipped is
 * not made; the others are as they would be behind it. Each batch's `cut` is the receiver's to dispose.
 */
export function feedEpoch(options: FeedOptions, epoch: number, skip: number): AsyncIterable<CutBatch> {
  if (options.model.isFrozen && canReuseFeatures(options.recipe)) {
    invariant(options.features, 'a frozen backbone has a feature table');
    return featureBatches(options, options.features, epoch, skip);
  }
  const batches = pixelBatches(options, epoch, skip);
  return options.model.trainer.canStage ? withNext(batches) : batches;
}
