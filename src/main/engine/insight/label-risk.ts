import { invariant } from '../../../shared/errors.js';

/** A picture's features with the class that it has. */
export interface LabelledFeatures {
  readonly classIndex: number;
  readonly features: Float32Array;
}

/** How one way of changing pictures moves them between classes. */
export interface LabelShift {
  /** Share of all pictures that end nearer to another class, less the share that lies there unchanged; 0..1. */
  readonly share: number;
  /** The most frequent way from a class to another; null when there is none. */
  readonly pair: {
    readonly from: number;
    readonly to: number;
    /** Of the pictures of `from`, the share that was right and ends at `to`; 0..1. */
    readonly share: number;
  } | null;
}

/** The same direction, with length 1; features that are all 0 stay so. */
function normalise(values: Float32Array): Float32Array {
  const length = Math.hypot(...values);
  return length === 0 ? values : values.map((value) => value / length);
}

/** Sums of normalised features by class, from which a picture's own share can be taken away. */
interface Sums {
  readonly classes: ReadonlyMap<number, Float64Array>;
  /** Normalised features of each picture. */
  readonly own: readonly Float32Array[];
}

function sumByClass(pictures: readonly LabelledFeatures[]): Sums {
  const classes = new Map<number, Float64Array>();
  const own = pictures.map(({ classIndex, features }) => {
    const direction = normalise(features);
    const sum = classes.get(classIndex) ?? new Float64Array(features.length);
    direction.forEach((value, i) => (sum[i] = sum[i]! + value));
    classes.set(classIndex, sum);
    return direction;
  });
  return { classes, own };
}

/**
 * The class whose mean direction is nearest by angle.
 *
 * @param left a picture that takes no part in the mean of its own class
 */
function nearestClass(
  features: Float32Array,
  sums: Sums,
  left: { readonly classIndex: number; readonly own: Float32Array },
) {
  let best = -1;
  let bestCosine = -Infinity;
  for (const [classIndex, sum] of sums.classes) {
    const isOwn = classIndex === left.classIndex;
    let dot = 0;
    let squares = 0;
    for (let i = 0; i < sum.length; i++) {
      const value = isOwn ? sum[i]! - left.own[i]! : sum[i]!;
      dot += value * features[i]!;
      squares += value * value;
    }
    const cosine = squares === 0 ? -Infinity : dot / Math.sqrt(squares);
    if (cosine > bestCosine) [best, bestCosine] = [classIndex, cosine];
  }
  return best;
}

/**
 * Says how changed pictures move towards other classes: nearest class means by angle, each picture left out of its own.
 *
 * @param clean at least two pictures of each class
 * @param changed for each of `clean` the features of its changed versions, at least one
 */
export function measureLabelShift(
  clean: readonly LabelledFeatures[],
  changed: readonly (readonly Float32Array[])[],
): LabelShift {
  invariant(clean.length === changed.length && clean.length > 0, 'every picture has changed versions');
  const sums = sumByClass(clean);
  const counts = new Map<number, number>();
  const ways = new Map<string, { from: number; to: number; weight: number }>();
  let excess = 0;
  clean.forEach(({ classIndex: from }, index) => {
    counts.set(from, (counts.get(from) ?? 0) + 1);
    const left = { classIndex: from, own: sums.own[index]! };
    const wasRight = nearestClass(left.own, sums, left) === from;
    const versions = changed[index]!;
    if (!wasRight) excess -= 1;
    for (const version of versions) {
      const to = nearestClass(normalise(version), sums, left);
      if (to === from) continue;
      excess += 1 / versions.length;
      if (!wasRight) continue;
      const key = `${from}/${to}`;
      const way = ways.get(key) ?? { from, to, weight: 0 };
      ways.set(key, { ...way, weight: way.weight + 1 / versions.length });
    }
  });
  const shares = [...ways.values()].map(({ from, to, weight }) => ({ from, to, share: weight / counts.get(from)! }));
  const [pair = null] = shares.sort((a, b) => b.share - a.share || a.from - b.from || a.to - b.to);
  return { share: Math.max(0, excess / clean.length), pair };
}
