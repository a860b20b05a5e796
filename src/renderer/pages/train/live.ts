import type { Progress } from '../../../shared/progress.js';
import type { BatchMetrics, EpochMetrics } from '../../../shared/reports.js';
import { formatBytes, formatCount } from '../../format.js';

/** What a phase before or between training steps is called. */
const PHASES: Readonly<Partial<Record<Progress['task'], string>>> = {
  scan: 'Looking at the pictures',
  decode: 'Reading the pictures',
  download: 'Downloading the backbone',
  prepare: 'Loading the backbone',
  probe: 'Finding the fastest way to compute here',
  features: 'Showing the pictures to the backbone',
  measure: 'Measuring the speed',
  evaluate: 'Validating',
};

export const phaseName = ({ task }: Pick<Progress, 'task'>): string => PHASES[task] ?? 'Preparing';

/** Share of a phase that is done; null while the end is not known or the phase is one step. */
export const phaseShare = ({ done, total }: Progress): number | null =>
  total === null || total <= 1 ? null : done / total;

/** `120 of 244 pictures`, `3.2 MB`; nothing for a phase of one step. */
export function phaseCount({ done, total, unit }: Progress): string {
  if (total === 1) return '';
  const write = unit === 'bytes' ? formatBytes : formatCount;
  const noun = unit === 'bytes' ? '' : unit === 'images' ? ' pictures' : ` ${unit}`;
  return total === null ? `${write(done)}${noun}` : `${write(done)} of ${write(total)}${noun}`;
}

export interface RemainingFacts {
  readonly batches: readonly BatchMetrics[];
  readonly epochs: readonly EpochMetrics[];
  readonly epochsPlanned: number;
  readonly trainImages: number;
}

/**
 * Seconds until the last epoch ends: the training pictures that are left at the present speed, and as many validations as
 * epochs are left. Null before the first batch.
 */
export function trainingSecondsLeft({ batches, epochs, epochsPlanned, trainImages }: RemainingFacts): number | null {
  const batch = batches.at(-1);
  if (batch === undefined || batch.imagesPerSecond <= 0) return null;
  const imagesLeft = (1 - batch.step / batch.steps) * epochsPlanned * trainImages;
  const last = epochs.at(-1);
  const validations = epochsPlanned - (last?.epoch ?? 0);
  return imagesLeft / batch.imagesPerSecond + validations * (last?.seconds.validate ?? 0);
}

/** Name of a run before the list of runs knows it: its folder's. */
export const folderName = (run: string): string => run.split(/[\\/]/).findLast((part) => part !== '') ?? run;
