import { createHash } from 'node:crypto';
import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import { GraftError, invariant } from '../../../shared/errors.js';
import { createStream } from '../../../shared/random.js';
import type { ProgressListener } from '../../../shared/progress.js';
import type { Recipe } from '../../../shared/recipe.js';
import type { BackboneDefinition } from '../backbones/types.js';
import { chooseRunner, createFrozenNetwork, type ProbeTask, rememberedRunner } from '../compiled/frozen-network.js';
import type { RunnerChoice } from '../compiled/runner.js';
import type { UpdateGroup } from '../compiled/train-update.js';
import type { EagerNetwork } from '../graph/eager.js';
import { foldNetwork } from '../graph/fold.js';
import { HEAD_BIAS, HEAD_WEIGHT, LOGITS_NODE, truncateNetwork, withHead } from '../graph/head.js';
import { SLICE_INPUT, sliceNetwork } from '../graph/slice.js';
import type { Network, WeightMap, WeightTensor } from '../graph/types.js';
import { nativeBackend, type TensorFlow } from '../tf.js';
import { isProfiling } from './profile.js';
import { createTrainer, type Trainer } from './trainer.js';
import { featuresFingerprint } from './feature-store.js';

const NOTHING_FROZEN: RunnerChoice = { runner: 'eager', reason: 'no stage is frozen' };
/** A head that trains alone runs as what comes before it: one call a step is twice as fast, where graphs run at all. */
const headAlone = ({ runner }: RunnerChoice): RunnerChoice => ({
  runner: runner === 'eager' ? 'eager' : 'compiled',
  reason: 'as the frozen part',
});

/** How the frozen part and the part that trains run, and why. */
export interface Runners {
  readonly frozen: RunnerChoice;
  /** The frozen part where only a head learns from it; as `frozen` unless given. */
  readonly features?: RunnerChoice | undefined;
  readonly step: RunnerChoice;
}

/**
 * What features are for: what is reported comes of float32 alone; what a head learns from may be in bfloat16, which is up
 * to twice as fast where the processor has it.
 */
export type FeaturePurpose = 'report' | 'train';

/** A backbone cut in two, frozen and training, with a new head. Owns its tensors: dispose it. */
export interface TrainingModel {
  readonly classCount: number;
  /** Whether everything before the head is frozen, so that {@link freeze} yields the head's features. */
  readonly isFrozen: boolean;
  readonly runners: Runners;
  /** Identifies the weights of the frozen part. */
  readonly frozenWeights: string;
  /** Identifies what {@link freeze} computes: equal for equal weights, the same cut, the same way of running. */
  readonly frozenFingerprints: Readonly<Record<FeaturePurpose, string>>;
  /**
   * The frozen part.
   *
   * @param pixels [n, size, size, 3], as `uploadBytes` makes them
   * @returns features [n, featureSize] or the activations at the cut; the caller disposes
   */
  freeze(pixels: Tensor, purpose: FeaturePurpose): Tensor;
  /** The part that trains, from what {@link freeze} returned to the logits. */
  readonly trainer: Trainer;
  /** All weights, frozen ones included, without ImageNet's classifier. */
  readWeights(): Promise<WeightMap>;
  dispose(): void;
}

/** sha256 over names, shapes and values. */
export function fingerprintWeights(network: Network, weights: WeightMap): string {
  const hash = createHash('sha256');
  for (const { name } of network.params) {
    const tensor = weights.get(name);
    invariant(tensor, `no weights for ${name}`);
    hash.update(`${name}:${tensor.shape.join('x')};`);
    hash.update(new Uint8Array(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength));
  }
  return hash.digest('hex');
}

/** A fresh classifier as PyTorch's `Linear` begins: uniform in ±1/√features. */
function initialHead(
  seed: number,
  classCount: number,
  featureSize: number,
): { weight: WeightTensor; bias: WeightTensor } {
  const stream = createStream(seed, 'head');
  const bound = 1 / Math.sqrt(featureSize);
  const draw = (length: number): Float32Array => Float32Array.from({ length }, () => stream.between(-bound, bound));
  return {
    weight: { shape: [classCount, featureSize], data: draw(classCount * featureSize) },
    bias: { shape: [classCount], data: draw(classCount) },
  };
}

/** How many stages train, checked against what the backbone has. */
function trainedStages(recipe: Recipe, network: Network): number {
  if (recipe.mode === 'freeze') return 0;
  const available = network.stages.length;
  const wanted = recipe.fineTune.stages === 'all' ? available : recipe.fineTune.stages;
  if (wanted > available) {
    throw new GraftError(
      'invalid-value',
      `fineTune.stages: expected at most ${available} (${network.stages.join(', ')}), received ${wanted}`,
    );
  }
  return wanted;
}

/** A network that is nothing but its input: rows of features, where the head alone trains. */
const featureRows = (featureSize: number): Network => ({
  nodes: [{ op: 'input', name: SLICE_INPUT, inputs: [], stage: 0, shape: [1, 1, featureSize] }],
  params: [],
  stages: ['features'],
  output: SLICE_INPUT,
});

/**
 * What learns at which rate, stage by stage. Biases and batch norm's parameters do not decay: timm's
 * `param_groups_weight_decay`.
 */
