import type * as v from 'valibot';
import { ENGINE_METHODS } from './contract/engine.js';
import { HOST_METHODS } from './contract/host.js';
import { type DatasetEdit, LIBRARY_METHODS } from './contract/library.js';
import { parseWith } from './parse.js';
import type { ProgressListener } from './progress.js';
import type { AugmentRisks, BackboneSpeed, CurrentRun, ExportFormat, TrainEstimate } from './live-reports.js';
import type {
  AugmentReport,
  BackboneInfo,
  DatasetReport,
  EngineInfo,
  EvaluationReport,
  ExportReport,
  FeaturesReport,
  PredictionReport,
} from './reports.js';
import type {
  DatasetSummary,
  FolderListing,
  HostInfo,
  ImageFacts,
  ImagePage,
  ProblemPage,
  Project,
  RecentProject,
  RunDetail,
  RunInfo,
} from './studio.js';

export { EVENT_NAMES, type EndReason, type EventName, type Events } from './contract/events.js';
export { HOST_ONLY_METHODS, type DatasetEdit, type ImageFilter } from './contract/library.js';
export { ENGINE_METHODS } from './contract/engine.js';
export { LIBRARY_METHODS } from './contract/library.js';
export { HOST_METHODS, type LinkId } from './contract/host.js';

/**
 * Every call that a page or a host can make: its parameters' schema. The engine and the library answer theirs, a host its
 * own; hosts pass on what is not theirs. The results are in {@link Results}.
 */
export const METHODS = { ...ENGINE_METHODS, ...LIBRARY_METHODS, ...HOST_METHODS };

export type EngineMethod = keyof typeof ENGINE_METHODS;
export type LibraryMethod = keyof typeof LIBRARY_METHODS;
export type HostMethod = keyof typeof HOST_METHODS;
export type MethodName = EngineMethod | LibraryMethod | HostMethod;
export type Params<M extends MethodName> = v.InferOutput<(typeof METHODS)[M]>;
/** What a caller passes: the same, before parsing. */
export type ParamsInput<M extends MethodName> = v.InferInput<(typeof METHODS)[M]>;

/** What every call resolves to. */
export interface Results {
  'engine.info': EngineInfo;
  'backbones.list': BackboneInfo[];
  'backbones.download': BackboneInfo;
  'backbones.import': BackboneInfo;
  'backbones.measure': BackboneSpeed;
  'dataset.inspect': DatasetReport;
  'augment.write': AugmentReport;
  'augment.risks': AugmentRisks;
  'train.estimate': TrainEstimate;
  'train.start': { run: string };
  'train.resume': { run: string };
  'train.pause': null;
  'train.stop': null;
  'train.cancel': null;
  'train.current': CurrentRun | null;
  'run.evaluate': EvaluationReport;
  'run.predict': PredictionReport;
  'features.compute': FeaturesReport;
  'export.formats': ExportFormat[];
  'run.export': ExportReport;
  'projects.list': RecentProject[];
  'projects.current': Project | null;
  'projects.open': Project;
  'projects.openSample': Project;
  'projects.close': null;
  'projects.remove': null;
  'projects.restore': Project;
  'projects.update': Project;
  'dataset.summary': DatasetSummary | null;
  'dataset.rescan': null;
  'dataset.cancelScan': null;
  'dataset.images': ImagePage;
  'dataset.image': ImageFacts;
  'dataset.problems': ProblemPage;
  'dataset.edit': { undo: DatasetEdit };
  'dataset.file': { file: string };
  'media.thumbnail': { file: string };
  'media.pixels': { file: string };
  'runs.list': RunInfo[];
  'runs.get': RunDetail;
  'runs.reserve': { run: string };
  'runs.rename': RunInfo;
  'runs.delete': null;
  'runs.restore': RunInfo;
  'host.info': HostInfo;
  'host.pick': { path: string } | null;
  'host.folders': FolderListing;
  'host.makeFolder': { path: string };
  'host.reveal': null;
  'host.openLink': null;
  'host.beginUpload': { upload: string };
  'host.finishUpload': { path: string };
  'host.restartEngine': null;
}

/** What a handler is given beside its parameters. */
export interface CallContext {
  /** Aborted when the caller cancels or its connection closes. */
  readonly signal: AbortSignal;
  readonly onProgress: ProgressListener;
}

/** One function a method; each process implements its own, tests fake them. */
export type Handlers<N extends MethodName = MethodName> = {
  readonly [M in N]: (params: Params<M>, context: CallContext) => Promise<Results[M]>;
};

/** Whether `name` is a method; own properties only, so `toString` is none. */
export function isMethodName(name: unknown): name is MethodName {
  return typeof name === 'string' && Object.hasOwn(METHODS, name);
}

/**
 * Checks a call's parameters.
 *
 * @throws GraftError `invalid-value` naming the method, the field, what was expected and what came
 */
export function parseParams<M extends MethodName>(method: M, params: unknown): Params<M> {
  return parseWith(METHODS[method], params, method);
}
