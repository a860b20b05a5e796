import type { NamedTensorMap, Tensor } from '@tensorflow/tfjs-node-gpu';
import type { TensorFlow } from '../tf.js';
import { runActivation } from './eager.js';
import type { Kernels, Window } from './kernels.js';
import type { ActivationKind, BatchNormNode } from './types.js';

/** Layers whose gradients run on TensorFlow's own kernels; use them inside `tf.variableGrads`. */
export interface DifferentiableLayers {
  /** @param isConstant whether nothing that trains lies before `x`: its gradient is then not computed */
  conv(x: Tensor, filter: Tensor, window: Window, isConstant?: boolean): Tensor;
  depthwise(x: Tensor, filter: Tensor, window: Window, isConstant?: boolean): Tensor;
  biasAdd(x: Tensor, bias: Tensor): Tensor;
  activation(x: Tensor, kind: ActivationKind): Tensor;
  maxPool(x: Tensor, window: Window): Tensor;
  /** Fixed statistics: mean and variance get no gradient. */
  batchNormFrozen(x: Tensor, gamma: Tensor, beta: Tensor, mean: Tensor, variance: Tensor, node: BatchNormNode): Tensor;
  /**
   * The batch's own statistics.
   *
   * @param onStatistics gets the batch's mean and unbiased variance, valid during the call only
   */
  batchNormBatch(
    x: Tensor,
    gamma: Tensor,
    beta: Tensor,
    node: BatchNormNode,
    onStatistics: (mean: Tensor, variance: Tensor) => void,
  ): Tensor;
}

/** Gradient of hard-swish, x·relu6(x+3)/6, by parts: relu6(x+3)/6 + x/6 where −3 < x < 3. */
function hardSwishGrad(tf: TensorFlow, kernels: Kernels, dy: Tensor, x: Tensor): Tensor {
  const shifted = x.add(3);
  const gate = kernels.unary('Relu6', shifted);
  const slope = kernels.binary('Relu6Grad', x, shifted);
  return tf.mul(dy, tf.mul(gate.add(slope), 1 / 6));
}

/** Builds the layers over a loaded TensorFlow. */
export function createDifferentiableLayers(tf: TensorFlow, kernels: Kernels): DifferentiableLayers {
  /** A custom gradient over one or more inputs. `backward` gets dy, the inputs and the output. */
  const layer = (
    inputs: readonly Tensor[],
    forward: (...inputs: Tensor[]) => Tensor,
    backward: (dy: Tensor, inputs: readonly Tensor[], y: Tensor) => (() => Tensor)[],
  ): Tensor => {
    const op = tf.customGrad((...args: unknown[]) => {
      const save = args.pop() as (tensors: Tensor[]) => void;
      const tensors = args as Tensor[];
      const value = forward(...tensors);
      save([...tensors, value]);
      return {
        value,
        gradFunc: (dy: Tensor, saved: Tensor[] | NamedTensorMap) => {
          const kept = saved as Tensor[];
          const grads = backward(dy, kept.slice(0, -1), kept.at(-1)!).map((grad) => tf.tidy(grad));
          return grads.length === 1 ? grads[0]! : grads;
        },
      };
    });
    return op(...(inputs as Tensor[]));
  };

  /** tfjs wants a tensor for every input, and looks at none that leads to no variable. */
  const unusedGradient = (): Tensor => tf.scalar(0);

  return {
    conv: (x, filter, window, isConstant = false) =>
      layer(
        [x, filter],
        (a, f) => kernels.conv(a!, f!, window),
        (dy, [a, f]) => [
          () => (isConstant ? unusedGradient() : kernels.convInputGrad(a!, f!, dy, window)),
          () => kernels.convFilterGrad(a!, f!, dy, window),
        ],
      ),
    depthwise: (x, filter, window, isConstant = false) =>
      layer(
        [x, filter],
        (a, f) => kernels.depthwise(a!, f!, window),
        (dy, [a, f]) => [
          () => (isConstant ? unusedGradient() : kernels.depthwiseInputGrad(a!, f!, dy, window)),
          () => kernels.depthwiseFilterGrad(a!, f!, dy, window),
        ],
      ),
    biasAdd: (x, bias) =>
      layer(
        [x, bias],
        (a, b) => kernels.biasAdd(a!, b!),
        (dy) => [() => dy.clone(), () => kernels.biasAddGrad(dy)],
      ),
    activation: (x, kind) => {
      if (kind === 'linear') return x;
      return layer(
        [x],
        (a) => runActivation(tf, kernels, kind, a!),
        (dy, [a], y) => {
          switch (kind) {
            case 'relu':
              return [() => kernels.binary('ReluGrad', dy, y)];
            case 'relu6':
              return [() => kernels.binary('Relu6Grad', dy, y)];
            case 'sigmoid':
              return [() => kernels.binary('SigmoidGrad', y, dy)];
            case 'silu':
              return [
                () => {
                  const gate = kernels.unary('Sigmoid', a!);
                  return dy.mul(gate.add(y.mul(tf.scalar(1).sub(gate))));
                },
              ];
            case 'hard_sigmoid':
              return [() => kernels.binary('Relu6Grad', dy, a!.add(3)).mul(1 / 6)];
            case 'hard_swish':
              return [() => hardSwishGrad(tf, kernels, dy, a!)];
          }
        },
      );
    },
    maxPool: (x, window) =>
      layer(
        [x],
        (a) => kernels.maxPool(a!, window),
        (dy, [a], y) => [() => kernels.maxPoolGrad(a!, y, dy, window)],
      ),
    batchNormFrozen: (x, gamma, beta, mean, variance, node) =>
      layer(
        [x, gamma, beta],
        (a, g, b) => kernels.batchNorm(a!, [g!, b!, mean, variance], node.epsilon, false)[0]!,
        (dy, [a, g]) => {
          // One kernel yields all three gradients; they are asked for one after another.
          const [dx, dGamma, dBeta] = kernels.batchNormGrad(dy, a!, g!, [mean, variance], node.epsilon, false);
          return [() => dx!, () => dGamma!, () => dBeta!];
        },
      ),
    batchNormBatch: (x, gamma, beta, node, onStatistics) => {
      let reserves: Tensor[] = [];
      return layer(
        [x, gamma, beta],
        (a, g, b) => {
          const empty = [tf.tensor1d([]), tf.tensor1d([])];
          const [y, mean, variance, ...rest] = kernels.batchNorm(a!, [g!, b!, ...empty], node.epsilon, true);
          onStatistics(mean!, variance!);
          reserves = rest.slice(0, 2).map((tensor) => tf.keep(tensor));
          return y!;
        },
        (dy, [a, g]) => {
          const [dx, dGamma, dBeta] = kernels.batchNormGrad(dy, a!, g!, reserves, node.epsilon, true);
          tf.dispose(reserves);
          return [() => dx!, () => dGamma!, () => dBeta!];
        },
      );
    },
  };
}
