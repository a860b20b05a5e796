import { invariant } from '../../../shared/errors.js';
import type { Window } from '../graph/kernels.js';
import { toTensorFlowLayout } from '../graph/layout.js';
import { inferShapes } from '../graph/shapes.js';
import type { ActivationKind, GraphNode, Network, WeightMap } from '../graph/types.js';
import { padBefore, paddingAttributes } from './padding.js';
import { type AttrValue, DT_FLOAT, DT_INT32, type NodeDef, shapeOf } from './proto.js';

const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);
const floatType: AttrValue = { type: DT_FLOAT };
const POINTWISE: Window = { kernelSize: 1, stride: 1, padding: 0 };

/** Node names as TensorFlow accepts them: a letter, digit or dot first. */
export const graphName = (name: string): string => name.replace(/^_+/, '');

/** Writes nodes of a TensorFlow graph, constants included. */
class GraphWriter {
  readonly nodes: NodeDef[] = [];
  private readonly written = new Set<string>();

  constructor(
    private readonly network: Network,
    private readonly weights: WeightMap,
  ) {}

  /** Adds a node and returns its name. */
  node(op: string, name: string, input: readonly string[], attr: Record<string, AttrValue>): string {
    this.nodes.push({ name, op, input: [...input], attr });
    return name;
  }

  constant(name: string, dtype: number, shape: readonly number[], values: Float32Array | Int32Array): string {
    if (this.written.has(name)) return name;
    this.written.add(name);
    const tensorContent = new Uint8Array(values.buffer, values.byteOffset, values.byteLength);
    const tensor = { dtype, tensorShape: shapeOf(shape), tensorContent };
    return this.node('Const', name, [], { dtype: { type: dtype }, value: { tensor } });
  }

  /** A parameter as a constant in TensorFlow's layout. */
  param(name: string): string {
    const spec = this.network.params.find((param) => param.name === name);
    const values = this.weights.get(name);
    invariant(spec && values, `the network has the parameter ${name}`);
    const turned = toTensorFlowLayout(values, spec.layout);
    return this.constant(`param/${graphName(name)}`, DT_FLOAT, turned.shape, turned.data);
  }

  scalar(name: string, value: number): string {
    return this.constant(name, DT_FLOAT, [], Float32Array.of(value));
  }

  unary(op: string, name: string, x: string): string {
    return this.node(op, name, [x], { T: floatType });
  }

