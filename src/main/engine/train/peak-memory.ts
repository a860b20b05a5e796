/**
 * Follows the highest resident memory of this process while a run lasts. The system knows the peak of the process's whole
 * life; it is the run's own when it has risen since the run began, else what is seen now has to do.
 *
 * @returns looks again, and tells the highest so far in bytes
 */
export function watchPeakMemory(): () => number {
  const peakOfLife = (): number => process.resourceUsage().maxRSS * 1024;
  const before = peakOfLife();
  let highest = process.memoryUsage.rss();
  return () => {
    const peak = peakOfLife();
    highest = Math.max(highest, peak > before ? peak : process.memoryUsage.rss());
    return highest;
  };
}
