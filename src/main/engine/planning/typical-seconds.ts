/** The median of the faster half: what else the machine does can only make a piece of work slower. */
export function typicalSeconds(times: readonly number[]): number {
  const faster = [...times].sort((a, b) => a - b).slice(0, Math.ceil(times.length / 2));
  return (faster[(faster.length - 1) >> 1]! + faster[faster.length >> 1]!) / 2;
}
