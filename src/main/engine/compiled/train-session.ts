import { randomUUID } from 'node:crypto';
import { mkdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { NamedTensorMap, Tensor, Tensor2D } from '@tensorflow/tfjs-node-gpu';
import { invariant } from '../../../shared/errors.js';
import { writeFileAtomic } from '../files.js';
import { uploadParams } from '../graph/eager.js';
import { toSourceLayout } from '../graph/layout.js';
import type { WeightMap, WeightTensor } from '../graph/types.js';
import type { TensorFlow } from '../tf.js';
import { loadSignature, type LoadedSignature } from './graph-session.js';
import {
  encodeTrainGraph,
  hasSlots,
  type StepSignature,
  type TrainGraphOptions,
  type TrainSignature,
} from './train-graph.js';
import { UPDATE_SCALARS, updateScalars } from './train-update.js';

/** Values of all parameters, in TensorFlow's layout. The holder disposes of the tensors. */
export type CompiledSnapshot = ReadonlyMap<string, Tensor>;

/** What an optimizer remembers between steps. The holder disposes of the tensors. */
export interface OptimizerMemory {
  /** Steps done. */
  readonly iteration: number;
  /** Momentum and moments by name, in TensorFlow's layout. */
  readonly slots: ReadonlyMap<string, Tensor>;
}

/** Training as one compiled TensorFlow graph, one call a step. Owns a session with the weights: dispose it. */
export interface CompiledTrainer {
  /**
   * One optimizer step.
   *
   * @param cut [n, …], what the network's input node yields, pixels as bytes or float32; any n
   * @param targets [n, classes], as `lossTargets` makes them
   * @param lr learning rate of a group whose scale is 1
   * @param mask [n, features], dropout's factors; null without dropout
   * @param next the next step's `cut`, where {@link canStage} and it is there: it goes to the device meanwhile. It stays the
   *   caller's, and is to be given to the next step, too
   * @returns logits [n, classes] from before the update; the caller disposes
   */
  step(cut: Tensor, targets: Tensor2D, lr: number, mask: Tensor2D | null, next?: Tensor | null): Tensor2D;
  /** Whether a step has use for the next one's input. */
  readonly canStage: boolean;
  /**
   * A step without its update: half the sum of the squares of all gradients. Null where the graph has no signature for it.
   * The caller disposes.
   */
  readonly gradients: ((cut: Tensor, targets: Tensor2D, mask: Tensor2D | null) => Tensor) | null;
  /** Logits [n, classes] with the running statistics and no dropout; the caller disposes. */
  infer(cut: Tensor): Tensor2D;
  /** Every parameter; later steps do not change it. */
  snapshot(): CompiledSnapshot;
  /** Takes parameters back; the optimizer goes on as it was. */
  restore(snapshot: CompiledSnapshot): void;
  /** What the optimizer remembers; later steps do not change it. */
  readOptimizer(): OptimizerMemory;
  /** Takes back what {@link readOptimizer} gave; the tensors stay the caller's. */
  restoreOptimizer(memory: OptimizerMemory): void;
  /** Every parameter in the source layout. */
  readWeights(): Promise<WeightMap>;
  dispose(): void;
}

/** The signatures of one SavedModel folder, in one session. */
async function loadSignatures(tf: TensorFlow, options: TrainGraphOptions) {
  const id = randomUUID();
  const folder = join(tmpdir(), `graft-train-${id}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFileAtomic(join(folder, 'saved_model.pb'), encodeTrainGraph(options, id));
    const names: TrainSignature[] = ['init', 'restore', 'step', 'infer', 'read'];
    if (options.hasGradients) names.push('gradients');
    if (options.canStage) names.push('stepAndStage', 'stagedStep', 'stagedStepAndStage', 'clearStage');
    if (hasSlots(options.optimizer)) names.push('readSlots', 'restoreSlots');
    const models = new Map<TrainSignature, LoadedSignature>();
    // One after the other: the first opens the session that the others find by the folder's name.
    for (const name of names) models.set(name, await loadSignature(tf, folder, name));
    const run = (name: TrainSignature, inputs: NamedTensorMap): NamedTensorMap => {
      const model = models.get(name);
      invariant(model, `the graph has the signature ${name}`);
      return model.run(inputs);
    };
    return { run, dispose: () => models.forEach((model) => model.dispose()) };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Compiles a training step. The graph travels through a temporary SavedModel, the only way into a session that tfjs-node
 * offers.
 *
 * @param weights of every parameter of the network, in the source layout
 */
export async function createCompiledTrainer(
  tf: TensorFlow,
  options: TrainGraphOptions,
  weights: WeightMap,
): Promise<CompiledTrainer> {
  const { network, hasDropout, optimizer, canStage = false } = options;
  const { run, dispose } = await loadSignatures(tf, options);
  let iteration = 0;
  /** The input that lies on the device for the next step. */
  let staged: Tensor | null = null;

  const assign = (name: 'init' | 'restore', values: ReadonlyMap<string, Tensor>): void => {
    const given = Object.fromEntries(
      network.params.map((param): [string, Tensor] => {
        const tensor = values.get(param.name);
        invariant(tensor, `a value for ${param.name}`);
        return [param.name, tensor];
      }),
    );
    tf.tidy(() => {
      run(name, { ...given, trigger: tf.scalar(0) });
    });
  };
  const read = (name: 'read' | 'readSlots'): NamedTensorMap => tf.tidy(() => run(name, { trigger: tf.scalar(0) }));

  const initial = uploadParams(tf, network, weights);
  try {
    assign('init', initial);
  } catch (error) {
    dispose();
    throw error;
  } finally {
    initial.forEach((tensor) => tensor.dispose());
  }

  return {
    canStage,
    step: (cut, targets, lr, mask, next = null) =>
      tf.tidy(() => {
        invariant((mask !== null) === hasDropout, 'a mask comes with every step of a graph with dropout');
        const isStaged = staged === cut;
        // What another step was to have, as in an epoch that was broken off.
        if (staged !== null && !isStaged) run('clearStage', { trigger: tf.scalar(0) });
        staged = null;
        const numbers = updateScalars(optimizer, lr, ++iteration);
        const scalars = Object.fromEntries(UPDATE_SCALARS.map((name) => [name, tf.scalar(numbers[name])]));
        const given = { targets, ...scalars, ...(mask ? { mask } : {}), ...(isStaged ? {} : { cut }) };
        const ahead = canStage ? next : null;
        const [alone, withNext]: [StepSignature, StepSignature] = isStaged
          ? ['stagedStep', 'stagedStepAndStage']
          : ['step', 'stepAndStage'];
        const { logits } = ahead === null ? run(alone, given) : run(withNext, { ...given, next: ahead });
        staged = ahead;
        return logits as Tensor2D;
      }),
    gradients: options.hasGradients
      ? (cut, targets, mask) => tf.tidy(() => run('gradients', { cut, targets, ...(mask ? { mask } : {}) })['norm']!)
      : null,
    infer: (cut) => tf.tidy(() => run('infer', { cut })['logits'] as Tensor2D),
    snapshot: () => new Map(Object.entries(read('read'))),
    restore: (snapshot) => assign('restore', snapshot),
    readOptimizer: () => ({
      iteration,
      slots: new Map(hasSlots(optimizer) ? Object.entries(read('readSlots')) : []),
    }),
    restoreOptimizer(memory) {
      iteration = memory.iteration;
      if (!hasSlots(optimizer)) return;
      tf.tidy(() => {
        run('restoreSlots', { ...Object.fromEntries(memory.slots), trigger: tf.scalar(0) });
      });
    },
    async readWeights() {
      const values = read('read');
      const result = new Map<string, WeightTensor>();
      for (const { name, layout } of network.params) {
        const tensor = values[name]!;
        const data = (await tensor.data()) as Float32Array;
        result.set(name, toSourceLayout({ shape: tensor.shape, data }, layout));
        tensor.dispose();
      }
      return result;
    },
    dispose,
  };
}
