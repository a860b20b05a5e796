import type { SamplePrediction, TrainStarted } from '../live-reports.js';
import type { BatchMetrics, EpochMetrics, RunSummary } from '../reports.js';
import type { WireError } from '../errors.js';
import type { Progress } from '../progress.js';
import type { DatasetSummary, EngineState, Project } from '../studio.js';

export type EndReason = RunSummary['reason'];

/** Everything that is said unasked. `run` is the run folder. */
export interface Events {
  'train.started': TrainStarted;
  'train.progress': { run: string; progress: Progress };
  'train.batch': { run: string } & BatchMetrics;
  'train.epoch': { run: string } & EpochMetrics;
  /** The same few validation pictures after every epoch. */
  'train.samples': { run: string; epoch: number; samples: readonly SamplePrediction[] };
  'train.paused': { run: string; isPaused: boolean };
  'train.ended': { run: string; reason: EndReason } & Pick<RunSummary, 'best' | 'seconds'>;
  /** Ended by `train.cancel`: the run is gone. */
  'train.cancelled': { run: string };
  'train.failed': { run: string; error: WireError };
  /** Every two seconds: the engine lives, and what it holds. */
  'engine.stats': { rssBytes: number; tensors: number };
  'projects.changed': { project: Project | null };
  /** A project was taken off the list, or back from the trash. */
  'projects.listed': Record<string, never>;
  /** While a scan runs at most four times a second, and after every change. */
  'dataset.changed': { summary: DatasetSummary };
  'runs.changed': { run: string };
  'host.engine': EngineState;
}

export type EventName = keyof Events;

export const EVENT_NAMES = [
  'train.started',
  'train.progress',
  'train.batch',
  'train.epoch',
  'train.samples',
  'train.paused',
  'train.ended',
  'train.cancelled',
  'train.failed',
  'engine.stats',
  'projects.changed',
  'projects.listed',
  'dataset.changed',
  'runs.changed',
  'host.engine',
] as const satisfies readonly EventName[];
