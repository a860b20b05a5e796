import { join } from 'node:path';
import type { EndReason, Events } from '../../../shared/contract.js';
import { GraftError, throwIfAborted } from '../../../shared/errors.js';
import { wilsonInterval } from '../../../shared/metrics.js';
import type { ProgressListener } from '../../../shared/progress.js';
import type { Recipe } from '../../../shared/recipe.js';
import type { EpochMetrics, RunSummary } from '../../../shared/reports.js';
import { learningRateFactor } from '../../../shared/schedule.js';
import { GRAFT_VERSION } from '../../../shared/version.js';
import { getBackbone } from '../backbones/registry.js';
import { openBackboneWeights } from '../backbones/store.js';
import { type BatchSource, createBatchSource } from '../dataset/batches.js';
import { openPixelCache } from '../dataset/cache.js';
import { encodePng } from '../dataset/png.js';
import { scanDataset } from '../dataset/scan.js';
import { featuresFolder } from '../paths.js';
import { appendMetrics, writeModel, writeSummary } from '../runs/run-folder.js';
import { describeBackend, loadTensorFlow, type TensorFlow } from '../tf.js';
import { createBestWeights } from './callbacks/best-weights.js';
import { createEarlyStopping } from './callbacks/early-stopping.js';
import { createNanGuard } from './callbacks/nan-guard.js';
import { createReporter } from './callbacks/reporter.js';
import { openFeatureStore } from './feature-store.js';
import { createFeatureTable, type FeatureTable } from './feature-table.js';
import { feedEpoch, uploadPixels } from './feed.js';
import { type Callback, fit, type FitPlan } from './fit.js';
import { resolveClassWeights } from './loss.js';
import { createTrainingModel, type TrainingModel } from './model.js';
import { splitForTraining, type TrainingSplit } from './prepare.js';
import { type CutBatch, trainStep } from './step.js';
import type { Snapshot } from './trainer.js';
import { createValidator, type Validator } from './validate.js';

/** Emits one of the engine's events. */
export type Emit = <E extends keyof Events>(name: E, data: Events[E]) => void;

export interface TrainOptions {
  /** Folder of the run, already made, with its recipe. */
  readonly run: string;
  readonly recipe: Recipe;
  readonly emit: Emit;
  /** Aborting ends the run after the batch in hand and keeps it. */
  readonly signal: AbortSignal;
}

/** Everything that a run holds open while it trains. */
interface Session {
  readonly tf: TensorFlow;
  readonly split: TrainingSplit;
  readonly excluded: number;
  readonly fingerprint: string;
  readonly source: BatchSource;
  readonly model: TrainingModel;
  readonly features: FeatureTable | null;
  readonly validator: Validator;
}

async function openSession(options: TrainOptions, onProgress: ProgressListener): Promise<Session> {
  const { recipe, signal } = options;
  const definition = getBackbone(recipe.backbone.id);
  const weights = await openBackboneWeights(definition, { weightsFile: recipe.backbone.weightsFile });
  const cache = openPixelCache({ input: definition.input });
  const dataset = await scanDataset(recipe.data.path, { signal, onProgress, cache });
  const split = splitForTraining(dataset, recipe.data);
  throwIfAborted(signal);
  const tf = await loadTensorFlow();
  const source = createBatchSource({
    images: split.images,
    input: definition.input,
    framing: recipe.data.framing,
    cache,
  });
  const model = await createTrainingModel(tf, definition, weights, split.classes.length, recipe);
  try {
    const { input, featureSize } = definition;
    const shared = { images: split.images, input, featureSize, source, signal };
    const features = model.isFrozen
      ? createFeatureTable({
          ...shared,
          framing: recipe.data.framing,
          fingerprint: model.frozenFingerprint,
          compute: (pixels, count) => {
            const output = tf.tidy(() => model.freeze(uploadPixels(tf, pixels, count, input.size)));
            const values = output.dataSync<'float32'>();
            output.dispose();
            return values;
          },
          store: openFeatureStore(featuresFolder()),
        })
      : null;
    const validator = await createValidator(
      { ...shared, tf, model, validation: split.validation, features },
      onProgress,
    );
    const excluded = dataset.problems.filter((problem) => problem.severity === 'excluded').length;
    return { tf, split, excluded, fingerprint: dataset.fingerprint, source, model, features, validator };
  } catch (error) {
    await source.close();
    model.dispose();
    throw error;
  }
}

