import { join } from 'node:path';
import type { EndReason, Events } from '../../../shared/contract.js';
import { GraftError } from '../../../shared/errors.js';
import { wilsonInterval } from '../../../shared/metrics.js';
import type { Recipe } from '../../../shared/recipe.js';
import type { SamplePrediction } from '../../../shared/live-reports.js';
import type { EpochMetrics, RunSummary } from '../../../shared/reports.js';
import { learningRateFactor } from '../../../shared/schedule.js';
import { GRAFT_VERSION } from '../../../shared/version.js';
import { getBackbone } from '../backbones/registry.js';
import { encodePng } from '../dataset/png.js';
import { collectGarbage } from '../garbage.js';
import { type Checkpoint, removeCheckpoints } from '../runs/checkpoint.js';
import { appendMetrics, cutMetrics } from '../runs/metrics-log.js';
import { writeModel, writeSummary } from '../runs/run-folder.js';
import { describeBackend } from '../tf.js';
import { type BestWeights, createBestWeights } from './callbacks/best-weights.js';
import { createCheckpointer } from './callbacks/checkpointer.js';
import { createEarlyStopping } from './callbacks/early-stopping.js';
import { createNanGuard } from './callbacks/nan-guard.js';
import { createReporter } from './callbacks/reporter.js';
import type { RunControl } from './control.js';
import { feedEpoch } from './feed.js';
import { type Callback, fit, type FitPlan } from './fit.js';
import { resolveClassWeights } from './loss.js';
import { type RunTotals, saveRun, uploadWeights } from './save.js';
import { watchPeakMemory } from './peak-memory.js';
import { pickSamples, predictSamples } from './samples.js';
import { openSession, type Session } from './session.js';
import { type CutBatch, trainStep } from './step.js';
import { throttleProgress } from './throttle.js';
import type { Snapshot } from './trainer.js';

/** Emits one of the engine's events. */
export type Emit = <E extends keyof Events>(name: E, data: Events[E]) => void;

export interface TrainOptions {
  /** Folder of the run, already made, with its recipe. */
  readonly run: string;
  readonly recipe: Recipe;
  readonly emit: Emit;
  readonly control: RunControl;
  /** Where to go on; null for a new run. */
  readonly checkpoint: Checkpoint | null;
}

/** Plan of the loop over an open session. `callbacks` come in the order given. */
function planFit(
  { recipe, control, checkpoint }: TrainOptions,
  session: Session,
  callbacks: readonly Callback[],
  onSamples: (samples: readonly SamplePrediction[]) => void,
): FitPlan<CutBatch> {
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
    signal: control.cancelled,
  };
  const picked = pickSamples(split, training.seed);
  return {
    epochs: training.epochs,
    stepsPerEpoch: Math.ceil(split.training.length / training.batchSize),
    from: checkpoint?.state.position ?? null,
    batches: (epoch, skip) => {
      session.profile?.begin();
      return feedEpoch(feed, epoch, skip);
    },
    trainStep: async (batch, lr) => {
      const startMs = performance.now();
      const result = trainStep(tf, model, batch, lr, lossOptions);
      session.speeds.addStep(result.count, (performance.now() - startMs) / 1000);
      return result;
    },
    evaluate: async () => {
      const { val, logits } = await session.validator.evaluate();
      onSamples(predictSamples(split, picked, logits));
      return val;
    },
    learningRate: (progress) =>
      training.learningRate * learningRateFactor(training.schedule, progress, training.epochs, training.warmupEpochs),
    callbacks,
    steering: control,
  };
}

/** Puts a checkpoint's weights, optimizer and best epoch back into an open session. */
async function restoreCheckpoint({ tf, model }: Session, checkpoint: Checkpoint) {
  const saved = await checkpoint.readTensors();
  const weights = uploadWeights(tf, saved.weights);
  const slots = uploadWeights(tf, saved.slots);
  model.trainer.restore(weights);
  model.trainer.restoreOptimizer({ iteration: checkpoint.state.iteration, slots });
  for (const tensors of [weights, slots]) tensors.forEach((tensor) => tensor.dispose());
  const { best } = checkpoint.state;
  return best === null || saved.best === null ? null : { best, weights: uploadWeights(tf, saved.best) };
}

