import { createHash } from 'node:crypto';
import type { NamedTensorMap, Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-node-gpu';
import { GraftError, invariant } from '../../../shared/errors.js';
import { createStream } from '../../../shared/random.js';
import type { OptimizerSpec, Recipe } from '../../../shared/recipe.js';
import type { BackboneDefinition } from '../backbones/types.js';
import { chooseRunner, createFrozenNetwork, type RunnerChoice } from '../compiled/frozen-network.js';
import { foldNetwork } from '../graph/fold.js';
import { HEAD_BIAS, HEAD_WEIGHT, truncateNetwork } from '../graph/head.js';
import { toTensorFlowLayout, toSourceLayout } from '../graph/layout.js';
import { sliceNetwork } from '../graph/slice.js';
import { createTrainableNetwork, type TrainableNetwork } from '../graph/trainable.js';
import type { Network, WeightMap, WeightTensor } from '../graph/types.js';
import type { TensorFlow } from '../tf.js';
import type { ParameterGroup } from './optimizer.js';

/** Values of everything that trains, as copied tensors. Dispose of it through {@link TrainingModel.release}. */
export type Snapshot = ReadonlyMap<string, Tensor>;

/** A backbone cut in two, frozen and training, with a new head. Owns its tensors: dispose it. */
export interface TrainingModel {
  readonly classCount: number;
  /** Whether everything before the head is frozen, so that {@link freeze} yields the head's features. */
  readonly isFrozen: boolean;
  /** How the frozen part runs, and why. */
  readonly runner: RunnerChoice;
  /** Identifies what {@link freeze} computes: equal for equal weights, the same cut, the same way of running. */
  readonly frozenFingerprint: string;
  /**
   * The frozen part, outside any tape.
   *
   * @param pixels [n, size, size, 3] in 0..255
   * @returns features [n, featureSize] or the activations at the cut; the caller disposes
   */
  freeze(pixels: Tensor): Tensor;
  /**
   * The part that trains. Differentiable.
   *
   * @param cut what {@link freeze} returned
   * @param dropoutMask [n, featureSize] with the kept features scaled up; null for none
   * @returns logits [n, classes]; the caller disposes
   */
  logits(cut: Tensor, training: boolean, dropoutMask: Tensor2D | null): Tensor2D;
  /** Variables that get gradients, by name. */
  readonly variables: ReadonlyMap<string, Variable>;
  groups(optimizer: OptimizerSpec): ParameterGroup[];
  snapshot(): Promise<Snapshot>;
  restore(snapshot: Snapshot): void;
  release(snapshot: Snapshot): void;
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

/**
 * Builds the model of a run: stages that stay frozen run folded and outside the tape, the others as variables.
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
): Promise<TrainingModel> {
  const trunk = truncateNetwork(definition.build(), definition.featuresNode);
  const trained = trainedStages(recipe, trunk);
  const firstTrained = trunk.stages.length - trained;
  const frozen: Network | null = firstTrained > 0 ? sliceNetwork(trunk, 0, firstTrained) : null;
  const trainable: Network | null = trained > 0 ? sliceNetwork(trunk, firstTrained, trunk.stages.length) : null;

  const choice = await chooseRunner(tf, definition.id);
  const prefix = frozen && (await createFrozenNetwork(tf, foldNetwork(frozen, weights), choice));
  const tail: TrainableNetwork | null = trainable && createTrainableNetwork(tf, trainable, weights);

  const initial = initialHead(recipe.training.seed, classCount, definition.featureSize);
  // A variable holds its own reference to the values that it begins with.
  const [headWeight, headBias] = tf.tidy((): [Variable, Variable] => [
    tf.variable(
      tf.tensor2d(toTensorFlowLayout(initial.weight, 'dense').data, [definition.featureSize, classCount]),
    ) as Variable,
    tf.variable(tf.tensor1d(initial.bias.data)),
  ]);
  const head = new Map<string, Variable>([
    [HEAD_WEIGHT, headWeight],
    [HEAD_BIAS, headBias],
  ]);
  const variables = new Map<string, Variable>([...(tail?.variables ?? []), ...head]);
  const state = new Map<string, Variable>([...variables, ...(tail?.statistics ?? [])]);

  const groups = (optimizer: OptimizerSpec): ParameterGroup[] => {
    const byStage = new Map<number, Map<string, Variable>>();
    for (const param of trainable?.params ?? []) {
      const variable = tail?.variables.get(param.name);
      if (!variable) continue;
      const stage = byStage.get(param.stage) ?? new Map<string, Variable>();
      byStage.set(param.stage, stage.set(param.name, variable));
    }
    // Biases and batch norm's parameters do not decay: timm's `param_groups_weight_decay`.
    const split = (name: string, lrScale: number, all: ReadonlyMap<string, Variable>): ParameterGroup[] => [
      { name, lrScale, weightDecay: optimizer.weightDecay, variables: new Map([...all].filter(([, x]) => x.rank > 1)) },
      { name: `${name}/1d`, lrScale, weightDecay: 0, variables: new Map([...all].filter(([, x]) => x.rank <= 1)) },
    ];
    const stages = [...byStage].flatMap(([stage, all]) => {
      invariant(trainable, 'stages come from the trainable part');
      const distance = trainable.stages.length - stage;
      return split(trainable.stages[stage]!, recipe.fineTune.lrDecay ** distance, all);
    });
    return [...stages, ...split('head', 1, head)];
  };

  return {
    classCount,
    runner: choice,
    isFrozen: trained === 0,
    frozenFingerprint: frozen ? `${choice.runner}:${fingerprintWeights(frozen, weights)}` : 'pixels',
    freeze: (pixels) => (prefix ? prefix.run(pixels) : pixels.clone()),
    logits: (cut, training, dropoutMask) =>
      tf.tidy(() => {
        const features = (
          tail ? tail.forward(cut, { batchNorm: recipe.fineTune.batchNorm, training }) : cut
        ) as Tensor2D; // [n, features]
        const kept = dropoutMask ? features.mul<Tensor2D>(dropoutMask) : features;
        return tf.matMul(kept, headWeight).add<Tensor2D>(headBias); // [n, classes]
      }),
    variables,
    groups,
    snapshot: async () => new Map([...state].map(([name, variable]) => [name, variable.clone()])),
    restore: (snapshot) => {
      for (const [name, variable] of state) {
        const tensor = snapshot.get(name);
        invariant(tensor, `the snapshot lacks ${name}`);
        variable.assign(tensor);
      }
    },
    release: (snapshot) => snapshot.forEach((tensor) => tensor.dispose()),
    readWeights: async () => {
      const all = new Map<string, WeightTensor>();
      for (const { name } of frozen?.params ?? []) {
        const tensor = weights.get(name);
        invariant(tensor, `no weights for ${name}`);
        all.set(name, tensor);
      }
      if (tail) for (const [name, tensor] of await tail.readWeights()) all.set(name, tensor);
      all.set(
        HEAD_WEIGHT,
        toSourceLayout({ shape: headWeight.shape, data: (await headWeight.data()) as Float32Array }, 'dense'),
      );
      all.set(HEAD_BIAS, { shape: headBias.shape, data: (await headBias.data()) as Float32Array });
      return all;
    },
    dispose: () => {
      prefix?.dispose();
      tail?.dispose();
      headWeight.dispose();
      headBias.dispose();
    },
  };
}

/** Gradients by variable name; the caller disposes of them with {@link disposeAll}. */
export function disposeAll(tensors: NamedTensorMap): void {
  for (const tensor of Object.values(tensors)) tensor.dispose();
}