function planGroups({ params, stages }: Network, recipe: Recipe): UpdateGroup[] {
  const { weightDecay } = recipe.training.optimizer;
  return stages.flatMap((_, stage) => {
    const trained = params.filter((x) => x.stage === stage && x.role !== 'mean' && x.role !== 'variance');
    const lrScale = recipe.fineTune.lrDecay ** (stages.length - 1 - stage);
    const namesOf = (decays: boolean): string[] =>
      trained.filter(({ shape }) => shape.length > 1 === decays).map(({ name }) => name);
    return [
      { names: namesOf(true), lrScale, weightDecay },
      { names: namesOf(false), lrScale, weightDecay: 0 },
    ];
  });
}

/** Decides how a part runs, and tells when finding out takes a while. */
async function chooseTelling(
  tf: TensorFlow,
  { id, label }: BackboneDefinition,
  task: ProbeTask,
  onProgress: ProgressListener,
): Promise<RunnerChoice> {
  const known = await rememberedRunner(tf, id, task);
  if (known !== null) return known;
  const progress = { task: 'probe', total: 1, unit: 'steps', label } as const;
  onProgress({ ...progress, done: 0 });
  const choice = await chooseRunner(tf, id, task);
  onProgress({ ...progress, done: 1 });
  return choice;
}

/** The frozen part for each purpose; the same one where it runs alike. */
async function createPrefixes(
  tf: TensorFlow,
  frozen: Network | null,
  weights: WeightMap,
  runners: Runners,
): Promise<Record<FeaturePurpose, EagerNetwork | null>> {
  if (frozen === null) return { report: null, train: null };
  const folded = foldNetwork(frozen, weights);
  const report = await createFrozenNetwork(tf, folded, runners.frozen);
  const { features } = runners;
  if (features?.runner !== 'bfloat16') return { report, train: report };
  try {
    return { report, train: await createFrozenNetwork(tf, folded, features) };
  } catch (error) {
    report.dispose();
    throw error;
  }
}

export interface ModelOptions {
  /** How an earlier part of the run ran, to go on alike; null to choose. */
  readonly runners: Runners | null;
  readonly onProgress: ProgressListener;
}

/**
 * Builds the model of a run: stages that stay frozen run folded and without gradients, the others in a trainer.
 *
 * @param weights the backbone's, in the source layout
 * @throws GraftError `invalid-value` when the recipe wants more stages to train than there are
 */
export async function createTrainingModel(
  tf: TensorFlow,
  definition: BackboneDefinition,
  weights: WeightMap,
  classCount: number,
  recipe: Recipe,
  options: ModelOptions,
): Promise<TrainingModel> {
  const { featureSize } = definition;
  const trunk = truncateNetwork(definition.build(), definition.featuresNode);
  const trained = trainedStages(recipe, trunk);
  const firstTrained = trunk.stages.length - trained;
  const frozen: Network | null = firstTrained > 0 ? sliceNetwork(trunk, 0, firstTrained) : null;
  const tail = trained > 0 ? sliceNetwork(trunk, firstTrained, trunk.stages.length) : featureRows(featureSize);
  const network = truncateNetwork(withHead(tail, tail.output, featureSize, classCount), LOGITS_NODE);

  const { batchNorm } = recipe.fineTune;
  const choose = (task: ProbeTask) => chooseTelling(tf, definition, task, options.onProgress);
  const chooseAll = async (): Promise<Runners> => {
    const whole = frozen ? await choose('frozen') : NOTHING_FROZEN;
    const half = trained === 0 && whole.runner === 'compiled' ? await choose('frozen-bfloat16') : whole;
    const features = half.runner === 'bfloat16' ? half : whole;
    const step = trained > 0 ? await choose(`step-${batchNorm}`) : headAlone(whole);
    return { frozen: whole, features, step };
  };
  const runners = options.runners ?? (await chooseAll());
  const onCard = nativeBackend(tf).isUsingGpuDevice;
  const frozenWeights = frozen ? fingerprintWeights(frozen, weights) : 'none';
  const { report: prefix, train: trainingPrefix } = await createPrefixes(tf, frozen, weights, runners);
  // Only these are held on to: the others live in the trainer from here on.
  const frozenParams = new Map<string, WeightTensor>();
  for (const { name } of frozen?.params ?? []) {
    const tensor = weights.get(name);
    invariant(tensor, `no weights for ${name}`);
    frozenParams.set(name, tensor);
  }
  const { weight, bias } = initialHead(recipe.training.seed, classCount, featureSize);
  const trainer = await createTrainer(
    tf,
    {
      network,
      batchNorm,
      hasDropout: recipe.training.dropout > 0,
      hasGradients: isProfiling(),
      // On the processor there is nowhere to go.
      canStage: onCard,
      optimizer: recipe.training.optimizer,
      groups: planGroups(network, recipe),
    },
    new Map([...weights, [HEAD_WEIGHT, weight], [HEAD_BIAS, bias]]),
    runners.step,
  );

  return {
    classCount,
    runners,
    isFrozen: trained === 0,
    frozenWeights,
    frozenFingerprints: {
      report: frozen ? featuresFingerprint(runners.frozen, frozenWeights, onCard) : 'pixels',
      train: frozen ? featuresFingerprint(runners.features ?? runners.frozen, frozenWeights, onCard) : 'pixels',
    },
    freeze: (pixels, purpose) => {
      const part = purpose === 'report' ? prefix : trainingPrefix;
      return part ? part.run(pixels) : pixels.clone();
    },
    trainer,
    readWeights: async () => {
      const all = new Map(frozenParams);
      for (const [name, tensor] of await trainer.readWeights()) all.set(name, tensor);
      return all;
    },
    dispose: () => {
      prefix?.dispose();
      if (trainingPrefix !== prefix) trainingPrefix?.dispose();
      trainer.dispose();
    },
  };
}
