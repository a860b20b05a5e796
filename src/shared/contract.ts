import * as v from 'valibot';
import { FRAMINGS } from './input.js';
import type { Progress, ProgressListener } from './progress.js';
import type {
  BackboneInfo,
  DatasetReport,
  EngineInfo,
  EvaluationReport,
  ExportReport,
  FeaturesReport,
  PredictionReport,
  RunSummary,
  EpochMetrics,
  BatchMetrics,
  AugmentReport,
} from './reports.js';
import { parseWith, recipeFrom } from './parse.js';

const path = v.pipe(v.string(), v.minLength(1));
const paths = v.pipe(v.array(path), v.minLength(1));
const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const empty = v.strictObject({});

/**
 * Every call that a host can make on the engine: its parameters' schema. All paths are absolute. The results are in
 * {@link Results}, the handlers in `main/engine/engine.ts`.
 */
export const METHODS = {
  'engine.info': empty,
  'backbones.list': empty,
  'backbones.download': v.strictObject({ id: v.string() }),
  'backbones.import': v.strictObject({ id: v.string(), file: path }),
  'dataset.inspect': v.strictObject({ path }),
  /** Writes what the network would see as PNGs, and the plans, into `out`. */
  'augment.write': v.strictObject({ recipe: recipeFrom, out: path, images: count, views: count }),
  /** Resolves when the run is accepted; the run then speaks by events. */
  'train.start': v.strictObject({ recipe: recipeFrom, out: path }),
  /** Ends the run after the batch in hand; best weights and the run folder are kept. */
  'train.stop': v.strictObject({ run: path }),
  'run.evaluate': v.strictObject({
    run: path,
    data: v.nullable(path),
    split: v.picklist(['train', 'val', 'test']),
  }),
  /** `model`: a run folder or an exported TensorFlow.js folder. */
  'run.predict': v.strictObject({ model: path, paths, framing: v.nullable(v.picklist(FRAMINGS)) }),
  'features.compute': v.strictObject({
    paths,
    backbone: v.string(),
    weightsFile: v.nullable(path),
    framing: v.picklist(FRAMINGS),
  }),
  'run.export': v.strictObject({ run: path, format: v.string(), out: path }),
} as const satisfies Record<string, v.GenericSchema<unknown, unknown>>;

export type MethodName = keyof typeof METHODS;
export type Params<M extends MethodName> = v.InferOutput<(typeof METHODS)[M]>;
/** What a caller passes: the same, before parsing. */
export type ParamsInput<M extends MethodName> = v.InferInput<(typeof METHODS)[M]>;

/** What every call resolves to. */
export interface Results {
  'engine.info': EngineInfo;
  'backbones.list': BackboneInfo[];
  'backbones.download': BackboneInfo;
  'backbones.import': BackboneInfo;
  'dataset.inspect': DatasetReport;
  'augment.write': AugmentReport;
  'train.start': { run: string };
  'train.stop': null;
  'run.evaluate': EvaluationReport;
  'run.predict': PredictionReport;
  'features.compute': FeaturesReport;
  'run.export': ExportReport;
}

export type EndReason = RunSummary['reason'];

/** Everything that the engine says unasked. `run` is the run folder. */
export interface Events {
  'train.started': { run: string; classes: readonly string[]; images: { train: number; val: number }; steps: number };
  'train.progress': { run: string; progress: Progress };
  'train.batch': { run: string } & BatchMetrics;
  'train.epoch': { run: string } & EpochMetrics;
  'train.ended': { run: string; reason: EndReason } & Pick<RunSummary, 'best' | 'seconds'>;
  'train.failed': { run: string; error: { code: string; message: string } };
}

export type EventName = keyof Events;

export const EVENT_NAMES = [
  'train.started',
  'train.progress',
  'train.batch',
  'train.epoch',
  'train.ended',
  'train.failed',
] as const satisfies readonly EventName[];

/** What a handler is given beside its parameters. */
export interface CallContext {
  /** Aborted when the caller cancels or its connection closes. */
  readonly signal: AbortSignal;
  readonly onProgress: ProgressListener;
}

/** One function a method; the engine implements them, tests fake them. */
export type Handlers = {
  readonly [M in MethodName]: (params: Params<M>, context: CallContext) => Promise<Results[M]>;
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
