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

/** Gradient of an activation's input. `kept` is the output for relu, relu6 and sigmoid, else the input. */
function activationGrad(
  tf: TensorFlow,
  kernels: Kernels,
  kind: Exclude<ActivationKind, 'linear'>,
  dy: Tensor,
  kept: Tensor,
): Tensor {
  switch (kind) {
    case 'relu':
      return kernels.binary('ReluGrad', dy, kept);
    case 'relu6':
      return kernels.binary('Relu6Grad', dy, kept);
    case 'sigmoid':
      return kernels.binary('SigmoidGrad', kept, dy);
    case 'silu': {
      const gate = kernels.unary('Sigmoid', kept);
      // d(x·σ(x)) = σ + x·σ·(1 − σ); SigmoidGrad(σ, dy) is dy·σ·(1 − σ).
      return dy.mul(gate).add(kept.mul(kernels.binary('SigmoidGrad', gate, dy)));
    }
    case 'hard_sigmoid':
      return kernels.binary('Relu6Grad', dy, kept.add(3)).mul(1 / 6);
    case 'hard_swish':
      return hardSwishGrad(tf, kernels, dy, kept);
  }
}

/** Builds the layers over a loaded TensorFlow. */
export function createDifferentiableLayers(tf: TensorFlow, kernels: Kernels): DifferentiableLayers {
  /**
   * A custom gradient over one or more inputs. Only what `forward` lists as `kept` outlives it: the tape owns that, and
   * frees it whether or not the gradient is ever asked for.
   */
  const layer = (
    inputs: readonly Tensor[],
    forward: (inputs: readonly Tensor[]) => { readonly y: Tensor; readonly kept: readonly Tensor[] },
    backward: (dy: Tensor, kept: readonly Tensor[]) => (() => Tensor)[],
  ): Tensor => {
    const op = tf.customGrad((...args: unknown[]) => {
      const save = args.pop() as (tensors: Tensor[]) => void;
      const { y, kept } = forward(args as Tensor[]);
      save([...kept]);
      return {
        value: y,
        gradFunc: (dy: Tensor, saved: Tensor[] | NamedTensorMap) => {
          const grads = backward(dy, saved as Tensor[]).map((grad) => tf.tidy(grad));
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
        ([a, f]) => ({ y: kernels.conv(a!, f!, window), kept: [a!, f!] }),
        (dy, [a, f]) => [
          () => (isConstant ? unusedGradient() : kernels.convInputGrad(a!, f!, dy, window)),
          () => kernels.convFilterGrad(a!, f!, dy, window),
        ],
      ),
    depthwise: (x, filter, window, isConstant = false) =>
      layer(
        [x, filter],
        ([a, f]) => ({ y: kernels.depthwise(a!, f!, window), kept: [a!, f!] }),
        (dy, [a, f]) => [
          () => (isConstant ? unusedGradient() : kernels.depthwiseInputGrad(a!, f!, dy, window)),
          () => kernels.depthwiseFilterGrad(a!, f!, dy, window),
        ],
      ),
    biasAdd: (x, bias) =>
      layer(
        [x, bias],
        ([a, b]) => ({ y: kernels.biasAdd(a!, b!), kept: [] }),
        (dy) => [() => dy.clone(), () => kernels.biasAddGrad(dy)],
      ),
    activation: (x, kind) => {
      if (kind === 'linear') return x;
      // A rectifier's gradient can be read off its output, which the next layer keeps anyway.
      const fromOutput = kind === 'relu' || kind === 'relu6' || kind === 'sigmoid';
      return layer(
        [x],
        ([a]) => {
          const y = runActivation(tf, kernels, kind, a!);
          return { y, kept: [fromOutput ? y : a!] };
        },
        (dy, [kept]) => [() => activationGrad(tf, kernels, kind, dy, kept!)],
      );
    },
    maxPool: (x, window) =>
      layer(
        [x],
        ([a]) => {
          const y = kernels.maxPool(a!, window);
          return { y, kept: [a!, y] };
        },
        (dy, [a, y]) => [() => kernels.maxPoolGrad(a!, y!, dy, window)],
      ),
    batchNormFrozen: (x, gamma, beta, mean, variance, node) =>
      layer(
        [x, gamma, beta],
        ([a, g, b]) => ({
          y: kernels.batchNorm(a!, [g!, b!, mean, variance], node.epsilon, false).y,
          kept: [a!, g!, mean, variance],
        }),
        (dy, [a, g, ...statistics]) => {
          // One kernel yields all three gradients; they are asked for one after another.
          const [dx, dGamma, dBeta] = kernels.batchNormGrad(dy, a!, g!, statistics, node.epsilon, false);
          return [() => dx!, () => dGamma!, () => dBeta!];
        },
      ),
    batchNormBatch: (x, gamma, beta, node, onStatistics) =>
      layer(
        [x, gamma, beta],
        ([a, g, b]) => {
          const empty = [tf.tensor1d([]), tf.tensor1d([])];
          const { y, mean, variance, reserves } = kernels.batchNorm(a!, [g!, b!, ...empty], node.epsilon, true);
          onStatistics(mean, variance);
          return { y, kept: [a!, g!, ...reserves] };
        },
        (dy, [a, g, ...reserves]) => {
          const [dx, dGamma, dBeta] = kernels.batchNormGrad(dy, a!, g!, reserves, node.epsilon, true);
          return [() => dx!, () => dGamma!, () => dBeta!];
        },
      ),
  };
}
