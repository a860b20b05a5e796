/** Where values lie on a slider's track. */
export interface RangeScale {
  readonly min: number;
  readonly max: number;
  readonly step: number;
  /**
   * - `log`: ratios below 1 have as much room as those above; needs a positive `min`
   * - `root`: small values on either side of 0 have more room than large ones; needs `min` = −`max`
   */
  readonly scale: 'linear' | 'log' | 'root';
}

/** Share of the track that lies before a value, 0..1. */
export function shareOf(value: number, { min, max, scale }: RangeScale): number {
  if (max === min) return 0;
  if (scale === 'log') return Math.log(value / min) / Math.log(max / min);
  if (scale === 'root') return 0.5 + 0.5 * Math.sign(value) * Math.sqrt(Math.abs(value) / max);
  return (value - min) / (max - min);
}

/** A value on the nearest step, within bounds, without the digits that binary fractions leave behind. */
export function toStep(value: number, { min, max, step }: RangeScale): number {
  const stepped = min + Math.round((value - min) / step) * step;
  return Math.min(max, Math.max(min, Number(stepped.toFixed(6))));
}

/** The value on a step nearest to a share of the track. */
export function valueAt(share: number, range: RangeScale): number {
  const { min, max, scale } = range;
  const bounded = Math.min(1, Math.max(0, share));
  if (scale === 'log') return toStep(min * (max / min) ** bounded, range);
  const side = bounded * 2 - 1;
  return toStep(scale === 'root' ? Math.sign(side) * side ** 2 * max : min + (max - min) * bounded, range);
}

/** What a key makes of a value, or null for other keys. */
export function valueOfKey(key: string, value: number, range: RangeScale): number | null {
  const steps = { ArrowRight: 1, ArrowUp: 1, ArrowLeft: -1, ArrowDown: -1, PageUp: 10, PageDown: -10 }[key];
  if (steps !== undefined) return toStep(value + steps * range.step, range);
  if (key === 'Home') return range.min;
  return key === 'End' ? range.max : null;
}