/** Writes the model of the best epoch and the summary, and drops the checkpoints that nobody can go on from. */
async function keepRun(
  { run, recipe }: TrainOptions,
  session: Session,
  best: BestWeights<Snapshot>,
  totals: RunTotals,
  reason: EndReason,
): Promise<RunSummary> {
  const { split, model, source } = session;
  const kept = best.best();
  const last = totals.epochs.at(-1);
  if (kept === null || last === undefined) {
    throw new GraftError('cancelled', 'The run was stopped before its first epoch ended, so there is nothing to keep.');
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
  const sum = (part: 'train' | 'validate'): number =>
    totals.epochs.reduce((all, { seconds }) => all + seconds[part], 0);
  const summary: RunSummary = {
    graftVersion: GRAFT_VERSION,
    startedAt: totals.startedAt,
    reason,
    backbone: definition.id,
    mode: recipe.mode,
    classes: split.classes,
    images: { train: split.training.length, val: split.validation.length, excluded: session.excluded },
    datasetFingerprint: session.fingerprint,
    epochs: totals.epochs.length,
    best: { ...kept, interval: wilsonInterval(hits, split.validation.length) },
    last: { epoch: last.epoch, train: last.train, val: last.val },
    seconds: { ...totals.seconds(), train: sum('train'), validate: sum('validate') },
    device: backend.device,
    tensorflow: backend.version,
    peakMemoryBytes: totals.peakMemoryBytes,
    resumed: totals.resumed,
  };
  await writeSummary(run, summary);
  await removeCheckpoints(run, reason === 'stopped' ? 'latest' : 'none');
  return summary;
}

/**
 * Trains one run from its recipe into its folder: scan, split, features, the loop, then the best epoch's weights and the
 * summary. Speaks by `train.*` events. With a checkpoint it goes on from there, on a CPU with the numbers that an
 * uninterrupted run would have had.
 *
 * @returns the summary, also when the run was stopped after its first epoch
 * @throws GraftError `cancelled` when it is given up, or stopped before the first epoch ends; `diverged`, with the best
 * weights kept when there are any; `disk-full`, with the checkpoints so far kept; `conflict` when a run that goes on finds
 * other data or weights; whatever the data set, the weights and TensorFlow throw
 */
export async function trainRun(options: TrainOptions): Promise<RunSummary> {
  const { run, recipe, emit, control, checkpoint } = options;
  const state = checkpoint?.state ?? null;
  const beganMs = control.nowMs();
  const secondsSinceBegin = (): number => (control.nowMs() - beganMs) / 1000;
  const startedAt = state?.startedAt ?? new Date().toISOString();
  const peakMemoryBytes = watchPeakMemory();
  const onProgress = throttleProgress((progress) => emit('train.progress', { run, progress }));
  const session = await openSession({ run, recipe, control, state }, onProgress);
  // The weights' file and what was made of it, which the session has taken in.
  collectGarbage();
  const { split, model, source, profile } = session;
  let best: BestWeights<Snapshot> | null = null;
  try {
    const prepared = (state?.seconds.prepare ?? 0) + secondsSinceBegin();
    const totals = {
      epochs: [...(checkpoint?.epochs ?? [])],
      startedAt,
      resumed: state === null ? 0 : state.resumed + 1,
      seconds: () => ({ prepare: prepared, total: (state?.seconds.total ?? 0) + secondsSinceBegin() }),
      peakMemoryBytes: Math.max(state?.peakMemoryBytes ?? 0, peakMemoryBytes()),
    };
    const restored = checkpoint === null ? null : await restoreCheckpoint(session, checkpoint);
    const keeper = createBestWeights<Snapshot>(
      {
        snapshot: async () => model.trainer.snapshot(),
        restore: (snapshot) => model.trainer.restore(snapshot),
        release: (snapshot) => snapshot.forEach((tensor) => tensor.dispose()),
      },
      restored,
    );
    best = keeper;
    if (checkpoint !== null) {
      await cutMetrics(run, checkpoint.state.metricsBytes);
      await checkpoint.dropLater();
    }

    const watchMemory: Callback = {
      onBatchEnd: () => {
        totals.peakMemoryBytes = Math.max(totals.peakMemoryBytes, peakMemoryBytes());
      },
    };
    let samples: readonly SamplePrediction[] = [];
    const reporter = createReporter({
      onBatch: (metrics) => emit('train.batch', { run, ...metrics }),
      onEpoch: async (metrics: EpochMetrics) => {
        totals.epochs.push(metrics);
        await appendMetrics(run, metrics);
        emit('train.epoch', { run, ...metrics });
        emit('train.samples', { run, epoch: metrics.epoch, samples });
      },
      waitSeconds: () => source.waitedMs / 1000,
      profile: profile && (() => profile.read()),
    });
    const { earlyStopping } = recipe.training;
    const stopping = earlyStopping && createEarlyStopping(earlyStopping, state?.earlyStopping ?? null);
    const checkpointer = createCheckpointer({
      save: (position) => saveRun({ run, recipe, session, best: keeper, stopping, totals, position }),
      from: state?.position ?? null,
      nowMs: () => control.nowMs(),
    });
    const callbacks = [
      ...(profile ? [profile.callback] : []),
      ...[createNanGuard(), watchMemory, keeper, reporter],
      ...(stopping ? [stopping] : []),
      checkpointer,
    ];

    const plan = planFit(options, session, callbacks, (latest) => (samples = latest));
    emit('train.started', {
      run,
      classes: split.classes,
      images: { train: split.training.length, val: split.validation.length },
      steps: plan.epochs * plan.stepsPerEpoch,
      epochsDone: totals.epochs.length,
    });
    try {
      return await keepRun(options, session, keeper, totals, await fit(plan));
    } catch (error) {
      if (!(error instanceof GraftError) || error.code !== 'diverged' || keeper.best() === null) throw error;
      await keepRun(options, session, keeper, totals, 'diverged');
      throw new GraftError('diverged', `${error.message}; the best epoch's weights are kept in ${join(run, 'model')}`, {
        cause: error,
      });
    }
  } finally {
    best?.dispose();
    await session.close();
  }
}
