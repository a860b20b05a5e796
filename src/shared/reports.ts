import type { InputSpec } from './input.js';
import type { ClassMetrics, Interval } from './metrics.js';

/** Loss (mean cross-entropy, natural logarithm) and accuracy (0..1) over some images. */
export interface LossAndAccuracy {
  readonly loss: number;
  readonly accuracy: number;
}

/** The engine as it runs: what trains, on what, and why. */
export interface EngineInfo {
  readonly graftVersion: string;
  readonly nodeVersion: string;
  readonly platform: string;
  readonly tensorflow: { readonly version: string; readonly backend: string };
  readonly device: {
    readonly kind: 'cpu' | 'gpu';
    readonly reason: string;
    readonly missingLibraries: readonly string[];
    /** Whether there is a graphics card that failed its test; `reason` says how. */
    readonly cardFailed: boolean;
  };
  readonly cores: number;
  readonly memoryBytes: number;
  readonly dataFolder: string;
  readonly imageFormats: readonly string[];
}

/** A backbone that Graft knows. */
export interface BackboneInfo {
  readonly id: string;
  readonly label: string;
  readonly paper: string;
  readonly licence: string;
  /** ImageNet-1k top-1 accuracy as published, 0..1. */
  readonly imageNetAccuracy: number;
  readonly parameters: number;
  readonly multiplyAdds: number;
  readonly input: InputSpec;
  readonly featureSize: number;
  readonly stages: readonly string[];
  /** Where its weights lie on this machine; null until they are downloaded or imported. */
  readonly file: string | null;
  readonly source: string;
  /** In batches of 16, as `backbones.measure` found it on this machine; null until it has been measured. */
  readonly imagesPerSecond: number | null;
}

/** Something about a file or a class that the user should know. */
export interface DatasetProblem {
  /** Relative to the data set, with `/`; a class's folder for problems of a class. */
  readonly path: string;
  readonly code: string;
  /** `excluded`: the file is not used; `warning`: it is. */
  readonly severity: 'excluded' | 'warning';
  readonly message: string;
}

export interface DatasetReport {
  readonly path: string;
  /** `classes`: `class/…`; `splits`: `train|val|test/class/…`. */
  readonly layout: 'classes' | 'splits';
  readonly classes: readonly {
    readonly name: string;
    readonly train: number;
    readonly val: number;
    readonly test: number;
  }[];
  readonly problems: readonly DatasetProblem[];
  readonly excluded: number;
  readonly fingerprint: string;
}

export interface AugmentReport {
  readonly out: string;
  readonly files: readonly { readonly path: string; readonly image: string; readonly view: number }[];
}

/** One batch while an epoch runs; coalesced to at most ten a second. */
export interface BatchMetrics {
  readonly epoch: number;
  /** Steps done in the whole run. */
  readonly step: number;
  readonly steps: number;
  readonly loss: number;
  readonly accuracy: number;
  readonly lr: number;
  readonly imagesPerSecond: number;
}

/** Where an epoch's time went; what is not in a part is the rest of the loop. */
export interface StepProfile {
  readonly steps: number;
  readonly images: number;
  readonly seconds: {
    /** Training the epoch, all of it. */
    readonly epoch: number;
    /** For batches that workers had not finished. */
    readonly wait: number;
    /** The frozen part, its pixels' upload included. */
    readonly frozen: number;
    /** The part that trains: its forward pass, its gradients, and the optimizer. */
    readonly forward: number;
    readonly backward: number;
    readonly update: number;
    /** In workers, beside all that: for a picture's pixels, from memory, cache or file; and for drawing its view. */
    readonly decode: number;
    readonly augment: number;
    /** What measuring itself took of the epoch. */
    readonly probing: number;
  };
}

/** One line of `metrics.ndjson`. Epochs count from 1. */
export interface EpochMetrics {
  readonly epoch: number;
  readonly epochs: number;
  /** Over the epoch's own batches, as the weights changed. */
  readonly train: LossAndAccuracy;
  readonly val: LossAndAccuracy;
  /** Learning rate of the head at the epoch's last step. */
  readonly lr: number;
  /** Training images a second, waiting included. */
  readonly imagesPerSecond: number;
  readonly seconds: { readonly train: number; readonly validate: number; readonly wait: number };
  /** Of an engine that was started to profile. */
  readonly profile?: StepProfile;
}

export interface RunSeconds {
  readonly prepare: number;
  readonly train: number;
  readonly validate: number;
  readonly total: number;
}

/** `summary.json` of a run folder. */
export interface RunSummary {
  readonly graftVersion: string;
  readonly startedAt: string;
  readonly reason: 'completed' | 'early-stopping' | 'stopped' | 'diverged';
  readonly backbone: string;
  readonly mode: 'freeze' | 'fine-tune';
  readonly classes: readonly string[];
  readonly images: { readonly train: number; readonly val: number; readonly excluded: number };
  readonly datasetFingerprint: string;
  readonly epochs: number;
  readonly best: { readonly epoch: number; readonly val: LossAndAccuracy; readonly interval: Interval };
  readonly last: { readonly epoch: number; readonly train: LossAndAccuracy; readonly val: LossAndAccuracy };
  readonly seconds: RunSeconds;
  readonly device: string;
  readonly tensorflow: string;
  /** Highest resident memory of the engine during the run. */
  readonly peakMemoryBytes: number;
  /** How often the run went on from a checkpoint; runs of earlier releases don't say. */
  readonly resumed?: number;
}

export interface Prediction {
  readonly path: string;
  readonly label: string;
  readonly predicted: string;
  readonly probabilities: readonly number[];
  /** Cross-entropy of this picture, natural logarithm. */
  readonly loss: number;
}

export interface EvaluationReport {
  readonly accuracy: number;
  /** Share of the most frequent class: the accuracy of always saying its name. */
  readonly baseline: number;
  readonly loss: number;
  /** 95 % Wilson interval of the accuracy. */
  readonly interval: Interval;
  readonly classes: readonly string[];
  /** `[true class][predicted class]`. */
  readonly confusion: readonly (readonly number[])[];
  readonly perClass: readonly ({ readonly name: string } & ClassMetrics)[];
  readonly predictions: readonly Prediction[];
  readonly problems: readonly DatasetProblem[];
}

/** A file that was asked for and could not be used. */
export interface SkippedFile {
  readonly path: string;
  readonly code: string;
  readonly message: string;
}

export interface PredictionReport {
  readonly classes: readonly string[];
  readonly images: readonly {
    readonly path: string;
    readonly predicted: string;
    readonly probabilities: Readonly<Record<string, number>>;
    /** In the order of `classes`. */
    readonly logits: readonly number[];
  }[];
  readonly skipped: readonly SkippedFile[];
}

export interface FeaturesReport {
  readonly backbone: string;
  readonly dimension: number;
  readonly images: readonly { readonly path: string; readonly features: readonly number[] }[];
  readonly skipped: readonly SkippedFile[];
}

export interface ExportReport {
  readonly format: string;
  readonly out: string;
  readonly files: readonly { readonly path: string; readonly sizeBytes: number }[];
  /** The re-loaded files against the run's own model, on one of the user's images. */
  readonly selfTest: {
    readonly image: string;
    readonly expected: readonly number[];
    readonly received: readonly number[];
    readonly maxDifference: number;
    readonly tolerance: number;
  };
}
