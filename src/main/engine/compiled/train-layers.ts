import type { Window } from '../graph/kernels.js';
import { explicitPadding, padBefore, paddingAttributes } from './padding.js';
import type { AttrValue } from './proto.js';
import type { Tape } from './train-tape.js';
import { type Edge, floatType, type GraphVariable, intType, text, type TrainWriter } from './train-writer.js';

/** Height and width of a picture-shaped tensor, and its channels. */
export type PictureShape = readonly [height: number, width: number, channels: number];

/** A filter in TensorFlow's layout. */
export type Filter = Pick<GraphVariable, 'value' | 'shape'>;

const windowAttributes = (window: Window): Record<string, AttrValue> => ({
  T: floatType,
  strides: { list: { i: [1, window.stride, window.stride, 1] } },
  data_format: text('NHWC'),
  ...paddingAttributes(window),
});
const convAttributes = (window: Window): Record<string, AttrValue> => ({
  ...windowAttributes(window),
  dilations: { list: { i: [1, 1, 1, 1] } },
});
/** Beneath all floats that a pool may meet. */
const LOWEST = -3.4028234663852886e38;
/**
 * From this kernel size on, TensorFlow's own kernel for the gradient of a depthwise filter is 1.6 to 2.8 times as fast as
 * oneDNN's (measured at 5×5 on two AVX2 cores). It is taken where padding is explicit, which oneDNN's does not know.
 */
const LARGE_DEPTHWISE = 5;
/**
 * How a bias gets its gradient: TensorFlow's kernel, which oneDNN computes along with a convolution's filter gradient; or,
 * where there is nothing to compute it along with, a product with ones. Measured for whole steps of MobileNetV2 on two
 * AVX-512 cores: 1.02 to 1.06 times as fast; ResNet-18, whose convolutions compute it along, gains nothing.
 */
export type BiasGradient = 'fused' | { readonly channels: number };
const nhwc = { T: floatType, data_format: text('NHWC') };

/**
 * Layers of a training graph: each writes its node and records on the tape how its gradient is written, with TensorFlow's
 * own gradient kernels. A filter is a variable in TensorFlow's layout.
 */
export class TrainLayers {
  constructor(
    private readonly writer: TrainWriter,
    private readonly tape: Tape,
  ) {}

  /** [n, a] · [a, b]. */
  matMul(name: string, x: Edge, weight: Edge): Edge {
    const { writer, tape } = this;
    return tape.record(writer.matMul(name, x, weight, false, false), [x, weight], (dy) => {
      tape.send(x, () => writer.matMul(`gradient/${name}/x`, dy, weight, false, true));
      tape.send(weight, () => writer.matMul(`gradient/${name}/w`, x, dy, true, false));
    });
  }

  /** @param from shape to return the gradient to */
  reshape(name: string, x: Edge, to: readonly number[], from: readonly number[]): Edge {
    const { writer, tape } = this;
    return tape.record(writer.reshape(name, x, to), [x], (dy) =>
      tape.send(x, () => writer.reshape(`gradient/${name}`, dy, from)),
    );
  }

  /** Pixels of `value` around every picture. */
  private pad(name: string, x: Edge, pixels: number, value: number): Edge {
    if (pixels === 0) return x;
    const { writer, tape } = this;
    return tape.record(writer.pad(name, x, pixels, value), [x], (dy) =>
      tape.send(x, () => writer.cropTo(`gradient/${name}`, dy, pixels, writer.shapeOf(x))),
    );
  }

  /** Of every two rows and columns the second: [n, h, w, c] → [n, h/2, w/2, c]. */
  everySecond(name: string, x: Edge, [height, width, channels]: PictureShape): Edge {
    const { writer, tape } = this;
    // Two rows, then pairs of neighbours as one pixel of twice the channels: a strided slice takes five times as long.
    const pairs = [-1, 2, width / 2, 2 * channels];
    const halves = [-1, height / 2, width / 2, channels];
    const begin = [0, 1, 0, channels] as const;
    const rows = this.reshape(`${name}/pairs`, x, pairs, [-1, height, width, channels]);
    const types = { T: floatType, Index: intType };
    const size = [writer.ints(begin), writer.ints([-1, 1, -1, channels])];
    const second = tape.record(writer.node('Slice', `${name}/slice`, [rows, ...size], types), [rows], (dy) =>
      tape.send(rows, () => writer.padBefore(`gradient/${name}`, dy, begin)),
    );
    return this.reshape(name, second, halves, [-1, 1, width / 2, channels]);
  }

