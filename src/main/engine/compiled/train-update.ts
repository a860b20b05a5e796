import type { OptimizerSpec } from '../../../shared/recipe.js';
import { type Edge, floatType, type GraphVariable, type TrainWriter } from './train-writer.js';

/** Variables, by name, that share a learning rate and a weight decay. */
export interface UpdateGroup {
  readonly names: readonly string[];
  /** Factor on the step's learning rate. */
  readonly lrScale: number;
  /** Replaces the optimizer's own: 0 for what should not decay. */
  readonly weightDecay: number;
}

/** Numbers that a step is fed, by placeholder. */
export interface UpdateScalars {
  /** The learning rate. */
  readonly lr: number;
  /** For Adam: the learning rate with both moments' bias corrected; else the learning rate. */
  readonly stepSize: number;
  /** For Adam: its epsilon, scaled as its second moment is. */
  readonly epsilon: number;
}

/** The scalars' names, in the order in which the graph declares them. */
export const UPDATE_SCALARS = ['lr', 'stepSize', 'epsilon'] as const satisfies readonly (keyof UpdateScalars)[];

/**
 * What to feed at a step.
 *
 * TensorFlow's Adam divides by √v + ε where PyTorch divides by √(v / (1 − β₂ᵗ)) + ε: the same, once ε and the learning
 * rate are both scaled by √(1 − β₂ᵗ). The corrections use the betas as float32 has them, because the kernel's moments do:
 * 1 − 0.999 differs by 5e-5 between the two.
 *
 * @param iteration from 1
 */
export function updateScalars(spec: OptimizerSpec, lr: number, iteration: number): UpdateScalars {
  if (spec.kind === 'sgd') return { lr, stepSize: lr, epsilon: 0 };
  const correct = (beta: number): number => 1 - Math.fround(beta) ** iteration;
  const scale = Math.sqrt(correct(spec.beta2));
  return { lr, stepSize: (lr * scale) / correct(spec.beta1), epsilon: spec.epsilon * scale };
}

/** A variable of the session, and the parameter that it is or goes with. */
export interface TrainVariable {
  readonly name: string;
  readonly param: string;
  readonly variable: GraphVariable;
}

/** An optimizer's update, written into a graph. */
export interface WrittenUpdate {
  /** Every op that writes a variable. */
  readonly updates: readonly Edge[];
  /** Momentum and moments; they begin at 0. */
  readonly slots: readonly TrainVariable[];
}

/**
 * Writes SGD, Adam or AdamW as PyTorch defines them (torch.optim, version 2), by TensorFlow's `ResourceApply…` kernels.
 * Momentum that begins at 0 is PyTorch's, whose buffer begins as the first gradient.
 *
 * @param scalars placeholders of {@link UpdateScalars}
 * @param gradientOf gradient of a variable by its name
 */
export function writeUpdate(
  writer: TrainWriter,
  spec: OptimizerSpec,
  groups: readonly UpdateGroup[],
  scalars: Readonly<Record<keyof UpdateScalars, Edge>>,
  gradientOf: (name: string) => Edge,
): WrittenUpdate {
  const updates: Edge[] = [];
  const slots: TrainVariable[] = [];
  const slot = (param: string, kind: string, shape: readonly number[]): Edge => {
    const name = `${param}/${kind}`;
    const variable = writer.declare(name, shape);
    slots.push({ name, param, variable });
    return variable.handle;
  };
  const scaled = (name: string, x: Edge, factor: number): Edge =>
    factor === 1 ? x : writer.float('Mul', name, x, writer.scalar(factor));

  groups.forEach((group, index) => {
    const stepSize = scaled(`group/${index}/step`, scalars.stepSize, group.lrScale);
    const decay = group.weightDecay;
    for (const name of group.names) {
      const { handle, value, shape } = writer.variable(name);
      let gradient = gradientOf(name);
      const after: string[] = [];
      if (decay > 0 && spec.kind === 'adamw') {
        const shrinkage = scaled(`update/${name}/shrinkage`, scalars.lr, group.lrScale * decay);
        const kept = writer.float('Sub', `update/${name}/kept`, writer.scalar(1), shrinkage);
        const shrunk = writer.float('Mul', `update/${name}/shrunk`, value, kept);
        const shrink = writer.assign(`update/${name}/shrink`, writer.variable(name), shrunk);
        updates.push(shrink);
        after.push(`^${shrink}`);
      } else if (decay > 0) {
        gradient = writer.float(
          'AddV2',
          `update/${name}/decayed`,
          gradient,
          scaled(`update/${name}/decay`, value, decay),
        );
      }
      if (spec.kind !== 'sgd') {
        const inputs = [
          ...[handle, slot(name, 'm', shape), slot(name, 'v', shape)],
          // Powers of 0: the corrections are in the step size already.
          ...[writer.scalar(0), writer.scalar(0), stepSize],
          ...[writer.scalar(spec.beta1), writer.scalar(spec.beta2), scalars.epsilon, gradient],
        ];
        updates.push(writer.float('ResourceApplyAdam', `update/${name}`, ...inputs, ...after));
      } else if (spec.momentum > 0) {
        const inputs = [handle, slot(name, 'momentum', shape), stepSize, gradient, writer.scalar(spec.momentum)];
        updates.push(
          writer.node('ResourceApplyMomentum', `update/${name}`, inputs, {
            T: floatType,
            use_nesterov: { b: spec.nesterov },
          }),
        );
      } else {
        updates.push(writer.float('ResourceApplyGradientDescent', `update/${name}`, handle, stepSize, gradient));
      }
    }
  });
  return { updates, slots };
}
