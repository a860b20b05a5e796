import { GraftError } from '../../../shared/errors.js';
import type { Recipe } from '../../../shared/recipe.js';
import { applyOverlay } from '../dataset/overlay.js';
import { splitStratified } from '../dataset/split.js';
import type { Dataset, DatasetImage } from '../dataset/types.js';

/** The images of a run and which of them train; indices point into `images`. */
export interface TrainingSplit {
  /** As the user has named them. */
  readonly classes: readonly string[];
  readonly images: readonly DatasetImage[];
  readonly training: readonly number[];
  readonly validation: readonly number[];
  readonly test: readonly number[];
}

const indicesOf = (images: readonly DatasetImage[], split: DatasetImage['split']): number[] =>
  images.flatMap((image, index) => (image.split === split ? [index] : []));

/**
 * Applies the user's changes and decides which images train and which validate: the folder's own split where it has one,
 * else a stratified one by the recipe's seed.
 *
 * @throws GraftError `dataset-unusable` with fewer than two classes, or with none left to train or validate on; what
 * {@link applyOverlay} throws
 */
export function splitForTraining(dataset: Dataset, data: Recipe['data']): TrainingSplit {
  const { classes, images: kept } = applyOverlay(dataset, data);
  const hasValidation = kept.some((image) => image.split === 'val');
  const images = hasValidation ? kept : splitStratified(kept, { valFraction: data.valFraction, seed: data.splitSeed });
  const training = indicesOf(images, 'train');
  const validation = indicesOf(images, 'val');
  const trained = new Set(training.map((index) => images[index]!.classIndex));
  if (trained.size < 2) {
    const names = [...trained].map((index) => classes[index]).join(', ');
    throw new GraftError(
      'dataset-unusable',
      `expected training images of at least two classes in ${dataset.root}, received ${training.length} images of ${trained.size} (${names})`,
    );
  }
  if (validation.length === 0) {
    throw new GraftError(
      'dataset-unusable',
      `expected at least one validation image in ${dataset.root}: add images, or a folder "val" with the same classes`,
    );
  }
  return { classes, images, training, validation, test: indicesOf(images, 'test') };
}
