/** An interval of a share, both ends in 0..1. */
export type Interval = readonly [low: number, high: number];

/** Quantile of the standard normal for a two-sided 95 % interval. */
const Z_95 = 1.959963984540054;

/**
 * 95 % score interval of a share. E. B. Wilson, "Probable inference, the law of succession, and statistical inference"
 * (1927). With no trials nothing is known: [0, 1].
 */
export function wilsonInterval(successes: number, trials: number): Interval {
  if (trials === 0) return [0, 1];
  const share = successes / trials;
  const z2 = Z_95 * Z_95;
  const centre = share + z2 / (2 * trials);
  const spread = Z_95 * Math.sqrt((share * (1 - share)) / trials + z2 / (4 * trials * trials));
  const scale = 1 + z2 / trials;
  return [Math.max(0, (centre - spread) / scale), Math.min(1, (centre + spread) / scale)];
}

/** Counts by class, `[true class][predicted class]`. */
export function confusionMatrix(
  labels: readonly number[],
  predicted: readonly number[],
  classCount: number,
): number[][] {
  const matrix = Array.from({ length: classCount }, () => new Array<number>(classCount).fill(0));
  labels.forEach((label, index) => {
    const row = matrix[label]!;
    const column = predicted[index]!;
    row[column] = row[column]! + 1;
  });
  return matrix;
}

/** What a class's predictions are worth; a share without cases is null, never 0. */
export interface ClassMetrics {
  /** Images of the class. */
  readonly support: number;
  /** Of the images called this class, the share that is. */
  readonly precision: number | null;
  /** Of the images of this class, the share that was called so. */
  readonly recall: number | null;
  /** Harmonic mean of precision and recall. */
  readonly f1: number | null;
}

/** Precision, recall and F1 of every class of a {@link confusionMatrix}. */
export function classMetrics(confusion: readonly (readonly number[])[]): ClassMetrics[] {
  return confusion.map((row, index) => {
    const hits = row[index]!;
    const support = row.reduce((sum, count) => sum + count, 0);
    const called = confusion.reduce((sum, other) => sum + other[index]!, 0);
    const precision = called === 0 ? null : hits / called;
    const recall = support === 0 ? null : hits / support;
    // Twice the hits over all that is or is called so equals the harmonic mean and needs no division by zero.
    const f1 = support + called === 0 ? null : (2 * hits) / (support + called);
    return { support, precision, recall, f1 };
  });
}

/** Index of the largest value; the first of equals. */
export function argMax(values: ArrayLike<number>): number {
  let best = 0;
  for (let index = 1; index < values.length; index++) if (values[index]! > values[best]!) best = index;
  return best;
}

/** Probabilities of logits, shifted by the largest so that nothing overflows. */
export function softmax(logits: ArrayLike<number>): number[] {
  const largest = logits[argMax(logits)] ?? 0;
  const powers = Array.from(logits, (logit) => Math.exp(logit - largest));
  const sum = powers.reduce((a, b) => a + b, 0);
  return powers.map((power) => power / sum);
}

/** Whether an epoch is better than another by its validation: higher accuracy, and of equals the lower loss. */
export function isBetterEpoch(
  a: { readonly accuracy: number; readonly loss: number },
  b: { readonly accuracy: number; readonly loss: number },
): boolean {
  return a.accuracy > b.accuracy || (a.accuracy === b.accuracy && a.loss < b.loss);
}
