import { availableParallelism } from 'node:os';
import type { CallContext, Params } from '../../../shared/contract.js';
import { GraftError } from '../../../shared/errors.js';
import type { Recipe } from '../../../shared/recipe.js';
import type { TrainEstimate } from '../../../shared/live-reports.js';
import { getBackbone } from '../backbones/registry.js';
import { openBackboneWeights } from '../backbones/store.js';
import type { BackboneDefinition } from '../backbones/types.js';
import { rememberedRunner } from '../compiled/frozen-network.js';
import type { RunnerChoice } from '../compiled/runner.js';
import { defaultWorkers } from '../dataset/batch-pool.js';
import { sourceCap, sourceSize } from '../dataset/decode.js';
import { frozenFingerprint } from '../insight/frozen-backbone.js';
import { loadTensorFlow, nativeBackend, type TensorFlow } from '../tf.js';
import { canReuseFeatures } from '../train/feed.js';
import { splitForTraining, type TrainingSplit } from '../train/prepare.js';
import { keptFeatures, keptPixels } from './kept.js';
import { readKnownDataset } from './known-dataset.js';
import { adviseBatchSize } from './batch-size.js';
import { findFreeMemory } from './free-memory.js';
import { estimateMemory } from './memory.js';
import { renderSeconds } from './render-cost.js';
import { knownSpeed } from './speed.js';
import { rememberedSpeed, stepSpeed } from './speed-record.js';
import { stageWork, sumOver } from './work.js';

/**
 * Forward, backward and update of a part, over its folded forward pass alone: 3.0 to 3.5 for EfficientNet-Lite0 and
 * MobileNetV2, from the last two stages to all of them.
 */
const STEP_FACTOR = 3.4;
/** One step of a head on features, calls and all. */
const HEAD_STEP_SECONDS = 0.003;
/** Reading one picture's features from disk. */
const KEPT_FEATURES_SECONDS = 0.0004;
/** Reading weights and building the graphs. */
const START_SECONDS = 1;
/** A probe's process with TensorFlow in it. */
const PROBE_START_SECONDS = 3;
/** Batches of 16 that a probe runs one way, warm-up included, and how much slower the other way is. */
const PROBE_BATCHES = 4;
const EAGER_FACTOR = 1.8;
/** Decoding on one core: for each picture, and for each byte of its file. */
const DECODE_SECONDS = 0.01;
const DECODE_SECONDS_PER_BYTE = 2.5e-8;

/** How many stages train, checked against what the backbone has. */
function trainedStageCount(recipe: Recipe, names: readonly string[]): number {
  if (recipe.mode === 'freeze') return 0;
  const { stages } = recipe.fineTune;
  if (stages === 'all') return names.length;
  if (stages <= names.length) return stages;
  throw new GraftError(
    'invalid-value',
    `fineTune.stages: expected at most ${names.length} (${names.join(', ')}), received ${stages}`,
  );
}

/** Shares of training and validation pictures whose features are on disk. */
interface KeptShares {
  readonly training: number;
  readonly validation: number;
}

const NOTHING_KEPT: KeptShares = { training: 0, validation: 0 };

async function keptShares(
  tf: TensorFlow,
  definition: BackboneDefinition,
  recipe: Recipe,
  split: TrainingSplit,
): Promise<KeptShares> {
  const runner = await rememberedRunner(tf, definition.id, 'frozen');
  if (runner === null) return NOTHING_KEPT;
  const { weightsFile } = recipe.backbone;
  // Without weights there are no features of theirs; that they are missing is said when the run is started.
  const weights = await openBackboneWeights(definition, { weightsFile }).catch(() => null);
  if (weights === null) return NOTHING_KEPT;
  const half = await rememberedRunner(tf, definition.id, 'frozen-bfloat16');
  const { images, training, validation } = split;
  const look = (
    indices: readonly number[],
    choice: RunnerChoice,
    view: Parameters<typeof keptFeatures>[5],
  ): Promise<number> => {
    const fingerprint = frozenFingerprint(tf, definition, weights, choice);
    return keptFeatures(definition, fingerprint, images, indices, recipe.data.framing, view);
  };
  const isPlain = recipe.augment.steps.length === 0;
  // The first view stands for all of them.
  const view = isPlain ? null : { policy: recipe.augment, seed: recipe.training.seed, view: 0 };
  return {
    training: canReuseFeatures(recipe) ? await look(training, half?.runner === 'bfloat16' ? half : runner, view) : 0,
    validation: await look(validation, runner, null),
  };
}

/** Seconds of the probes that a run would begin with. */
async function probeSeconds(
  tf: TensorFlow,
  { id }: BackboneDefinition,
  recipe: Recipe,
  trained: number,
  stageCount: number,
  secondsPerImage: number,
): Promise<number> {
  const batches = PROBE_BATCHES * 16 * (1 + EAGER_FACTOR) * secondsPerImage;
  let seconds = 0;
  if (trained < stageCount && (await rememberedRunner(tf, id, 'frozen')) === null) {
    seconds += PROBE_START_SECONDS + batches;
  }
  if (trained === 0 && (await rememberedRunner(tf, id, 'frozen-bfloat16')) === null) {
    seconds += PROBE_START_SECONDS + batches;
  }
  if (trained > 0 && (await rememberedRunner(tf, id, `step-${recipe.fineTune.batchNorm}`)) === null) {
    seconds += PROBE_START_SECONDS + batches * STEP_FACTOR;
  }
  return seconds;
}

const median = (values: readonly number[]): number => [...values].sort((a, b) => a - b)[values.length >> 1] ?? 0;

