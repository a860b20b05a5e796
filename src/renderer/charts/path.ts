export interface Frame {
  readonly width: number;
  readonly height: number;
  /** Kept free at each edge, for the width of the line. */
  readonly inset: number;
  readonly min: number;
  readonly max: number;
}

/** Bounds of values, of a width above zero also where all are equal. */
export function boundsOf(values: readonly number[]): { min: number; max: number } {
  const finite = values.filter(Number.isFinite);
  if (finite.length === 0) return { min: 0, max: 1 };
  const min = Math.min(...finite);
  const max = Math.max(...finite);
  return min === max ? { min: min - 0.5, max: max + 0.5 } : { min, max };
}

/** Where values that are equally far apart lie in a frame, in pixels; values outside its bounds are drawn at its edge. */
export function placeValues(values: readonly number[], frame: Frame): [x: number, y: number][] {
  const { width, height, inset, min, max } = frame;
  const step = values.length > 1 ? (width - 2 * inset) / (values.length - 1) : 0;
  const round = (pixels: number): number => Math.round(pixels * 100) / 100;
  return values.map((value, index) => {
    const share = Math.min(1, Math.max(0, (value - min) / (max - min)));
    return [round(inset + index * step), round(height - inset - share * (height - 2 * inset))];
  });
}

/** A line through points as an SVG path. */
export const linePath = (points: readonly (readonly [x: number, y: number])[]): string =>
  points.map(([x, y], index) => `${index === 0 ? 'M' : 'L'}${x} ${y}`).join('');

/** The area between such a line and the height `bottom`. */
export function areaPath(points: readonly (readonly [x: number, y: number])[], bottom: number): string {
  const first = points[0];
  const last = points.at(-1);
  return first === undefined || last === undefined
    ? ''
    : `${linePath(points)}L${last[0]} ${bottom}L${first[0]} ${bottom}Z`;
}
