import { invariant } from '../../../shared/errors.js';
import type { Window } from '../graph/kernels.js';
import { toTensorFlowLayout } from '../graph/layout.js';
import type { ActivationKind, Network, WeightMap } from '../graph/types.js';
import { toBfloat16 } from './bfloat16.js';
import { padBefore, paddingAttributes } from './padding.js';
import { type AttrValue, DT_BFLOAT16, DT_FLOAT, DT_INT32, type NodeDef, shapeOf } from './proto.js';

export const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
export const floatType: AttrValue = { type: DT_FLOAT };

/** How a graph computes. */
export interface GraphOptions {
  /** What the placeholder takes: float32 unless given, or what `uploadBytes` makes. */
  readonly input?: 'float32' | 'bytes';
  /** Pictures are turned by 180° before anything else; not unless given. See `mirrorNetwork`. */
  readonly isMirrored?: boolean;
  /** What is computed in, behind the normalisation; float32 unless given. Outputs are float32. */
  readonly precision?: 'float32' | 'bfloat16';
}

/** Node names as TensorFlow accepts them: a letter, digit or dot first. */
export const graphName = (name: string): string => name.replace(/^_+/, '');

/** Writes nodes of a TensorFlow graph, constants included. */
export class GraphWriter {
  readonly nodes: NodeDef[] = [];
  private readonly written = new Set<string>();
  /** What was rounded, by what it became. */
  private readonly unrounded = new Map<string, string>();

  private readonly isHalf: boolean;
  /** Of what is computed. */
  readonly type: AttrValue;

  constructor(
    private readonly network: Network,
    private readonly weights: WeightMap,
    readonly options: GraphOptions,
  ) {
    this.isHalf = options.precision === 'bfloat16';
    this.type = { type: this.isHalf ? DT_BFLOAT16 : DT_FLOAT };
  }

  /** Adds a node and returns its name. */
  node(op: string, name: string, input: readonly string[], attr: Record<string, AttrValue>): string {
    this.nodes.push({ name, op, input: [...input], attr });
    return name;
  }

  constant(
    name: string,
    dtype: number,
    shape: readonly number[],
    values: Float32Array | Int32Array | Uint16Array,
  ): string {
    if (this.written.has(name)) return name;
    this.written.add(name);
    const tensorContent = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const tensor = { dtype, tensorShape: shapeOf(shape), tensorContent };
    return this.node('Const', name, [], { dtype: { type: dtype }, value: { tensor } });
  }

  /** Numbers as a constant of the type that is computed in. */
  private numbers(name: string, shape: readonly number[], values: Float32Array): string {
    return this.isHalf
      ? this.constant(name, DT_BFLOAT16, shape, toBfloat16(values))
      : this.constant(name, DT_FLOAT, shape, values);
  }

  /** A parameter as a constant in TensorFlow's layout. */
  param(name: string, isExact = false): string {
    const spec = this.network.params.find((param) => param.name === name);
    const values = this.weights.get(name);
    invariant(spec && values, `the network has the parameter ${name}`);
    const turned = toTensorFlowLayout(values, spec.layout);
    const constant = `param/${graphName(name)}`;
    return isExact
      ? this.constant(constant, DT_FLOAT, turned.shape, turned.data)
      : this.numbers(constant, turned.shape, turned.data);
  }

  scalar(name: string, value: number): string {
    return this.numbers(name, [], Float32Array.of(value));
  }

  /** `x` as float32, out of the type that is computed in. */
  exact(name: string, x: string): string {
    return this.isHalf ? (this.unrounded.get(x) ?? this.cast(name, x, DT_BFLOAT16, DT_FLOAT)) : x;
  }

  /** Float32 in the type that is computed in. */
  rounded(name: string, x: string): string {
    if (!this.isHalf) return x;
    const edge = this.cast(name, x, DT_FLOAT, DT_BFLOAT16);
    this.unrounded.set(edge, x);
    return edge;
  }

  cast(name: string, x: string, from: number, to: number): string {
    return this.node('Cast', name, [x], { SrcT: { type: from }, DstT: { type: to }, Truncate: { b: false } });
  }

