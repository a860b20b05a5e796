/** Number of the view that a run's epoch (from 1) shows: a new one each, or one of the run's few. */
export function viewOfEpoch(epoch: number, views: number | null): number {
  return views === null ? epoch - 1 : (epoch - 1) % views;
}
