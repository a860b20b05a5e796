import { invariant } from '../../../shared/errors.js';
import { paramNames } from './head.js';
import type {
  BatchNormNode,
  ConvNode,
  DepthwiseConvNode,
  GraphNode,
  Network,
  ParamSpec,
  WeightMap,
  WeightTensor,
} from './types.js';

/** A network with its weights. */
export interface FoldedNetwork {
  readonly network: Network;
  readonly weights: WeightMap;
}

const isConvolution = (node: GraphNode | undefined): node is ConvNode | DepthwiseConvNode =>
  node?.op === 'conv' || node?.op === 'depthwise_conv';

/** Scales each output channel of a convolution by batch norm and moves the rest into a bias. */
function foldBatchNorm(
  conv: ConvNode | DepthwiseConvNode,
  norm: BatchNormNode,
  weights: WeightMap,
): { weight: WeightTensor; bias: WeightTensor } {
  const values = (name: string): Float32Array => {
    const tensor = weights.get(name);
    invariant(tensor, `no weights for ${name}`);
    return tensor.data;
  };
  const kernel = weights.get(conv.weight);
  invariant(kernel, `no weights for ${conv.weight}`);
  const [gamma, beta, mean, variance] = [norm.gamma, norm.beta, norm.mean, norm.variance].map(values) as [
    Float32Array,
    Float32Array,
    Float32Array,
    Float32Array,
  ];
  const oldBias = conv.bias === null ? null : values(conv.bias);
  const channels = gamma.length;
  const perChannel = kernel.data.length / channels;
  const scaled = new Float32Array(kernel.data.length);
  const bias = new Float32Array(channels);
  for (let channel = 0; channel < channels; channel++) {
    const scale = gamma[channel]! / Math.sqrt(variance[channel]! + norm.epsilon);
    bias[channel] = beta[channel]! + ((oldBias?.[channel] ?? 0) - mean[channel]!) * scale;
    // The source layout has the output channel first, for both kinds of convolution.
    for (let i = channel * perChannel; i < (channel + 1) * perChannel; i++) scaled[i] = kernel.data[i]! * scale;
  }
  return { weight: { shape: kernel.shape, data: scaled }, bias: { shape: [channels], data: bias } };
}

/**
 * Folds batch norm with fixed statistics into the convolution before it, and a rectifier into the convolution that feeds
 * it alone. Same function, fewer nodes. A folded convolution's bias is named `<convolution>.folded_bias`.
 *
 * Jacob et al., "Quantization and training of neural networks for efficient integer-arithmetic-only inference" (2018),
 * section 3.2.
 */
export function foldNetwork(network: Network, weights: WeightMap): FoldedNetwork {
  // The output is read by whoever runs the network.
  const consumers = new Map<string, number>([[network.output, 1]]);
  for (const node of network.nodes) {
    for (const input of node.inputs) consumers.set(input, (consumers.get(input) ?? 0) + 1);
  }
  const nodes = new Map<string, GraphNode>();
  /** Node that a folded node's readers read instead. */
  const replacement = new Map<string, string>();
  const folded = new Map<string, WeightTensor>(weights);
  const specs = new Map<string, ParamSpec>(network.params.map((param) => [param.name, param]));

  for (const original of network.nodes) {
    const node = { ...original, inputs: original.inputs.map((input) => replacement.get(input) ?? input) };
    const source = node.inputs.length === 1 ? nodes.get(node.inputs[0]!) : undefined;
    const feedsOnlyThis = original.inputs.length === 1 && consumers.get(original.inputs[0]!) === 1;
    const target = feedsOnlyThis && isConvolution(source) && source.activation === 'linear' ? source : null;
    if (target && node.op === 'batch_norm') {
      const { weight, bias } = foldBatchNorm(target, node, folded);
      const biasName = `${target.name}.folded_bias`;
      folded.set(target.weight, weight).set(biasName, bias);
      specs.set(biasName, { name: biasName, shape: bias.shape, layout: 'vector', role: 'bias', stage: target.stage });
      nodes.set(target.name, { ...target, bias: biasName });
      replacement.set(node.name, target.name);
    } else if (target && node.op === 'activation' && (node.kind === 'relu' || node.kind === 'relu6')) {
      nodes.set(target.name, { ...target, activation: node.kind });
      replacement.set(node.name, target.name);
    } else nodes.set(node.name, node);
  }

  const kept = [...nodes.values()];
  const names = [...new Set(kept.flatMap(paramNames))];
  const result = new Map<string, WeightTensor>();
  const params = names.map((name) => {
    const spec = specs.get(name);
    const tensor = folded.get(name);
    invariant(spec && tensor, `no weights for ${name}`);
    result.set(name, tensor);
    return spec;
  });
  const output = replacement.get(network.output) ?? network.output;
  return { network: { nodes: kept, params, stages: network.stages, output }, weights: result };
}
