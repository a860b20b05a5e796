/** Positions 0..1 on a logarithmic slider from `min` to `max`, both above 0. */
export interface LogRange {
  readonly min: number;
  readonly max: number;
}

/** Where a value lies; what is outside lies at the end. */
export function toPosition(value: number, { min, max }: LogRange): number {
  return Math.min(1, Math.max(0, Math.log(value / min) / Math.log(max / min)));
}

/** The value at a position, with two significant digits so that it can be read and typed again. */
export function fromPosition(position: number, { min, max }: LogRange): number {
  return Number((min * (max / min) ** position).toPrecision(2));
}
