import { availableParallelism, totalmem } from 'node:os';
import type { CallContext, EngineMethod, Handlers, Params } from '../../shared/contract.js';
import type { BackboneInfo, DatasetReport, EngineInfo } from '../../shared/reports.js';
import { GRAFT_VERSION } from '../../shared/version.js';
import { BACKBONES, getBackbone } from './backbones/registry.js';
import { backboneInfo } from './backbones/info.js';
import { downloadBackbone } from './backbones/download-backbone.js';
import { importBackbone } from './backbones/store.js';
import { supportedFormats } from './dataset/decode.js';
import { scanDataset } from './dataset/scan.js';
import { exportRun } from './export/export-run.js';
import { listExportFormats } from './export/registry.js';
import { evaluateRun } from './insight/evaluate.js';
import { computeFeatures, predictFiles } from './insight/predict.js';
import { augmentRisks } from './insight/risks.js';
import { writeAugmented } from './insight/write-augmented.js';
import { dataFolder } from '../common/data-folder.js';
import { estimateTraining } from './planning/estimate.js';
import { measureBackbone } from './planning/measure.js';
import { explainNative } from './native-error.js';
import { countTensors, describeBackend } from './tf.js';
import type { Emit } from './train/run.js';
import { createTraining } from './train/training.js';

async function describeEngine(): Promise<EngineInfo> {
  const backend = await describeBackend();
  return {
    graftVersion: GRAFT_VERSION,
    nodeVersion: process.versions.node,
    platform: `${process.platform}-${process.arch}`,
    tensorflow: { version: backend.version, backend: backend.backend },
    device: {
      kind: backend.device,
      reason: backend.reason,
      missingLibraries: backend.missingLibraries,
      cardFailed: backend.cardFailed,
    },
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

/** A call that runs TensorFlow, whose own errors it explains. */
function withTensorFlow<P, R>(
  handler: (params: P, context: CallContext) => Promise<R>,
): (params: P, context: CallContext) => Promise<R> {
  return async (params, context) => {
    try {
      return await handler(params, context);
    } catch (error) {
      throw explainNative(error);
    }
  };
}

/** How often the engine says that it lives. */
const STATS_INTERVAL_MS = 2000;

/** Binds the contract to the engine's modules. `shutdown` stops and keeps a run in hand. */
export function createEngine(emit: Emit): { handlers: Partial<Handlers<EngineMethod>>; shutdown(): Promise<void> } {
  const training = createTraining(emit);
  const stats = setInterval(
    () => emit('engine.stats', { rssBytes: process.memoryUsage.rss(), tensors: countTensors() }),
    STATS_INTERVAL_MS,
  );
  stats.unref();

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
    'backbones.measure': withTensorFlow((params, context) => measureBackbone(params, context, () => training.run)),
    'dataset.inspect': inspectDataset,
    'augment.write': writeAugmented,
    'augment.risks': withTensorFlow(augmentRisks),
    'train.estimate': estimateTraining,
    'train.start': (params) => training.start(params),
    'train.resume': (params) => training.resume(params),
    'train.pause': async (params) => training.pause(params),
    'train.stop': async (params) => training.stop(params),
    'train.cancel': async (params) => training.cancel(params),
    'train.current': async () => training.current(),
    'run.evaluate': withTensorFlow(evaluateRun),
    'run.predict': withTensorFlow(predictFiles),
    'features.compute': withTensorFlow(computeFeatures),
    'export.formats': async () => listExportFormats(),
    'run.export': withTensorFlow(exportRun),
  };

  return {
    handlers,
    shutdown: async () => {
      clearInterval(stats);
      await training.shutdown();
    },
  };
}
