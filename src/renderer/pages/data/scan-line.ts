import type { DatasetSummary } from '../../../shared/studio.js';
import { formatCount, formatPlural, formatSecondsLeft } from '../../format.js';

/** The line below a data set's name: how far the scan is, then what there is and where. */
export function scanLine(summary: DatasetSummary | null, path: string): string {
  if (summary === null) return path;
  const { scan, images, classes, excluded, state } = summary;
  if (state === 'failed' || state === 'cancelled') return path;
  if (scan !== null) {
    if (scan.total === null)
      return images === 0 ? 'Looking for pictures' : `Looking for pictures, ${formatCount(images)} so far`;
    const left = scan.secondsLeft === null ? '' : `, ${formatSecondsLeft(scan.secondsLeft)}`;
    return `Looked at ${formatCount(scan.done)} of ${formatPlural(scan.total, 'picture')}${left}`;
  }
  const left = excluded === 0 ? '' : `, ${formatCount(excluded)} left out`;
  return `${formatPlural(images, 'picture')}, ${formatPlural(classes.length, 'class', 'classes')}${left} · ${path}`;
}

/** How far a scan had come when it was cancelled, and what follows. */
export function cancelledLine({ scan }: Pick<DatasetSummary, 'scan'>): string {
  const { done = 0, total = null } = scan ?? {};
  const rest = 'Nothing is shown or trained on until all have been looked at.';
  if (total === null) return `Not all pictures were found. ${rest}`;
  return `Graft looked at ${formatCount(done)} of ${formatPlural(total, 'picture')}. ${rest} Scanning again goes on from there.`;
}
