import type { LayersModel, SymbolicTensor, Tensor } from '@tensorflow/tfjs-node-gpu';
import { invariant } from '../../../shared/errors.js';
import { toTensorFlowLayout } from '../graph/layout.js';
import { inferShapes } from '../graph/shapes.js';
import type {
  ActivationKind,
  ConvNode,
  DepthwiseConvNode,
  GraphNode,
  Network,
  Padding,
  WeightMap,
} from '../graph/types.js';
import type { TensorFlow } from '../tf.js';

/** What is used of a Keras-style layer. */
interface Layer {
  apply(inputs: SymbolicTensor | SymbolicTensor[]): unknown;
  setWeights(weights: Tensor[]): void;
}

/** Layer names as every reader of the format accepts them: a letter or digit first. */
const layerName = (name: string): string => name.replace(/^_+/, '');

/** Builds one Keras-style layer after another, remembering which weights to set. */
class LayersBuilder {
  readonly outputs = new Map<string, SymbolicTensor>();
  private readonly pending: { layer: Layer; values: () => Tensor[] }[] = [];

  constructor(
    private readonly tf: TensorFlow,
    private readonly network: Network,
    private readonly weights: WeightMap,
  ) {}

  /** Sets all weights; call when the model is whole, since layers only then have their variables. */
  setWeights(): void {
    for (const { layer, values } of this.pending) {
      const tensors = values();
      layer.setWeights(tensors);
      tensors.forEach((tensor) => tensor.dispose());
    }
  }

  /** A parameter as a tensor in TensorFlow's layout. */
  private tensor(name: string): Tensor {
    const param = this.network.params.find((candidate) => candidate.name === name);
    const values = this.weights.get(name);
    invariant(param && values, `the network has the parameter ${name}`);
    const turned = toTensorFlowLayout(values, param.layout);
    return this.tf.tensor(turned.data, [...turned.shape], 'float32');
  }

  private apply(layer: Layer, input: SymbolicTensor | SymbolicTensor[], params: readonly (string | Tensor)[] = []) {
    if (params.length > 0) {
      this.pending.push({ layer, values: () => params.map((x) => (typeof x === 'string' ? this.tensor(x) : x)) });
    }
    return layer.apply(input) as SymbolicTensor;
  }

  private activate(x: SymbolicTensor, kind: ActivationKind, name: string): SymbolicTensor {
    const { layers } = this.tf;
    switch (kind) {
      case 'linear':
        return x;
      case 'relu':
        return this.apply(layers.reLU({ name }), x);
      case 'relu6':
        return this.apply(layers.reLU({ name, maxValue: 6 }), x);
      case 'sigmoid':
        return this.apply(layers.activation({ name, activation: 'sigmoid' }), x);
      case 'silu':
        return this.apply(layers.activation({ name, activation: 'swish' }), x);
      case 'hard_sigmoid': {
        // Keras's own hard sigmoid has slope 0.2; PyTorch's is relu6(x + 3) / 6.
        const line = this.apply(layers.rescaling({ name: `${name}/line`, scale: 1 / 6, offset: 0.5 }), x);
        return this.apply(layers.reLU({ name, maxValue: 1 }), line);
      }
      case 'hard_swish': {
        const gate = this.activate(x, 'hard_sigmoid', `${name}/gate`);
        return this.apply(layers.multiply({ name }), [x, gate]);
      }
    }
  }

  /** TensorFlow's padding mode, after an explicit padding layer where neither mode pads alike. */
  private pad(x: SymbolicTensor, padding: Padding, kernelSize: number, stride: number, name: string) {
    if (padding === 'same') return { x, mode: 'same' as const };
    if (padding === 0) return { x, mode: 'valid' as const };
    if (stride === 1 && padding * 2 === kernelSize - 1) return { x, mode: 'same' as const };
    const pad: [[number, number], [number, number]] = [
      [padding, padding],
      [padding, padding],
    ];
    return {
      x: this.apply(this.tf.layers.zeroPadding2d({ name: `${name}/pad`, padding: pad }), x),
      mode: 'valid' as const,
    };
  }

