import type { Prediction } from '../../../shared/reports.js';

export const GALLERY_ORDERS = ['loss', 'confident', 'unsure'] as const;
export type GalleryOrder = (typeof GALLERY_ORDERS)[number];

/** Which pictures a gallery shows; a null class does not narrow it. */
export interface GalleryFilter {
  readonly correctness: 'all' | 'wrong' | 'right';
  readonly label: string | null;
  readonly predicted: string | null;
}

export const confidenceOf = (prediction: Prediction): number => Math.max(...prediction.probabilities);

const COMPARE: Readonly<Record<GalleryOrder, (a: Prediction, b: Prediction) => number>> = {
  loss: (a, b) => b.loss - a.loss,
  confident: (a, b) => confidenceOf(b) - confidenceOf(a),
  unsure: (a, b) => confidenceOf(a) - confidenceOf(b),
};

/** Pictures of a filter in an order; pictures that are equal in it stay in the order of the data set. */
export function selectPictures(
  predictions: readonly Prediction[],
  filter: GalleryFilter,
  order: GalleryOrder,
): readonly Prediction[] {
  return predictions
    .filter(({ label, predicted }) => {
      if (filter.correctness === 'wrong' && label === predicted) return false;
      if (filter.correctness === 'right' && label !== predicted) return false;
      if (filter.label !== null && label !== filter.label) return false;
      return filter.predicted === null || predicted === filter.predicted;
    })
    .sort(COMPARE[order]);
}

/** A class with its probability. */
export interface Ranked {
  readonly name: string;
  readonly probability: number;
}

/** The likeliest classes, the likeliest first. */
export function rankClasses(
  classes: readonly string[],
  probabilities: readonly number[],
  count: number,
): readonly Ranked[] {
  return classes
    .map((name, index) => ({ name, probability: probabilities[index] ?? 0 }))
    .sort((a, b) => b.probability - a.probability)
    .slice(0, count);
}