/** Plan of the loop over an open session. `callbacks` come in the order given. */
function planFit(options: TrainOptions, session: Session, callbacks: readonly Callback[]): FitPlan<CutBatch> {
  const { recipe } = options;
  const { training } = recipe;
  const { tf, split, model, source, features } = session;
  const definition = getBackbone(recipe.backbone.id);
  const counts = split.classes.map(
    (_, index) => split.training.filter((image) => split.images[image]!.classIndex === index).length,
  );
  const lossOptions = {
    labelSmoothing: training.labelSmoothing,
    classWeights: resolveClassWeights(training.classWeights, split.classes, counts),
    dropout: training.dropout,
    seed: training.seed,
    featureSize: definition.featureSize,
  };
  const feed = {
    tf,
    recipe,
    model,
    images: split.images,
    training: split.training,
    input: definition.input,
    featureSize: definition.featureSize,
    source,
    features,
    // The loop itself hears "stop" between two batches; a feed that were cut off in mid-batch would lose the batch.
    signal: new AbortController().signal,
  };
  return {
    epochs: training.epochs,
    stepsPerEpoch: Math.ceil(split.training.length / training.batchSize),
    batches: (epoch) => feedEpoch(feed, epoch),
    trainStep: async (batch, lr) => trainStep(tf, model, batch, lr, lossOptions),
    evaluate: () => session.validator.evaluate(),
    learningRate: (progress) =>
      training.learningRate * learningRateFactor(training.schedule, progress, training.epochs, training.warmupEpochs),
    callbacks,
    signal: options.signal,
  };
}

/**
 * Trains one run from its recipe into its folder: scan, split, features, the loop, then the best epoch's weights and the
 * summary. Speaks by `train.*` events.
 *
 * @returns the summary, also when the run was stopped after its first epoch
 * @throws GraftError `cancelled` when it is stopped before the first epoch ends; `diverged`, with the best weights kept when
 * there are any; whatever the data set, the weights and TensorFlow throw
 */
export async function trainRun(options: TrainOptions): Promise<RunSummary> {
  const { run, recipe, emit } = options;
  const startedAt = new Date();
  const clock = performance.now();
  const secondsSince = (start: number): number => (performance.now() - start) / 1000;
  const session = await openSession(options, (progress) => emit('train.progress', { run, progress }));
  const { split, model, source } = session;
  const spent = { prepare: secondsSince(clock), train: 0, validate: 0 };
  let peakMemoryBytes = process.memoryUsage.rss();
  const epochs: EpochMetrics[] = [];

  const best = createBestWeights<Snapshot>({
    snapshot: async () => model.trainer.snapshot(),
    restore: (snapshot) => model.trainer.restore(snapshot),
    release: (snapshot) => snapshot.forEach((tensor) => tensor.dispose()),
  });
  const watchMemory: Callback = {
    onBatchEnd: () => {
      peakMemoryBytes = Math.max(peakMemoryBytes, process.memoryUsage.rss());
    },
  };
  const reporter = createReporter({
    onBatch: (metrics) => emit('train.batch', { run, ...metrics }),
    onEpoch: async (metrics) => {
      epochs.push(metrics);
      spent.train += metrics.seconds.train;
      spent.validate += metrics.seconds.validate;
      await appendMetrics(run, metrics);
      emit('train.epoch', { run, ...metrics });
    },
    waitSeconds: () => source.waitedMs / 1000,
  });
  const callbacks = [createNanGuard(), watchMemory, best, reporter];
  const { earlyStopping } = recipe.training;
  if (earlyStopping !== null) callbacks.push(createEarlyStopping(earlyStopping));

  const plan = planFit(options, session, callbacks);
  emit('train.started', {
    run,
    classes: split.classes,
    images: { train: split.training.length, val: split.validation.length },
    steps: plan.epochs * plan.stepsPerEpoch,
    epochsDone: 0,
  });

  const keep = async (reason: EndReason): Promise<RunSummary> => {
    const kept = best.best();
    const last = epochs.at(-1);
    if (kept === null || last === undefined) {
      throw new GraftError(
        'cancelled',
        'The run was stopped before its first epoch ended, so there is nothing to keep.',
      );
    }
    const definition = getBackbone(recipe.backbone.id);
    await writeModel(
      run,
      {
        backbone: definition.id,
        classes: [...split.classes],
        framing: recipe.data.framing,
        input: { ...definition.input, mean: [...definition.input.mean], std: [...definition.input.std] },
      },
      await model.readWeights(),
      await encodePng(await source.render(split.validation[0]!, null)),
    );
    const backend = await describeBackend();
    const hits = Math.round(kept.val.accuracy * split.validation.length);
    const summary: RunSummary = {
      graftVersion: GRAFT_VERSION,
      startedAt: startedAt.toISOString(),
      reason,
      backbone: definition.id,
      mode: recipe.mode,
      classes: split.classes,
      images: { train: split.training.length, val: split.validation.length, excluded: session.excluded },
      datasetFingerprint: session.fingerprint,
      epochs: epochs.length,
      best: { ...kept, interval: wilsonInterval(hits, split.validation.length) },
      last: { epoch: last.epoch, train: last.train, val: last.val },
      seconds: { ...spent, total: secondsSince(clock) },
      device: backend.device,
      tensorflow: backend.version,
      peakMemoryBytes,
    };
    await writeSummary(run, summary);
    return summary;
  };

  try {
    return await keep(await fit(plan));
  } catch (error) {
    if (error instanceof GraftError && error.code === 'diverged' && best.best() !== null) {
      await keep('diverged');
      throw new GraftError('diverged', `${error.message}; the best epoch's weights are kept in ${join(run, 'model')}`, {
        cause: error,
      });
    }
    throw error;
  } finally {
    session.validator.dispose();
    best.dispose();
    model.dispose();
    await source.close();
  }
}