/**
 * Says how long a run of this recipe will take and what it will hold in memory, without starting it: from the measured
 * speed of its backbone and of the same steps in earlier runs where there is one, what is on disk already, and a few drawings under its policy. Early stopping is
 * not foreseen. No picture is opened.
 *
 * @throws GraftError what the run would throw: `unknown-backbone`, `not-found`, `dataset-unusable`, `invalid-value`
 */
export async function estimateTraining(
  { recipe }: Params<'train.estimate'>,
  { signal, onProgress }: CallContext,
): Promise<TrainEstimate> {
  const { training, data, augment } = recipe;
  const definition = getBackbone(recipe.backbone.id);
  const { input, featureSize } = definition;
  const stages = stageWork(definition);
  const trainedCount = trainedStageCount(recipe, stages.map(({ name }) => name)); // prettier-ignore
  const { dataset } = await readKnownDataset(data.path, signal, onProgress);
  const split = splitForTraining(dataset, data);
  const tf = await loadTensorFlow();
  const isGpu = nativeBackend(tf).isUsingGpuDevice;

  const { secondsPerImage, basis } = await knownSpeed(definition, isGpu);
  const frozen = stages.slice(0, stages.length - trainedCount);
  const trained = stages.slice(stages.length - trainedCount);
  const totalWork = sumOver(stages, 'work');
  const frozenSeconds = (secondsPerImage * sumOver(frozen, 'work')) / totalWork;
  // Steps that earlier runs have done just so, else by the arithmetic.
  const doneSteps = trainedCount === 0 ? null : await rememberedSpeed(stepSpeed(recipe));
  const stepSeconds =
    doneSteps === null
      ? frozenSeconds + (secondsPerImage * sumOver(trained, 'work') * STEP_FACTOR) / totalWork
      : 1 / doneSteps;

  const used = [...split.training, ...split.validation].map((index) => split.images[index]!);
  const sizes = used.map(({ width, height }) => sourceSize(width, height, sourceCap(input)));
  const source = { width: median(sizes.map(({ width }) => width)), height: median(sizes.map(({ height }) => height)) };
  const framed = await renderSeconds(null, source, input, data.framing);
  const drawn = augment.steps.length === 0 ? framed : await renderSeconds(augment, source, input, data.framing);
  /** A picture's time when one is computed while the next is drawn; without a card both want the same cores. */
  const both = (compute: number, draw: number): number =>
    isGpu ? Math.max(compute, draw / defaultWorkers()) : compute + draw / availableParallelism();

  const trainCount = split.training.length;
  const valCount = split.validation.length;
  const stepsPerEpoch = Math.ceil(trainCount / training.batchSize);
  const steps = training.epochs * stepsPerEpoch;
  const isFrozen = trainedCount === 0;
  const reuses = isFrozen && canReuseFeatures(recipe);
  const kept = isFrozen ? await keptShares(tf, definition, recipe, split) : NOTHING_KEPT;

  const views = augment.steps.length === 0 ? 1 : Math.min(training.views ?? training.epochs, training.epochs);
  const trainViews = reuses ? trainCount * views : 0;
  const missingVal = isFrozen ? valCount * (1 - kept.validation) : 0;
  const missingTrain = trainViews * (1 - kept.training);
  const keptRows = (isFrozen ? valCount : 0) + trainViews - missingVal - missingTrain;
  const featureSeconds =
    missingVal * both(frozenSeconds, framed) +
    missingTrain * both(frozenSeconds, drawn) +
    keptRows * KEPT_FEATURES_SECONDS;
  const pixelEpochs = reuses ? 0 : training.epochs;
  const trainSeconds =
    pixelEpochs * trainCount * both(trainedCount === 0 ? frozenSeconds : stepSeconds, drawn) +
    (isFrozen ? steps * HEAD_STEP_SECONDS : 0) +
    START_SECONDS;
  const validateSeconds = isFrozen ? 0 : training.epochs * valCount * both(secondsPerImage, framed);

  // Where all features are at hand, no picture is opened.
  const isEveryFeatureKept = reuses && missingVal + missingTrain === 0;
  const missingPixels = isEveryFeatureKept ? 0 : 1 - (await keptPixels(definition, used));
  const decoding = used.reduce((sum, { sizeBytes }) => sum + DECODE_SECONDS + DECODE_SECONDS_PER_BYTE * sizeBytes, 0);

  const headParameters = (featureSize + 1) * split.classes.length;
  const needs = {
    frozen,
    trained,
    headParameters,
    pixelBytes: isEveryFeatureKept ? 0 : sizes.reduce((sum, { width, height }) => sum + width * height * 3, 0),
    featureRows: trainViews + (isFrozen ? valCount : 0),
  };
  const memoryOf = (batchSize: number): number =>
    // No batch is larger than the data set.
    estimateMemory(definition, Math.min(batchSize, trainCount), needs, isGpu ? 'card' : 'machine');
  const freeMemory = await findFreeMemory(isGpu);
  const parts = [
    {
      name: 'probe' as const,
      seconds: await probeSeconds(tf, definition, recipe, trainedCount, stages.length, secondsPerImage),
    },
    { name: 'decode' as const, seconds: (missingPixels * decoding) / availableParallelism() },
    { name: 'features' as const, seconds: featureSeconds },
    { name: 'train' as const, seconds: trainSeconds },
    { name: 'validate' as const, seconds: validateSeconds },
  ];
  return {
    steps,
    seconds: parts.reduce((sum, { seconds }) => sum + seconds, 0),
    memoryBytes: memoryOf(training.batchSize),
    freeMemory,
    batchAdvice:
      freeMemory &&
      adviseBatchSize({
        batchSize: training.batchSize,
        trainImages: trainCount,
        trainsBackbone: trainedCount > 0,
        free: freeMemory,
        memoryOf,
      }),
    basis,
    trainableParameters: sumOver(trained, 'parameters') + headParameters,
    parts,
  };
}
