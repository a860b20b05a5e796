import type { Scalar, Tensor, Tensor2D, Variable } from '@tensorflow/tfjs-node-gpu';
import { invariant } from '../../../shared/errors.js';
import type { RunnerChoice } from '../compiled/runner.js';
import type { TrainGraphOptions } from '../compiled/train-graph.js';
import { createCompiledTrainer, type OptimizerMemory } from '../compiled/train-session.js';
import { createTrainableNetwork } from '../graph/trainable.js';
import { LOGITS_NODE } from '../graph/head.js';
import type { WeightMap } from '../graph/types.js';
import type { TensorFlow } from '../tf.js';
import { createOptimizer } from './optimizer.js';

/** Values of everything that trains, in TensorFlow's layout. The holder disposes of the tensors. */
export type Snapshot = ReadonlyMap<string, Tensor>;

/** What trains, with its optimizer. Owns its weights: dispose it. */
export interface Trainer {
  /**
   * One optimizer step on the loss `-sum(targets · logSoftmax(logits))`.
   *
   * @param cut [n, …], what the frozen part yields
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
   * A step without its update, for measuring: half the sum of the squares of all gradients. Null where `hasGradients` did
   * not ask for it. The caller disposes.
   */
  readonly gradients: ((cut: Tensor, targets: Tensor2D, mask: Tensor2D | null) => Tensor) | null;
  /** Logits [n, classes] with the running statistics and no dropout; the caller disposes. */
  infer(cut: Tensor): Tensor2D;
  /** Weights and running statistics; later steps do not change the copy. */
  snapshot(): Snapshot;
  /** Takes weights and statistics back; the optimizer goes on as it was. */
  restore(snapshot: Snapshot): void;
  /** What the optimizer remembers; later steps do not change the copy. The caller disposes of the tensors. */
  readOptimizer(): OptimizerMemory;
  /** Takes back what {@link readOptimizer} gave; the tensors stay the caller's. */
  restoreOptimizer(memory: OptimizerMemory): void;
  /** Weights and running statistics in the source layout. */
  readWeights(): Promise<WeightMap>;
  dispose(): void;
}

/** Trains by one call a node, on tfjs's tape. */
export function createEagerTrainer(tf: TensorFlow, options: TrainGraphOptions, weights: WeightMap): Trainer {
  const { network, batchNorm } = options;
  const net = createTrainableNetwork(tf, network, weights);
  const { variables } = net;
  const state = new Map<string, Variable>([...variables, ...net.statistics]);
  const groups = options.groups.map(({ names, lrScale, weightDecay }, index) => ({
    name: String(index),
    lrScale,
    weightDecay,
    variables: new Map(names.map((name) => [name, variables.get(name)!])),
  }));
  const optimizer = createOptimizer(tf, options.optimizer, groups);
  const forward = (cut: Tensor, training: boolean, mask: Tensor2D | null): Tensor2D =>
    net.forward(cut, {
      batchNorm,
      training,
      ...(mask ? { mask: { node: LOGITS_NODE, factors: mask } } : {}),
    }) as Tensor2D;

  /** Logits and the gradients by variable; both belong to the tidy around. */
  const differentiate = (cut: Tensor, targets: Tensor2D, mask: Tensor2D | null) => {
    let scored: Tensor2D | null = null;
    const { grads } = tf.variableGrads(() => {
      const scores = forward(cut, true, mask);
      scored = tf.keep(scores.clone());
      return tf.sum(targets.mul(tf.logSoftmax(scores))).neg() as Scalar;
    }, [...variables.values()]);
    const kept = scored as Tensor2D | null;
    invariant(kept, 'the forward pass has run');
    // Out of the tape's hands, into the tidy's, which passes it on.
    const logits = kept.clone();
    kept.dispose();
    return { logits, grads };
  };

  return {
    canStage: false,
    step: (cut, targets, lr, mask) =>
      tf.tidy(() => {
        const { logits, grads } = differentiate(cut, targets, mask);
        optimizer.apply(Object.fromEntries([...variables].map(([name, x]) => [name, grads[x.name]!])), lr);
        return logits;
      }),
    gradients: options.hasGradients
      ? (cut, targets, mask) =>
          tf.tidy(() => {
            const { grads } = differentiate(cut, targets, mask);
            return tf.addN(Object.values(grads).map((gradient) => gradient.square().sum().div(2)));
          })
      : null,
    infer: (cut) => forward(cut, false, null),
    snapshot: () => new Map([...state].map(([name, variable]) => [name, variable.clone()])),
    restore: (snapshot) => {
      for (const [name, variable] of state) {
        const tensor = snapshot.get(name);
        invariant(tensor, `the snapshot lacks ${name}`);
        variable.assign(tensor);
      }
    },
    readOptimizer: () => optimizer.read(),
    restoreOptimizer: (memory) => optimizer.restore(memory),
    readWeights: () => net.readWeights(),
    dispose: () => {
      optimizer.dispose();
      net.dispose();
    },
  };
}

/**
 * Makes a trainer the way that was chosen for this machine.
 *
 * @param weights of every parameter of the network, in the source layout
 */
export async function createTrainer(
  tf: TensorFlow,
  options: TrainGraphOptions,
  weights: WeightMap,
  choice: RunnerChoice,
): Promise<Trainer> {
  return choice.runner === 'compiled'
    ? await createCompiledTrainer(tf, options, weights)
    : createEagerTrainer(tf, options, weights);
}
