import type { StepProfile } from '../../../shared/reports.js';
import type { Surroundings } from './graft-run.js';
import type { BenchPictures } from './pictures.js';
import type { Interpreter } from './python.js';
import type { BenchSettings, Metric, Metrics, RowGroup, Subject } from './report.js';
import type { Workshop } from './workshop.js';

/** What one subject gave in one round. */
export interface Measurement {
  readonly metrics: Metrics;
  readonly note?: string;
}

/** One way to measure, or why it can't be. */
export type Contender =
  | { readonly subject: Subject; measure(round: number): Promise<Measurement> }
  | { readonly subject: Subject; readonly reason: string };

/** A line of the benchmark that is to be measured, Graft first. */
export interface RowPlan {
  readonly id: string;
  readonly group: RowGroup;
  readonly label: string;
  readonly metric: Metric;
  readonly contenders: readonly Contender[];
}

/** A training whose steps are looked into. */
export interface ProfilePlan {
  readonly label: string;
  measure(): Promise<StepProfile | null>;
}

export interface BenchTask {
  readonly workshop: Workshop;
  readonly surroundings: Surroundings;
  readonly pictures: BenchPictures;
  readonly groups: readonly RowGroup[];
  readonly backbones: readonly string[];
  /** Trains the jobs. */
  readonly jobBackbone: string;
  /** Null without peers. */
  readonly interpreters: readonly Interpreter[] | null;
  /** Hears the names and versions of who was measured. */
  readonly onSoftware: (name: string) => void;
  /** Epochs of the job that peers train; the others are added by their mean. */
  readonly peerJobEpochs: number;
  readonly manyImages: number;
  readonly settings: BenchSettings;
}

/** What all rows are planned with. */
export interface Planning {
  readonly task: BenchTask;
  /** Does each piece of work once; rows share what they measure. */
  once<T>(key: string, work: () => Promise<T>): Promise<T>;
  /** Where peers run. */
  readonly place: { readonly root: string; readonly signal: AbortSignal; nowMs(): number };
  /** A backbone's name for people. */
  labelOf(backbone: string): string;
}

export function createPlanning(task: BenchTask): Planning {
  const { host, signal } = task.surroundings;
  const known = new Map<string, Promise<unknown>>();
  return {
    task,
    once: <T>(key: string, work: () => Promise<T>): Promise<T> => {
      const before = known.get(key) as Promise<T> | undefined;
      if (before !== undefined) return before;
      const begun = work();
      known.set(key, begun);
      return begun;
    },
    place: { root: host.root, signal, nowMs: () => host.nowMs() },
    labelOf: (backbone) => task.workshop.backbones.find(({ id }) => id === backbone)?.label ?? backbone,
  };
}

/** Without what was not measured. */
export function measured(values: Readonly<Partial<Record<Metric, number | undefined>>>): Metrics {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined));
}
