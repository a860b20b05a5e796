import { availableParallelism, totalmem } from 'node:os';
import type { CallContext, EngineMethod, Handlers, Params, Results } from '../../shared/contract.js';
import { GraftError, toWire } from '../../shared/errors.js';
import type { BackboneInfo, DatasetReport, EngineInfo } from '../../shared/reports.js';
import { GRAFT_VERSION } from '../../shared/version.js';
import { BACKBONES, getBackbone } from './backbones/registry.js';
import { backboneInfo } from './backbones/info.js';
import { downloadBackbone } from './backbones/download-backbone.js';
import { importBackbone } from './backbones/store.js';
import { supportedFormats } from './dataset/decode.js';
import { scanDataset } from './dataset/scan.js';
import { exportRun } from './export/export-run.js';
import { evaluateRun } from './insight/evaluate.js';
import { computeFeatures, predictFiles } from './insight/predict.js';
import { writeAugmented } from './insight/write-augmented.js';
import { dataFolder } from './paths.js';
import { createRunFolder } from './runs/run-folder.js';
import { describeBackend } from './tf.js';
import { type Emit, trainRun } from './train/run.js';

async function describeEngine(): Promise<EngineInfo> {
  const backend = await describeBackend();
  return {
    graftVersion: GRAFT_VERSION,
    nodeVersion: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    tensorflow: { version: backend.version, backend: backend.backend },
    device: { kind: backend.device, reason: backend.reason, missingLibraries: backend.missingLibraries },
    cores: availableParallelism(),
    memoryBytes: totalmem(),
    dataFolder: dataFolder(),
    imageFormats: supportedFormats(),
  };
}

async function inspectDataset(params: Params<'dataset.inspect'>, context: CallContext): Promise<DatasetReport> {
  const dataset = await scanDataset(params.path, context);
  const classes = dataset.classes.map((name) => ({ name, train: 0, val: 0, test: 0 }));
  for (const { classIndex, split } of dataset.images) classes[classIndex]![split]++;
  return {
    path: params.path,
    layout: dataset.layout,
    classes,
    problems: dataset.problems,
    excluded: dataset.problems.filter((problem) => problem.severity === 'excluded').length,
    fingerprint: dataset.fingerprint,
  };
}

/** The run in hand; an engine trains one at a time. */
interface CurrentRun {
  readonly run: string;
  readonly abort: AbortController;
  readonly done: Promise<void>;
}

/** Binds the contract to the engine's modules. `shutdown` stops and keeps a run in hand. */
export function createEngine(emit: Emit): { handlers: Partial<Handlers<EngineMethod>>; shutdown(): Promise<void> } {
  let current: CurrentRun | null = null;

  const startTraining = async ({ recipe, out }: Params<'train.start'>): Promise<Results['train.start']> => {
    if (current !== null) {
      throw new GraftError('engine-busy', `expected no run in progress, but ${current.run} is training: stop it first`);
    }
    const abort = new AbortController();
    getBackbone(recipe.backbone.id);
    // Claimed before the first await, so that a second start in the same moment is refused.
    let finish = (): void => undefined;
    const done = new Promise<void>((resolve) => (finish = resolve));
    current = { run: out, abort, done };
    const release = (): void => {
      current = null;
      finish();
    };
    try {
      await createRunFolder(out, recipe);
    } catch (error) {
      release();
      throw error;
    }
    void trainRun({ run: out, recipe, emit, signal: abort.signal })
      .then(
        ({ reason, best, seconds }) => emit('train.ended', { run: out, reason, best, seconds }),
        (error: unknown) => emit('train.failed', { run: out, error: toWire(error) }),
      )
      .finally(release);
    return { run: out };
  };

  const handlers: Partial<Handlers<EngineMethod>> = {
    'engine.info': () => describeEngine(),
    'backbones.list': async (): Promise<BackboneInfo[]> =>
      await Promise.all(BACKBONES.map((definition) => backboneInfo(definition))),
    'backbones.download': async ({ id }, context) => {
      const definition = getBackbone(id);
      await downloadBackbone(definition, {
        signal: context.signal,
        onBytes: (done, total) =>
          context.onProgress({ task: 'download', done, total, unit: 'bytes', label: definition.label }),
      });
      return await backboneInfo(definition);
    },
    'backbones.import': async ({ id, file }) => {
      const definition = getBackbone(id);
      await importBackbone(definition, file);
      return await backboneInfo(definition);
    },
    'dataset.inspect': inspectDataset,
    'augment.write': writeAugmented,
    'train.start': startTraining,
    'train.stop': async ({ run }) => {
      if (current === null || current.run !== run) {
        throw new GraftError('not-found', `expected a run in progress at ${run}, found ${current?.run ?? 'none'}`);
      }
      current.abort.abort();
      return null;
    },
    'run.evaluate': evaluateRun,
    'run.predict': predictFiles,
    'features.compute': computeFeatures,
    'run.export': exportRun,
  };

  return {
    handlers,
    shutdown: async () => {
      const running = current;
      running?.abort.abort();
      await running?.done;
    },
  };
}