  unary(op: string, name: string, x: string): string {
    return this.node(op, name, [x], { T: this.type });
  }

  binary(op: string, name: string, a: string, b: string): string {
    return this.node(op, name, [a, b], { T: this.type });
  }

  activate(kind: ActivationKind, name: string, x: string): string {
    switch (kind) {
      case 'linear':
        return x;
      case 'relu':
        return this.unary('Relu', name, x);
      case 'relu6':
        return this.unary('Relu6', name, x);
      case 'sigmoid':
        return this.unary('Sigmoid', name, x);
      case 'silu':
        return this.binary('Mul', name, x, this.unary('Sigmoid', `${name}/gate`, x));
      case 'hard_sigmoid': {
        const shifted = this.binary('AddV2', `${name}/shifted`, x, this.scalar(`${name}/three`, 3));
        const clipped = this.unary('Relu6', `${name}/clipped`, shifted);
        return this.binary('Mul', name, clipped, this.scalar(`${name}/sixth`, 1 / 6));
      }
      case 'hard_swish':
        return this.binary('Mul', name, x, this.activate('hard_sigmoid', `${name}/gate`, x));
    }
  }

  /** Pictures of float32, turned by 180°: as one row of pixels, which TensorFlow reverses fastest. */
  mirror(name: string, x: string, [height, width, channels]: readonly [number, number, number]): string {
    const rows = this.reshape(`${name}/rows`, x, [-1, height * width, channels]);
    const axis = this.constant(`${name}/axis`, DT_INT32, [1], Int32Array.of(1));
    const turned = this.node('ReverseV2', `${name}/turned`, [rows, axis], { T: floatType, Tidx: { type: DT_INT32 } });
    return this.reshape(name, turned, [-1, height, width, channels]);
  }

  /** Float32 in another shape. */
  reshape(name: string, x: string, shape: readonly number[]): string {
    const sizes = this.constant(`${name}/sizes`, DT_INT32, [shape.length], Int32Array.from(shape));
    return this.node('Reshape', name, [x, sizes], { T: floatType, Tshape: { type: DT_INT32 } });
  }

  biased(name: string, x: string, bias: string | null): string {
    if (bias === null) return x;
    return this.node('BiasAdd', `${name}/bias`, [x, this.param(bias)], {
      T: this.type,
      data_format: { s: bytes('NHWC') },
    });
  }

  /** Over rows and columns; a sum of so many is not made of rounded numbers. */
  mean(name: string, x: string, keepDims: boolean): string {
    const axes = this.constant(`${name}/axes`, DT_INT32, [2], Int32Array.of(1, 2));
    const attributes = { T: floatType, Tidx: { type: DT_INT32 }, keep_dims: { b: keepDims } };
    if (!this.isHalf) return this.node('Mean', name, [x, axes], attributes);
    const mean = this.node('Mean', `${name}/exact`, [this.exact(`${name}/float32`, x), axes], attributes);
    return this.rounded(name, mean);
  }

  conv(op: 'Conv2D' | 'DepthwiseConv2dNative', name: string, x: string, weight: string, window: Window): string {
    const { before, window: inner } = op === 'Conv2D' ? { before: 0, window } : padBefore(window);
    const padded = before === 0 ? x : this.pad(`${name}/padded`, x, before);
    return this.node(op, name, [padded, this.param(weight)], {
      T: this.type,
      strides: { list: { i: [1, window.stride, window.stride, 1] } },
      dilations: { list: { i: [1, 1, 1, 1] } },
      data_format: { s: bytes('NHWC') },
      ...paddingAttributes(inner),
    });
  }

  /** Zeros around the pictures of [n, h, w, c]. */
  private pad(name: string, x: string, pixels: number): string {
    const sides = Int32Array.of(0, 0, pixels, pixels, pixels, pixels, 0, 0);
    const paddings = this.constant(`${name}/sides`, DT_INT32, [4, 2], sides);
    return this.node('Pad', name, [x, paddings], { T: this.type, Tpaddings: { type: DT_INT32 } });
  }
}
