import type { Progress } from './progress.js';
import type { Recipe } from './recipe.js';
import type { BatchMetrics, EpochMetrics } from './reports.js';

/** How fast a frozen backbone runs here. */
export interface BackboneSpeed {
  readonly id: string;
  /** In batches of 16, compute alone. */
  readonly imagesPerSecond: number;
}

/** A validation picture as the network sees it after an epoch. */
export interface SamplePrediction {
  /** Inside the data set. */
  readonly path: string;
  readonly label: string;
  readonly predicted: string;
  /** Probability of `predicted`, 0..1. */
  readonly confidence: number;
}

/** A batch size that suits the memory better than a recipe's. */
export interface BatchAdvice {
  readonly batchSize: number;
  /** `too-large`: the recipe's does not fit; `room`: a graphics card has room for more pictures at once. */
  readonly reason: 'too-large' | 'room';
}

/** Memory that a run can have. */
export interface FreeMemory {
  readonly bytes: number;
  /** The graphics card's where one computes, else the machine's. */
  readonly of: 'card' | 'machine';
}

/** What a run will take, before it starts. */
export interface TrainEstimate {
  readonly steps: number;
  readonly seconds: number;
  /** Held at most, roughly: in the graphics card's memory where one computes, else in the machine's. */
  readonly memoryBytes: number;
  /** What a run can have of that memory; null where it cannot be found out. */
  readonly freeMemory: FreeMemory | null;
  readonly batchAdvice: BatchAdvice | null;
  /** `measured`: from this machine's own speed of the backbone; `rough`: from its arithmetic. */
  readonly basis: 'measured' | 'rough';
  readonly trainableParameters: number;
  readonly parts: readonly {
    readonly name: 'probe' | 'decode' | 'features' | 'train' | 'validate';
    readonly seconds: number;
  }[];
}

/** A step of a policy that may turn a picture's class into another. */
export interface AugmentRisk {
  /** Index into the policy's steps. */
  readonly step: number;
  readonly op: string;
  /** Share of the pictures looked at whose features end nearer to another class, beyond those that do so anyway; 0..1. */
  readonly share: number;
  readonly from: string;
  readonly to: string;
}

export interface AugmentRisks {
  /** Pictures that were looked at. */
  readonly images: number;
  readonly risks: readonly AugmentRisk[];
}

/** The run in hand. */
export interface CurrentRun {
  readonly run: string;
  readonly recipe: Recipe;
  readonly startedAt: string;
  readonly isPaused: boolean;
  /** Null until the run's data and model are ready. */
  readonly started: Omit<TrainStarted, 'run'> | null;
  /** Of what comes before the first step; null after. */
  readonly progress: Progress | null;
  readonly epochs: readonly EpochMetrics[];
  /** Thinned out to at most 2000 over the whole run. */
  readonly batches: readonly BatchMetrics[];
  readonly samples: readonly SamplePrediction[];
}

export interface TrainStarted {
  readonly run: string;
  readonly classes: readonly string[];
  readonly images: { readonly train: number; readonly val: number };
  readonly steps: number;
  /** Epochs that a checkpoint had already; 0 for a new run. */
  readonly epochsDone: number;
}

/** A format that runs can be exported to. */
export interface ExportFormat {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  /** A sample that runs, by language. */
  readonly sample: { readonly language: string; readonly code: string };
}
