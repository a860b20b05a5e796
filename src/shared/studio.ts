import type { WireError } from './errors.js';
import type { Recipe } from './recipe.js';
import type { DatasetProblem, EpochMetrics, LossAndAccuracy, RunSummary } from './reports.js';

/** What the user works on: a data set and the recipe that is being put together for it. */
export interface Project {
  readonly id: string;
  readonly name: string;
  /** The folder or archive. */
  readonly path: string;
  readonly openedAt: string;
  /** Counts changes of the recipe. */
  readonly revision: number;
  readonly recipe: Recipe;
}

export interface RecentProject {
  readonly id: string;
  readonly name: string;
  readonly path: string;
  readonly openedAt: string;
  readonly runs: number;
  /** The folder or archive is not there any more. */
  readonly isMissing: boolean;
}

export type SplitName = 'train' | 'val' | 'test';

export interface ClassSummary {
  /** As renamed. */
  readonly name: string;
  /** As the folder says. */
  readonly folder: string;
  readonly train: number;
  readonly val: number;
  readonly test: number;
  /** Left out by the user. */
  readonly excluded: number;
}

/** The current data set as it is known so far, with the user's overlay and split. */
export interface DatasetSummary {
  readonly project: string;
  /** Grows with every change: pages fetch lists again. */
  readonly revision: number;
  /** `cancelled`: the user ended the scan; what it has found until then is not counted. */
  readonly state: 'scanning' | 'ready' | 'failed' | 'cancelled';
  /** While scanning, and how far it had come when cancelled. `total` is null until all files are found. */
  readonly scan: { readonly done: number; readonly total: number | null; readonly secondsLeft: number | null } | null;
  readonly error: WireError | null;
  readonly layout: 'classes' | 'splits';
  /** The folder says which pictures validate; otherwise the recipe's fraction and seed do. */
  readonly hasOwnSplit: boolean;
  readonly classes: readonly ClassSummary[];
  readonly images: number;
  readonly excluded: number;
  readonly splits: Readonly<Record<SplitName, number>>;
  readonly problems: readonly {
    readonly code: string;
    readonly severity: DatasetProblem['severity'];
    readonly count: number;
  }[];
  /** Null until the scan has ended. */
  readonly fingerprint: string | null;
}

/** A picture in a list. */
export interface ImageItem {
  /** Inside the data set, with `/`: what calls name it by. */
  readonly path: string;
  /** sha256 of its bytes: what its dice are keyed by. */
  readonly hash: string;
  readonly className: string;
  readonly split: SplitName;
  readonly width: number;
  readonly height: number;
  readonly isExcluded: boolean;
  readonly problem: Pick<DatasetProblem, 'code' | 'severity' | 'message'> | null;
}

export interface ImageFacts extends ImageItem {
  readonly sizeBytes: number;
  readonly format: string;
  /** Class of the folder that it lies in. */
  readonly folder: string;
  readonly problems: readonly DatasetProblem[];
}

export interface ImagePage {
  readonly total: number;
  readonly items: readonly ImageItem[];
  /** Of the summary that the page was cut from. */
  readonly revision: number;
}

export interface ProblemPage {
  readonly total: number;
  readonly items: readonly DatasetProblem[];
}

/**
 * - `running`: an engine trains it now
 * - `interrupted`: it ended without a summary; resumable when it has a checkpoint
 */
export type RunStatus = RunSummary['reason'] | 'running' | 'interrupted' | 'failed';

export interface RunInfo {
  /** Its folder. */
  readonly run: string;
  readonly name: string;
  readonly createdAt: string;
  readonly status: RunStatus;
  readonly isResumable: boolean;
  readonly error: WireError | null;
  readonly backbone: string;
  readonly mode: Recipe['mode'];
  readonly epochsPlanned: number;
  /** Validation accuracy by epoch. */
  readonly accuracies: readonly number[];
  readonly best: { readonly epoch: number; readonly val: LossAndAccuracy } | null;
  readonly seconds: number | null;
  /** Formats that it was exported to. */
  readonly exports: readonly { readonly format: string; readonly out: string; readonly at: string }[];
}

export interface RunDetail {
  readonly info: RunInfo;
  readonly recipe: Recipe;
  readonly epochs: readonly EpochMetrics[];
  readonly summary: RunSummary | null;
}

/** How one of the processes behind the page is doing. */
export interface EngineState {
  readonly process: 'engine' | 'library';
  readonly state: 'starting' | 'ready' | 'restarting' | 'stopped';
  /** Why, in words, where there is more to say. */
  readonly message: string | null;
}

export interface HostInfo {
  readonly kind: 'desktop' | 'browser';
  readonly graftVersion: string;
  readonly platform: string;
  /** Where exports go unless the user says otherwise. */
  readonly exportFolder: string;
  readonly processes: readonly EngineState[];
  readonly capabilities: {
    readonly nativeDialogs: boolean;
    readonly reveal: boolean;
    readonly uploads: boolean;
  };
}

export interface FolderListing {
  /** Null for the list of roots. */
  readonly path: string | null;
  readonly parent: string | null;
  readonly entries: readonly {
    readonly name: string;
    readonly path: string;
    readonly kind: 'folder' | 'archive';
  }[];
}
