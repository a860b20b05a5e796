/** A point of a curve, in the units of its axes. */
export type Point = readonly [x: number, y: number];

/** One curve of a chart. Its points ascend in x. */
export interface LineSeries {
  /** Unique in its chart. */
  readonly id: string;
  readonly label: string;
  readonly points: readonly Point[];
  /** Custom property of the style sheet that holds its colour, as `--series-val`. */
  readonly colour: string;
  /** Lengths of dashes and gaps in pixels; a solid line without. */
  readonly dash?: readonly number[];
  /** Drawn thin and pale, behind the others. */
  readonly isFaint?: boolean;
  /** Width of the line in pixels; 2 without. */
  readonly width?: number;
  /** A dot at each point. */
  readonly hasDots?: boolean;
}

/** A vertical line over a chart. */
export interface LineMarker {
  readonly x: number;
  readonly label: string;
  readonly colour: string;
  /** Where the label stands: away from where the curves gather. */
  readonly edge: 'top' | 'bottom';
}

export interface Bounds {
  readonly min: number;
  readonly max: number;
}

/** Index of the point whose x is nearest to `x`, by bisection; the earlier of two equally near, -1 without points. */
export function nearestIndex(points: readonly Point[], x: number): number {
  let low = 0;
  let high = points.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (points[middle]![0] < x) low = middle + 1;
    else high = middle;
  }
  const before = points[low - 1];
  const at = points[low];
  if (at === undefined) return -1;
  return before !== undefined && x - before[0] <= at[0] - x ? low - 1 : low;
}

/**
 * Value of a curve at the point nearest to `x`; the last one for a null `x`.
 *
 * @param reach how far from `x` the point may be
 * @returns null without a point there
 */
export function valueAt(points: readonly Point[], x: number | null, reach = Infinity): number | null {
  if (x === null) return points.at(-1)?.[1] ?? null;
  const point = points[nearestIndex(points, x)];
  return point === undefined || Math.abs(point[0] - x) > reach ? null : point[1];
}

/** The largest x of all curves; null where there are no points. */
export function lastX(series: readonly Pick<LineSeries, 'points'>[]): number | null {
  const ends = series.flatMap(({ points }) => points.at(-1)?.[0] ?? []);
  return ends.length === 0 ? null : Math.max(...ends);
}

/**
 * Exponential moving average whose start is not drawn towards zero: what is missing of the weights is divided out, as Adam
 * does with its moments.
 *
 * @param weight of the past, 0 (as it is) to below 1
 */
export function smooth(points: readonly Point[], weight: number): readonly Point[] {
  if (weight <= 0) return points;
  let mean = 0;
  let total = 1;
  return points.map(([x, y]) => {
    mean = weight * mean + (1 - weight) * y;
    total *= weight;
    return [x, mean / (1 - total)];
  });
}

/** `#rrggbb` with an opacity of 0..1; what has another form stays. */
export function withOpacity(colour: string, opacity: number): string {
  if (!/^#[0-9a-f]{6}$/i.test(colour)) return colour;
  const alpha = Math.round(Math.min(1, Math.max(0, opacity)) * 255);
  return colour + alpha.toString(16).padStart(2, '0');
}

/** Fewest units of the x axis that can be zoomed to. */
export const MIN_RANGE = 0.1;

/**
 * The part of `full` that is shown when `now` is made `factor` times as wide about `centre`; null when that is all of it.
 * No less than {@link MIN_RANGE} stays.
 */
export function zoomBounds(full: Bounds, now: Bounds, centre: number, factor: number): Bounds | null {
  const before = now.max - now.min;
  const width = Math.max(MIN_RANGE, before * factor);
  if (width >= full.max - full.min) return null;
  const min = Math.min(Math.max(full.min, centre - ((centre - now.min) * width) / before), full.max - width);
  return { min, max: min + width };
}

/** `now` moved by as many units as `full` leaves room for. */
export function panBounds(full: Bounds, now: Bounds, by: number): Bounds {
  const width = now.max - now.min;
  const min = Math.min(Math.max(full.min, now.min + by), full.max - width);
  return { min, max: min + width };
}
