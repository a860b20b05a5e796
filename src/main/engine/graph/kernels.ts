import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import { nativeBackend, type OpAttribute, type TensorFlow } from '../tf.js';
import type { Padding } from './types.js';

/** Geometry of a convolution or a pool. */
export interface Window {
  readonly kernelSize: number;
  readonly stride: number;
  readonly padding: Padding;
}

/** What FusedBatchNormV3 yields. */
export interface BatchNormOutputs {
  readonly y: Tensor;
  readonly mean: Tensor;
  /** Unbiased, when training. */
  readonly variance: Tensor;
  /** For the gradient, when training. The third is empty except on a GPU. */
  readonly reserves: readonly Tensor[];
}

/**
 * TensorFlow's own kernels, called by name. tfjs composes several of them, and most gradients, out of slow pieces. Inputs
 * stay the caller's, results become the caller's (or the surrounding tidy's).
 */
export interface Kernels {
  conv(x: Tensor, filter: Tensor, window: Window): Tensor;
  convInputGrad(x: Tensor, filter: Tensor, dy: Tensor, window: Window): Tensor;
  convFilterGrad(x: Tensor, filter: Tensor, dy: Tensor, window: Window): Tensor;
  depthwise(x: Tensor, filter: Tensor, window: Window): Tensor;
  depthwiseInputGrad(x: Tensor, filter: Tensor, dy: Tensor, window: Window): Tensor;
  depthwiseFilterGrad(x: Tensor, filter: Tensor, dy: Tensor, window: Window): Tensor;
  biasAdd(x: Tensor, bias: Tensor): Tensor;
  biasAddGrad(dy: Tensor): Tensor;
  maxPool(x: Tensor, window: Window): Tensor;
  maxPoolGrad(x: Tensor, y: Tensor, dy: Tensor, window: Window): Tensor;
  /** One input, one output, same type: `Relu`, `Relu6`, `Sigmoid`, … */
  unary(op: string, x: Tensor): Tensor;
  /** Two inputs of one type: `ReluGrad(dy, y)`, `Relu6Grad(dy, y)`, `SigmoidGrad(y, dy)`, … */
  binary(op: string, a: Tensor, b: Tensor): Tensor;
  /** FusedBatchNormV3. @param params gamma, beta, and mean and variance (both empty when training) */
  batchNorm(x: Tensor, params: readonly Tensor[], epsilon: number, isTraining: boolean): BatchNormOutputs;
  /**
   * FusedBatchNormGradV3.
   *
   * @param reserves the forward's when training; mean and variance otherwise
   * @returns gradients of x, gamma, beta
   */
  batchNormGrad(
    dy: Tensor,
    x: Tensor,
    gamma: Tensor,
    reserves: readonly Tensor[],
    epsilon: number,
    isTraining: boolean,
  ): Tensor[];
}

