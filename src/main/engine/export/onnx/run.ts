import type { Tensor, Tensor4D } from '@tensorflow/tfjs-node-gpu';
import { GraftError } from '../../../../shared/errors.js';
import type { TensorFlow } from '../../tf.js';
import type { OnnxAttribute, OnnxNode } from './proto.js';

/** What a node reads and is set to. */
interface Call {
  readonly tf: TensorFlow;
  readonly input: readonly Tensor[];
  int(name: string, byDefault: number): number;
  float(name: string, byDefault: number): number;
  ints(name: string, byDefault: readonly number[]): readonly number[];
}

type Kernel = (call: Call) => Tensor;

const CHANNELS_LAST = [0, 2, 3, 1];
const CHANNELS_FIRST = [0, 3, 1, 2];

/** A picture-shaped tensor with channels last and its border filled up: ONNX's pads are [top, left, bottom, right]. */
function padded({ tf, ints }: Call, x: Tensor, value: number): Tensor4D {
  const [top = 0, left = 0, bottom = 0, right = 0] = ints('pads', [0, 0, 0, 0]);
  const turned = tf.transpose(x as Tensor4D, CHANNELS_LAST);
  const borders: [number, number][] = [[0, 0], [top, bottom], [left, right], [0, 0]]; // prettier-ignore
  return tf.pad(turned, borders, value);
}

function stridesOf({ ints }: Call): [number, number] {
  const [high = 1, wide = 1] = ints('strides', [1, 1]);
  return [high, wide];
}

function conv(call: Call): Tensor {
  const { tf, input, int } = call;
  const [x, weight, bias] = input as [Tensor, Tensor, Tensor | undefined];
  const group = int('group', 1);
  const pixels = padded(call, x, 0);
  const strides = stridesOf(call);
  if (group !== 1 && group !== x.shape[1]) {
    throw new GraftError('unsupported', `expected a convolution of one group or of one a channel, received ${group}`);
  }
  const y =
    group === 1
      ? tf.conv2d(pixels, tf.transpose(weight, [2, 3, 1, 0]) as Tensor4D, strides, 'valid')
      : tf.depthwiseConv2d(pixels, tf.transpose(weight, [2, 3, 0, 1]) as Tensor4D, strides, 'valid');
  return tf.transpose(bias === undefined ? y : tf.add(y, bias), CHANNELS_FIRST);
}

function maxPool(call: Call): Tensor {
  const { tf, input, ints } = call;
  const [high = 1, wide = 1] = ints('kernel_shape', [1, 1]);
  // ONNX pads with the smallest number there is.
  const pixels = padded(call, input[0]!, -3.4e38);
  return tf.transpose(tf.maxPool(pixels, [high, wide], stridesOf(call), 'valid'), CHANNELS_FIRST);
}

function gemm({ tf, input, int }: Call): Tensor {
  const [a, b, c] = input as [Tensor, Tensor, Tensor];
  return tf.add(tf.matMul(a, b, int('transA', 0) === 1, int('transB', 0) === 1), c);
}

function batchNorm({ tf, input, float }: Call): Tensor {
  const [x, ...params] = input as [Tensor, ...Tensor[]];
  const [gamma, beta, mean, variance] = params.map((p) => p.reshape([1, -1, 1, 1])) as [Tensor, Tensor, Tensor, Tensor];
  const scale = tf.div(gamma, tf.sqrt(tf.add(variance, float('epsilon', 1e-5))));
  return tf.add(tf.mul(tf.sub(x, mean), scale), beta);
}

/** The operators that Graft writes, as ONNX's operator set 13 defines them. */
const KERNELS = new Map<string, Kernel>([
  ['Transpose', ({ tf, input, ints }) => tf.transpose(input[0]!, [...ints('perm', [])])],
  ['Identity', ({ input }) => input[0]!.clone()],
  ['Sub', ({ tf, input }) => tf.sub(input[0]!, input[1]!)],
  ['Mul', ({ tf, input }) => tf.mul(input[0]!, input[1]!)],
  ['Add', ({ tf, input }) => tf.add(input[0]!, input[1]!)],
  ['Relu', ({ tf, input }) => tf.relu(input[0]!)],
  ['Clip', ({ tf, input }) => tf.minimum(tf.maximum(input[0]!, input[1]!), input[2]!)],
  ['Sigmoid', ({ tf, input }) => tf.sigmoid(input[0]!)],
  [
    'HardSigmoid',
    ({ tf, input, float }) => tf.clipByValue(tf.add(tf.mul(input[0]!, float('alpha', 0.2)), float('beta', 0.5)), 0, 1),
  ],
  ['Conv', conv],
  ['MaxPool', maxPool],
  ['BatchNormalization', batchNorm],
  ['GlobalAveragePool', ({ tf, input }) => tf.mean(input[0]!, [2, 3], true)],
  ['Flatten', ({ input }) => input[0]!.reshape([input[0]!.shape[0], -1])],
  ['Gemm', gemm],
  ['Softmax', ({ tf, input, int }) => tf.softmax(input[0]!, int('axis', -1))],
]);

/**
 * Runs one node of an ONNX graph. The caller disposes of the result.
 *
 * @throws GraftError `unsupported` for an operator that Graft does not write
 */
export function runOnnxNode(tf: TensorFlow, node: OnnxNode, input: readonly Tensor[]): Tensor {
  const kernel = KERNELS.get(node.opType);
  if (kernel === undefined) {
    const known = [...KERNELS.keys()].join(', ');
    throw new GraftError('unsupported', `expected an ONNX operator among ${known}, received ${node.opType}`);
  }
  const find = (name: string): OnnxAttribute | undefined => node.attribute.find((one) => one.name === name);
  return tf.tidy(() =>
    kernel({
      tf,
      input,
      int: (name, byDefault) => find(name)?.i ?? byDefault,
      float: (name, byDefault) => find(name)?.f ?? byDefault,
      ints: (name, byDefault) => find(name)?.ints ?? byDefault,
    }),
  );
}