  /**
   * A convolution. 1×1 at stride 1 is a matrix product: as fast or faster, and it never meets the division by zero of
   * TensorFlow 2.21's oneDNN in some 1×1 convolutions on virtual machines that hide their cache sizes.
   *
   * @param finish adds what is computed channel by channel; TensorFlow fuses it with the product
   */
  conv(
    name: string,
    x: Edge,
    filter: Filter,
    window: Window,
    [input, output]: readonly [PictureShape, PictureShape],
    finish: (y: Edge, gradient: BiasGradient) => Edge,
  ): Edge {
    const { writer, tape } = this;
    const weight = filter.value;
    const [inputs, outputs] = [input[2], output[2]];
    if (window.kernelSize === 1 && window.stride === 1) {
      const rows = this.reshape(`${name}/rows`, x, [-1, inputs], [-1, ...input]);
      const matrix = this.reshape(`${name}/filter`, weight, [inputs, outputs], filter.shape);
      const product = finish(this.matMul(`${name}/product`, rows, matrix), { channels: outputs });
      return this.reshape(name, product, [-1, ...output], [-1, outputs]);
    }
    const { before, window: inner } = padBefore(window);
    const padded = this.pad(`${name}/padded`, x, before, 0);
    const attributes = convAttributes(inner);
    const y = tape.record(writer.node('Conv2D', name, [padded, weight], attributes), [padded, weight], (dy) => {
      tape.send(padded, () => this.convInputGradient(`gradient/${name}/x`, padded, weight, dy, inner));
      tape.send(weight, () => {
        const sizes = writer.ints(filter.shape);
        return writer.node('Conv2DBackpropFilter', `gradient/${name}/w`, [padded, sizes, dy], attributes);
      });
    });
    return finish(y, 'fused');
  }

  /**
   * At stride 1 it is a convolution itself, with the filter turned by 180° and its channels swapped: TensorFlow's forward
   * kernel is up to twice as fast as its gradient kernel where filters are many and pictures small.
   */
  private convInputGradient(name: string, x: Edge, weight: Edge, dy: Edge, window: Window): Edge {
    const { writer } = this;
    const { kernelSize, stride, padding } = window;
    if (stride > 1 || (padding === 'same' && kernelSize % 2 === 0)) {
      const inputs = [writer.shapeOf(x), weight, dy];
      return writer.node('Conv2DBackpropInput', name, inputs, convAttributes(window));
    }
    const turned = writer.reverse(`${name}/turned`, weight, [0, 1]);
    const order = { T: floatType, Tperm: intType };
    const swapped = writer.node('Transpose', `${name}/swapped`, [turned, writer.ints([0, 1, 3, 2])], order);
    const opposite = { ...window, padding: padding === 'same' ? padding : kernelSize - 1 - padding };
    return writer.node('Conv2D', name, [dy, swapped], convAttributes(opposite));
  }

  /** @param input shape of `x` */
  depthwise(name: string, x: Edge, filter: Filter, window: Window, input: PictureShape): Edge {
    const { writer, tape } = this;
    const weight = filter.value;
    const { before, window: inner } = padBefore(window);
    const padded = this.pad(`${name}/padded`, x, before, 0);
    const op = 'DepthwiseConv2dNative';
    const y = writer.node(op, name, [padded, weight], convAttributes(inner));
    return tape.record(y, [padded, x, weight], (dy) => {
      tape.send(padded, () => {
        const inputs = [writer.shapeOf(padded), weight, dy];
        return writer.node(`${op}BackpropInput`, `gradient/${name}/x`, inputs, convAttributes(inner));
      });
      tape.send(weight, () => {
        // From what the layer before keeps anyway: keeping the padded picture, too, would cost more memory than time is gained.
        const inputs = [x, writer.ints(filter.shape), dy];
        const isLarge = window.kernelSize >= LARGE_DEPTHWISE;
        const padding = isLarge ? explicitPadding(window, input) : paddingAttributes(window);
        return writer.node(`${op}BackpropFilter`, `gradient/${name}/w`, inputs, {
          ...convAttributes(window),
          ...padding,
        });
      });
    });
  }

  biasAdd(name: string, x: Edge, bias: Edge, gradient: BiasGradient = 'fused'): Edge {
    const { writer, tape } = this;
    return tape.record(writer.node('BiasAdd', name, [x, bias], nhwc), [x, bias], (dy) => {
      tape.send(x, () => dy);
      tape.send(bias, () =>
        gradient === 'fused'
          ? writer.node('BiasAddGrad', `gradient/${name}`, [dy], nhwc)
          : this.sumRows(`gradient/${name}`, dy, gradient.channels),
      );
    });
  }

