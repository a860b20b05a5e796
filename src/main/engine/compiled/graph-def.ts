import { inferShapes } from '../graph/shapes.js';
import type { Window } from '../graph/kernels.js';
import { wordsPerPicture } from '../graph/pixels.js';
import type { GraphNode, Network, WeightMap } from '../graph/types.js';
import { bytes, floatType, graphName, type GraphOptions, GraphWriter } from './graph-writer.js';
import { normaliseByRow } from './normalise.js';
import { paddingAttributes } from './padding.js';
import { writePixels } from './pixel-input.js';
import { DT_FLOAT, DT_INT32, type NodeDef, shapeOf } from './proto.js';

const POINTWISE: Window = { kernelSize: 1, stride: 1, padding: 0 };

/** @param shape of the node's value */
function emit(writer: GraphWriter, node: GraphNode, inputs: readonly string[], shape: readonly number[]): string {
  const name = graphName(node.name);
  const x = inputs[0]!;
  switch (node.op) {
    case 'input': {
      const isBytes = writer.options.input === 'bytes';
      const placeholder = writer.node('Placeholder', name, [], {
        dtype: { type: isBytes ? DT_INT32 : DT_FLOAT },
        shape: { shape: shapeOf([-1, ...(isBytes ? [wordsPerPicture(node.shape[0])] : node.shape)]) },
      });
      if (!isBytes) return placeholder;
      const floats = writePixels(writer, name, placeholder, node.shape);
      return writer.options.isMirrored === true ? writer.mirror(`${name}/mirrored`, floats, node.shape) : floats;
    }
    case 'normalise': {
      const { mean, scale } = normaliseByRow(node, shape[1]!);
      const vector = (part: string, values: readonly number[]): string =>
        writer.constant(`${name}/${part}`, DT_FLOAT, [values.length], Float32Array.from(values));
      const rows = writer.reshape(`${name}/rows`, x, [-1, mean.length]);
      const centred = writer.node('Sub', `${name}/centred`, [rows, vector('mean', mean)], { T: floatType });
      const scaled = writer.node('Mul', `${name}/scaled`, [centred, vector('scale', scale)], { T: floatType });
      return writer.rounded(`${name}/rounded`, writer.reshape(name, scaled, [-1, ...shape]));
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
        [x, ...[node.gamma, node.beta, node.mean, node.variance].map((p) => writer.param(p, true))],
        {
          T: writer.type,
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
        T: writer.type,
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
        T: writer.type,
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
  /** Name of the placeholder. */
  readonly input: string;
  /** Without the batch: [height, width, channels], or the words of a picture's bytes. */
  readonly inputShape: readonly number[];
  /** TensorFlow's node for each of the network's nodes. */
  readonly outputs: ReadonlyMap<string, string>;
  readonly shapes: ReadonlyMap<string, readonly number[]>;
}

/**
 * Writes a network as a TensorFlow graph with constant weights.
 *
 * @param network preferably folded; TensorFlow fuses bias and activation into its convolutions by itself. In bfloat16 one
 *   that begins with its normalisation
 */
export function writeGraphDef(network: Network, weights: WeightMap, options: GraphOptions = {}): GraphDefinition {
  const writer = new GraphWriter(network, weights, options);
  const shapes = inferShapes(network);
  const outputs = new Map<string, string>();
  const edges = new Map<string, string>();
  for (const node of network.nodes) {
    const inputs = node.inputs.map((name) => edges.get(name)!);
    edges.set(node.name, emit(writer, node, inputs, shapes.get(node.name)!));
  }
  for (const { name, op } of network.nodes) {
    const edge = edges.get(name)!;
    outputs.set(name, op === 'input' ? edge : writer.exact(`${graphName(name)}/exact/output`, edge));
  }
  const first = network.nodes[0]!;
  const inputShape = shapes.get(first.name)!;
  return {
    nodes: writer.nodes,
    input: graphName(first.name),
    inputShape: options.input === 'bytes' ? [wordsPerPicture(inputShape[0]!)] : inputShape,
    outputs,
    shapes,
  };
}
