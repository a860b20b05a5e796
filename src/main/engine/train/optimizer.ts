import type { NamedTensorMap, Tensor, Variable } from '@tensorflow/tfjs-node-gpu';
import { invariant } from '../../../shared/errors.js';
import type { OptimizerSpec } from '../../../shared/recipe.js';
import type { OptimizerMemory } from '../compiled/train-session.js';
import type { TensorFlow } from '../tf.js';

/** Variables that share a learning rate and a weight decay. */
export interface ParameterGroup {
  readonly name: string;
  /** By name; slots are kept under the same names, so groups may be regrouped between runs. */
  readonly variables: ReadonlyMap<string, Variable>;
  /** Factor on the learning rate given to {@link Optimizer.apply}. */
  readonly lrScale: number;
  /** Replaces the spec's weight decay: 0 for what should not decay. */
  readonly weightDecay: number;
}

/** Updates variables in place. Owns its slots: dispose it. */
export interface Optimizer {
  /** One step. `gradients` has an entry for every variable of every group; they stay the caller's. */
  apply(gradients: NamedTensorMap, lr: number): void;
  /** What it remembers; later steps do not change the copy. */
  read(): OptimizerMemory;
  /** Takes back what {@link read} gave; the tensors stay the caller's. */
  restore(memory: OptimizerMemory): void;
  dispose(): void;
}

/**
 * SGD, Adam and AdamW as PyTorch defines them (torch.optim, version 2): momentum's buffer begins as the first gradient,
 * Adam's decay is added to the gradient, AdamW's shrinks the weight.
 *
 * Kingma & Ba, "Adam" (2015); Loshchilov & Hutter, "Decoupled weight decay regularization" (2019).
 */
export function createOptimizer(tf: TensorFlow, spec: OptimizerSpec, groups: readonly ParameterGroup[]): Optimizer {
  const slots = new Map<string, Variable>();
  let iteration = 0;

  const slotOf = (name: string, initial: () => Tensor): { slot: Variable; isNew: boolean } => {
    const existing = slots.get(name);
    if (existing) return { slot: existing, isNew: false };
    const slot = tf.variable(initial(), false);
    slots.set(name, slot);
    return { slot, isNew: true };
  };

  const stepSgd = (
    options: Extract<OptimizerSpec, { kind: 'sgd' }>,
    name: string,
    variable: Variable,
    gradient: Tensor,
    lr: number,
  ): void => {
    let direction = gradient;
    if (options.momentum > 0) {
      const { slot, isNew } = slotOf(`${name}/momentum`, () => gradient.clone());
      if (!isNew) slot.assign(slot.mul(options.momentum).add(gradient));
      direction = options.nesterov ? gradient.add(slot.mul(options.momentum)) : slot;
    }
    variable.assign(variable.sub(direction.mul(lr)));
  };

  const stepAdam = (
    options: Extract<OptimizerSpec, { kind: 'adam' | 'adamw' }>,
    name: string,
    variable: Variable,
    gradient: Tensor,
    lr: number,
  ): void => {
    const { beta1, beta2, epsilon } = options;
    const first = slotOf(`${name}/m`, () => tf.zerosLike(variable)).slot;
    const second = slotOf(`${name}/v`, () => tf.zerosLike(variable)).slot;
    first.assign(first.mul(beta1).add(gradient.mul(1 - beta1)));
    second.assign(second.mul(beta2).add(gradient.square().mul(1 - beta2)));
    const denominator = second
      .sqrt()
      .div(Math.sqrt(1 - beta2 ** iteration))
      .add(epsilon);
    variable.assign(variable.sub(first.div(denominator).mul(lr / (1 - beta1 ** iteration))));
  };

  const clear = (): void => {
    for (const slot of slots.values()) slot.dispose();
    slots.clear();
  };

  return {
    apply(gradients, lr) {
      iteration++;
      for (const group of groups) {
        const groupLr = lr * group.lrScale;
        for (const [name, variable] of group.variables) {
          const gradient = gradients[name];
          invariant(gradient, `no gradient for ${name}`);
          tf.tidy(() => {
            if (spec.kind === 'adamw' && group.weightDecay > 0) {
              variable.assign(variable.mul(1 - groupLr * group.weightDecay));
            }
            const decayed =
              spec.kind !== 'adamw' && group.weightDecay > 0 ? gradient.add(variable.mul(group.weightDecay)) : gradient;
            if (spec.kind === 'sgd') stepSgd(spec, name, variable, decayed, groupLr);
            else stepAdam(spec, name, variable, decayed, groupLr);
          });
        }
      }
    },
    read: () => ({ iteration, slots: new Map([...slots].map(([name, slot]) => [name, slot.clone()])) }),
    restore(memory) {
      clear();
      iteration = memory.iteration;
      for (const [name, tensor] of memory.slots) slots.set(name, tf.variable(tensor, false));
    },
    dispose: clear,
  };
}