  /** [channels]: the sum over all other axes, as a product with ones. */
  private sumRows(name: string, x: Edge, channels: number): Edge {
    const { writer } = this;
    const rows = writer.reshape(`${name}/rows`, x, [-1, channels]);
    return writer.reshape(name, writer.matMul(`${name}/sum`, writer.onesFor(rows), rows, false, false), [channels]);
  }

  add(name: string, a: Edge, b: Edge): Edge {
    const { writer, tape } = this;
    return tape.record(writer.float('AddV2', name, a, b), [a, b], (dy) => {
      tape.send(a, () => dy);
      tape.send(b, () => dy);
    });
  }

  maxPool(name: string, x: Edge, window: Window): Edge {
    const { writer, tape } = this;
    const { kernelSize } = window;
    const { before, window: inner } = padBefore(window);
    const padded = this.pad(`${name}/padded`, x, before, LOWEST);
    const attributes = { ...windowAttributes(inner), ksize: { list: { i: [1, kernelSize, kernelSize, 1] } } };
    const y = writer.node('MaxPool', name, [padded], attributes);
    return tape.record(y, [padded], (dy) =>
      tape.send(padded, () => writer.node('MaxPoolGrad', `gradient/${name}`, [padded, y, dy], attributes)),
    );
  }

  /** Mean over height and width: [n, h, w, c] → [n, c]. */
  globalAverage(name: string, x: Edge, [height, width, channels]: PictureShape): Edge {
    const { writer, tape } = this;
    return tape.record(writer.reduce('Mean', name, x, [1, 2], false), [x], (dy) =>
      tape.send(x, () => {
        const share = writer.float('Mul', `gradient/${name}/share`, dy, writer.scalar(1 / (height * width)));
        const pixel = writer.reshape(`gradient/${name}/pixel`, share, [-1, 1, 1, channels]);
        return writer.node('BroadcastTo', `gradient/${name}`, [pixel, writer.shapeOf(x)], {
          T: floatType,
          Tidx: intType,
        });
      }),
    );
  }

  /** Every channel of [n, h, w, c] times its gate, [n, c]. */
  scaleChannels(name: string, x: Edge, gate: Edge, channels: number): Edge {
    const { writer, tape } = this;
    const scale = this.writer.reshape(`${name}/scale`, gate, [-1, 1, 1, channels]);
    return tape.record(writer.float('Mul', name, x, scale), [x, gate], (dy) => {
      tape.send(x, () => writer.float('Mul', `gradient/${name}/x`, dy, scale));
      tape.send(gate, () => {
        const products = writer.float('Mul', `gradient/${name}/products`, dy, x);
        return writer.reduce('Sum', `gradient/${name}/gate`, products, [1, 2], false);
      });
    });
  }

  /** Elementwise product with something that gets no gradient. */
  mask(name: string, x: Edge, mask: Edge): Edge {
    const { writer, tape } = this;
    return tape.record(writer.float('Mul', name, x, mask), [x], (dy) =>
      tape.send(x, () => writer.float('Mul', `gradient/${name}`, dy, mask)),
    );
  }

  /**
   * FusedBatchNormV3.
   *
   * @param statistics running mean and variance, for fixed statistics; null for the batch's own
   * @returns the output, and the batch's mean and unbiased variance, which mean something for the batch's own only
   */
  batchNorm(
    name: string,
    x: Edge,
    [gamma, beta]: readonly [gamma: Edge, beta: Edge],
    epsilon: number,
    statistics: readonly [mean: Edge, variance: Edge] | null,
  ): { readonly y: Edge; readonly mean: Edge; readonly variance: Edge } {
    const { writer, tape } = this;
    const attributes = { ...nhwc, U: floatType, epsilon: { f: epsilon }, is_training: { b: statistics === null } };
    const empty = writer.vector([]);
    const inputs = [x, gamma, beta, ...(statistics ?? [empty, empty])];
    const y = writer.node('FusedBatchNormV3', name, inputs, attributes);
    const reserves = statistics ? [...statistics, empty] : [`${y}:3`, `${y}:4`, `${y}:5`];
    tape.record(y, [x, gamma, beta], (dy) => {
      // One kernel yields all three gradients.
      const all = writer.node('FusedBatchNormGradV3', `gradient/${name}`, [dy, x, gamma, ...reserves], attributes);
      tape.send(x, () => all);
      tape.send(gamma, () => `${all}:1`);
      tape.send(beta, () => `${all}:2`);
    });
    return { y, mean: `${y}:1`, variance: `${y}:2` };
  }
}
