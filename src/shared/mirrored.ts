/** Position of what lies outside a line of `length` places, mirrored about the place at its edge. */
export const mirrored = (position: number, length: number): number => {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const folded = ((position % period) + period) % period;
  return folded < length ? folded : period - folded;
};