/** Binds {@link Kernels} to a loaded TensorFlow. */
export function createKernels(tf: TensorFlow): Kernels {
  const backend = nativeBackend(tf);
  const { binding } = backend;
  const type = (name: string): OpAttribute => ({ name, type: binding.TF_ATTR_TYPE, value: binding.TF_FLOAT });
  const ints = (name: string, value: readonly number[]): OpAttribute => ({ name, type: binding.TF_ATTR_INT, value });
  const text = (name: string, value: string): OpAttribute => ({ name, type: binding.TF_ATTR_STRING, value });
  const flag = (name: string, value: boolean): OpAttribute => ({ name, type: binding.TF_ATTR_BOOL, value });
  const number = (name: string, value: number): OpAttribute => ({ name, type: binding.TF_ATTR_FLOAT, value });

  const padding = (pad: Padding): OpAttribute[] => {
    if (pad === 'same') return [text('padding', 'SAME')];
    if (pad === 0) return [text('padding', 'VALID')];
    return [text('padding', 'EXPLICIT'), ints('explicit_paddings', [0, 0, pad, pad, pad, pad, 0, 0])];
  };
  const convAttributes = ({ stride, padding: pad }: Window): OpAttribute[] => [
    type('T'),
    ints('strides', [1, stride, stride, 1]),
    ints('dilations', [1, 1, 1, 1]),
    text('data_format', 'NHWC'),
    ...padding(pad),
  ];
  const poolAttributes = ({ kernelSize, stride, padding: pad }: Window): OpAttribute[] => [
    type('T'),
    ints('ksize', [1, kernelSize, kernelSize, 1]),
    ints('strides', [1, stride, stride, 1]),
    text('data_format', 'NHWC'),
    ...padding(pad),
  ];
  const batchNormAttributes = (epsilon: number, isTraining: boolean): OpAttribute[] => [
    type('T'),
    type('U'),
    number('epsilon', epsilon),
    text('data_format', 'NHWC'),
    flag('is_training', isTraining),
  ];
  const run = (op: string, attributes: readonly OpAttribute[], ...inputs: readonly Tensor[]): Tensor =>
    backend.executeSingleOutput(op, attributes, inputs);
  const sizes = (tensor: Tensor): Tensor => tf.tensor1d(tensor.shape, 'int32');

  /**
   * A 1×1 convolution at stride 1 is a matrix product: as fast or faster, and it never meets the division by zero of
   * TensorFlow 2.21's oneDNN in some 1×1 convolutions on virtual machines that hide their cache sizes.
   */
  const isPointwise = (filter: Tensor, { stride }: Window): boolean =>
    filter.shape[0] === 1 && filter.shape[1] === 1 && stride === 1;
  const rows = (x: Tensor): Tensor => x.reshape([-1, x.shape.at(-1)!]);
  const matMul = (a: Tensor, b: Tensor, transposeA: boolean, transposeB: boolean): Tensor =>
    run('MatMul', [type('T'), flag('transpose_a', transposeA), flag('transpose_b', transposeB)], a, b);

  return {
    conv: (x, filter, window) =>
      isPointwise(filter, window)
        ? tf.tidy(() =>
            matMul(rows(x), filter.reshape([filter.shape[2]!, filter.shape[3]!]), false, false).reshape([
              ...x.shape.slice(0, 3),
              filter.shape[3]!,
            ]),
          )
        : run('Conv2D', convAttributes(window), x, filter),
    convInputGrad: (x, filter, dy, window) =>
      tf.tidy(() =>
        isPointwise(filter, window)
          ? matMul(rows(dy), filter.reshape([filter.shape[2]!, filter.shape[3]!]), false, true).reshape(x.shape)
          : run('Conv2DBackpropInput', convAttributes(window), sizes(x), filter, dy),
      ),
    convFilterGrad: (x, filter, dy, window) =>
      tf.tidy(() =>
        isPointwise(filter, window)
          ? matMul(rows(x), rows(dy), true, false).reshape(filter.shape)
          : run('Conv2DBackpropFilter', convAttributes(window), x, sizes(filter), dy),
      ),
    depthwise: (x, filter, window) => run('DepthwiseConv2dNative', convAttributes(window), x, filter),
    depthwiseInputGrad: (x, filter, dy, window) =>
      tf.tidy(() => run('DepthwiseConv2dNativeBackpropInput', convAttributes(window), sizes(x), filter, dy)),
    depthwiseFilterGrad: (x, filter, dy, window) =>
      tf.tidy(() => run('DepthwiseConv2dNativeBackpropFilter', convAttributes(window), x, sizes(filter), dy)),
    biasAdd: (x, bias) => run('BiasAdd', [type('T'), text('data_format', 'NHWC')], x, bias),
    biasAddGrad: (dy) => run('BiasAddGrad', [type('T'), text('data_format', 'NHWC')], dy),
    maxPool: (x, window) => run('MaxPool', poolAttributes(window), x),
    maxPoolGrad: (x, y, dy, window) => run('MaxPoolGrad', poolAttributes(window), x, y, dy),
    unary: (op, x) => run(op, [type('T')], x),
    binary: (op, a, b) => run(op, [type('T')], a, b),
    batchNorm: (x, params, epsilon, isTraining) => {
      const attributes = batchNormAttributes(epsilon, isTraining);
      const outputs = backend.executeMultipleOutputs('FusedBatchNormV3', attributes, [x, ...params], 6);
      const [y, mean, variance, ...reserves] = outputs;
      return { y: y!, mean: mean!, variance: variance!, reserves };
    },
    batchNormGrad: (dy, x, gamma, reserves, epsilon, isTraining) =>
      tf.tidy(() => {
        const attributes = batchNormAttributes(epsilon, isTraining);
        // The op wants a third reserve in either mode.
        const inputs = [dy, x, gamma, ...reserves, ...(reserves.length < 3 ? [tf.tensor1d([])] : [])];
        return backend.executeMultipleOutputs('FusedBatchNormGradV3', attributes, inputs, 5).slice(0, 3);
      }),
  };
}