  binary(op: string, name: string, a: string, b: string): string {
    return this.node(op, name, [a, b], { T: floatType });
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

  biased(name: string, x: string, bias: string | null): string {
    if (bias === null) return x;
    return this.node('BiasAdd', `${name}/bias`, [x, this.param(bias)], {
      T: floatType,
      data_format: { s: bytes('NHWC') },
    });
  }

  mean(name: string, x: string, keepDims: boolean): string {
    const axes = this.constant(`${name}/axes`, DT_INT32, [2], Int32Array.of(1, 2));
    return this.node('Mean', name, [x, axes], {
      T: floatType,
      Tidx: { type: DT_INT32 },
      keep_dims: { b: keepDims },
    });
  }

  conv(op: 'Conv2D' | 'DepthwiseConv2dNative', name: string, x: string, weight: string, window: Window): string {
    const { before, window: inner } = op === 'Conv2D' ? { before: 0, window } : padBefore(window);
    const padded = before === 0 ? x : this.pad(`${name}/padded`, x, before);
    return this.node(op, name, [padded, this.param(weight)], {
      T: floatType,
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
    return this.node('Pad', name, [x, paddings], { T: floatType, Tpaddings: { type: DT_INT32 } });
  }
}

function emit(writer: GraphWriter, node: GraphNode, inputs: readonly string[]): string {
  const name = graphName(node.name);
  const x = inputs[0]!;
  switch (node.op) {
    case 'input':
      return writer.node('Placeholder', name, [], {
        dtype: floatType,
        shape: { shape: shapeOf([-1, ...node.shape]) },
      });
    case 'normalise': {
      const mean = writer.constant(`${name}/mean`, DT_FLOAT, [3], Float32Array.from(node.mean));
      const scale = writer.constant(
        `${name}/scale`,
        DT_FLOAT,
        [3],
        Float32Array.from(node.std, (std) => 1 / std),
      );
      return writer.binary('Mul', name, writer.binary('Sub', `${name}/centred`, x, mean), scale);
    }
    case 'conv':
    case 'depthwise_conv': {
      const op = node.op === 'conv' ? 'Conv2D' : 'DepthwiseConv2dNative';
      const y = writer.conv(op, name, x, node.weight, node);
      return writer.activate(node.activation, `${name}/${node.activation}`, writer.biased(name, y, node.bias));
    }
    case 'batch_norm':
      return writer.node(
        'FusedBatchNormV3',
        name,
        [x, ...[node.gamma, node.beta, node.mean, node.variance].map((p) => writer.param(p))],
        {
          T: floatType,
          U: floatType,
          epsilon: { f: node.epsilon },
          is_training: { b: false },
          data_format: { s: bytes('NHWC') },
        },
      );
    case 'activation':
      return writer.activate(node.kind, name, x);
    case 'add':
      return writer.binary('AddV2', name, x, inputs[1]!);
    case 'max_pool':
      return writer.node('MaxPool', name, [x], {
        T: floatType,
        ksize: { list: { i: [1, node.kernelSize, node.kernelSize, 1] } },
        strides: { list: { i: [1, node.stride, node.stride, 1] } },
        data_format: { s: bytes('NHWC') },
        ...paddingAttributes(node),
      });
    case 'global_average_pool':
      return writer.mean(name, x, false);
    case 'squeeze_excite': {
      const pooled = writer.mean(`${name}/mean`, x, true);
      const reduced = writer.biased(
        `${name}/reduce`,
        writer.conv('Conv2D', `${name}/reduce`, pooled, node.reduceWeight, POINTWISE),
        node.reduceBias,
      );
      const active = writer.activate(node.activation, `${name}/activation`, reduced);
      const expanded = writer.biased(
        `${name}/expand`,
        writer.conv('Conv2D', `${name}/expand`, active, node.expandWeight, POINTWISE),
        node.expandBias,
      );
      return writer.binary('Mul', name, x, writer.activate(node.gate, `${name}/gate`, expanded));
    }
    case 'dense': {
      const product = writer.node('MatMul', name, [x, writer.param(node.weight)], {
        T: floatType,
        transpose_a: { b: false },
        transpose_b: { b: false },
      });
      return writer.activate(node.activation, `${name}/${node.activation}`, writer.biased(name, product, node.bias));
    }
    case 'softmax':
      return writer.unary('Softmax', name, x);
  }
}

/** A network as TensorFlow nodes, weights as constants. */
export interface GraphDefinition {
  readonly nodes: readonly NodeDef[];
  /** Name of the placeholder: [n, height, width, channels]. */
  readonly input: string;
  readonly inputShape: readonly number[];
  /** TensorFlow's node for each of the network's nodes. */
  readonly outputs: ReadonlyMap<string, string>;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

/**
 * Writes a network as a TensorFlow graph with constant weights.
 *
 * @param network preferably folded; TensorFlow fuses bias and activation into its convolutions by itself
 */
export function writeGraphDef(network: Network, weights: WeightMap): GraphDefinition {
  const writer = new GraphWriter(network, weights);
  const shapes = inferShapes(network);
  const outputs = new Map<string, string>();
  for (const node of network.nodes) {
    const inputs = node.inputs.map((name) => outputs.get(name)!);
    outputs.set(node.name, emit(writer, node, inputs));
  }
  const first = network.nodes[0]!;
  return {
    nodes: writer.nodes,
    input: outputs.get(first.name)!,
    inputShape: shapes.get(first.name)!,
    outputs,
    shapes,
  };
}