  private convolve(node: ConvNode | DepthwiseConvNode, input: SymbolicTensor): SymbolicTensor {
    const name = layerName(node.name);
    const { x, mode } = this.pad(input, node.padding, node.kernelSize, node.stride, name);
    const shared = {
      name,
      kernelSize: node.kernelSize,
      strides: node.stride,
      padding: mode,
      useBias: node.bias !== null,
    };
    const layer =
      node.op === 'conv'
        ? this.tf.layers.conv2d({ ...shared, filters: node.filters })
        : this.tf.layers.depthwiseConv2d({ ...shared, depthMultiplier: 1 });
    const y = this.apply(layer, x, node.bias === null ? [node.weight] : [node.weight, node.bias]);
    return this.activate(y, node.activation, `${name}/${node.activation}`);
  }

  /** Adds one node; its inputs have been added before. */
  add(node: GraphNode): void {
    const { tf } = this;
    const inputs = node.inputs.map((name) => this.outputs.get(name)!);
    const x = inputs[0]!;
    const name = layerName(node.name);
    const build = (): SymbolicTensor => {
      switch (node.op) {
        case 'input':
          return tf.input({ shape: [...node.shape], name: 'pixels' });
        case 'normalise': {
          // Batch norm with given statistics is `(x - mean) / std` by channel, exactly.
          const variance = node.std.map((std) => std * std);
          const statistics = [[1, 1, 1], [0, 0, 0], [...node.mean], variance].map((values) => tf.tensor1d(values));
          return this.apply(tf.layers.batchNormalization({ name, epsilon: 0 }), x, statistics);
        }
        case 'conv':
        case 'depthwise_conv':
          return this.convolve(node, x);
        case 'batch_norm':
          return this.apply(tf.layers.batchNormalization({ name, epsilon: node.epsilon }), x, [
            node.gamma,
            node.beta,
            node.mean,
            node.variance,
          ]);
        case 'activation':
          return this.activate(x, node.kind, name);
        case 'add':
          return this.apply(tf.layers.add({ name }), inputs);
        case 'max_pool': {
          // Zeros can stand for padding since a pool follows a rectifier in every backbone.
          const padded = this.pad(x, node.padding, node.kernelSize, node.stride, name);
          const options = { name, poolSize: node.kernelSize, strides: node.stride, padding: padded.mode };
          return this.apply(tf.layers.maxPooling2d(options), padded.x);
        }
        case 'global_average_pool':
          return this.apply(tf.layers.globalAveragePooling2d({ name }), x);
        case 'squeeze_excite': {
          const channels = x.shape.at(-1)!;
          const mean = this.apply(tf.layers.globalAveragePooling2d({ name: `${name}/mean` }), x);
          const square = this.apply(
            tf.layers.reshape({ name: `${name}/reshape`, targetShape: [1, 1, channels] }),
            mean,
          );
          const reduce = tf.layers.conv2d({ name: `${name}/reduce`, filters: node.squeezeChannels, kernelSize: 1 });
          const reduced = this.apply(reduce, square, [node.reduceWeight, node.reduceBias]);
          const active = this.activate(reduced, node.activation, `${name}/activation`);
          const expand = tf.layers.conv2d({ name: `${name}/expand`, filters: channels, kernelSize: 1 });
          const expanded = this.apply(expand, active, [node.expandWeight, node.expandBias]);
          const gate = this.activate(expanded, node.gate, `${name}/gate`);
          return this.apply(tf.layers.multiply({ name }), [x, gate]);
        }
        case 'dense': {
          const y = this.apply(tf.layers.dense({ name, units: node.units }), x, [node.weight, node.bias]);
          return this.activate(y, node.activation, `${name}/${node.activation}`);
        }
        case 'softmax':
          return this.apply(tf.layers.softmax({ name }), x);
      }
    };
    this.outputs.set(node.name, build());
  }
}

/**
 * Writes a network as a Keras-style layers model, with the weights set. The caller disposes of the model.
 *
 * @param network preferably folded: fewer layers, same numbers
 */
export function buildLayersModel(tf: TensorFlow, network: Network, weights: WeightMap): LayersModel {
  const builder = new LayersBuilder(tf, network, weights);
  for (const node of network.nodes) builder.add(node);
  const input = builder.outputs.get(network.nodes[0]!.name)!;
  const model = tf.model({ inputs: input, outputs: builder.outputs.get(network.output)!, name: 'graft' });
  builder.setWeights();
  const shapes = inferShapes(network);
  invariant(
    model.outputs[0]!.shape.at(-1) === shapes.get(network.output)!.at(-1),
    'the layers model has the shape of the network',
  );
  return model;
}
