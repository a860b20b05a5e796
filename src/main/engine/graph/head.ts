import { invariant } from '../../../shared/errors.js';
import type { GraphNode, Network, ParamSpec } from './types.js';

/** Parameter names of the new classifier. */
export const HEAD_WEIGHT = 'head.weight';
export const HEAD_BIAS = 'head.bias';
/** Node names of the new classifier. */
export const LOGITS_NODE = 'head';
export const PROBABILITIES_NODE = 'probabilities';

/** Names of the parameters that a node reads. */
export function paramNames(node: GraphNode): string[] {
  switch (node.op) {
    case 'conv':
    case 'depthwise_conv':
      return node.bias === null ? [node.weight] : [node.weight, node.bias];
    case 'dense':
      return [node.weight, node.bias];
    case 'batch_norm':
      return [node.gamma, node.beta, node.mean, node.variance];
    case 'squeeze_excite':
      return [node.reduceWeight, node.reduceBias, node.expandWeight, node.expandBias];
    default:
      return [];
  }
}

/** The part of a network that `output` depends on, with its own parameters and stages only. */
export function truncateNetwork(network: Network, output: string): Network {
  const needed = new Set([output]);
  for (const node of [...network.nodes].reverse()) {
    if (needed.has(node.name)) node.inputs.forEach((input) => needed.add(input));
  }
  const nodes = network.nodes.filter((node) => needed.has(node.name));
  invariant(
    nodes.some((node) => node.name === output),
    `the network has no node ${output}`,
  );
  const used = new Set(nodes.flatMap(paramNames));
  const lastStage = Math.max(...nodes.map((node) => node.stage));
  return {
    nodes,
    params: network.params.filter((param) => used.has(param.name)),
    stages: network.stages.slice(0, lastStage + 1),
    output,
  };
}

/**
 * A backbone with a new classifier in place of ImageNet's: features → dense → softmax.
 *
 * @param featuresNode name of the pooled features, [n, featureSize]
 */
export function withHead(network: Network, featuresNode: string, featureSize: number, classCount: number): Network {
  const trunk = truncateNetwork(network, featuresNode);
  const stage = trunk.stages.length;
  const params: ParamSpec[] = [
    { name: HEAD_WEIGHT, shape: [classCount, featureSize], layout: 'dense', role: 'weight', stage },
    { name: HEAD_BIAS, shape: [classCount], layout: 'vector', role: 'bias', stage },
  ];
  return {
    nodes: [
      ...trunk.nodes,
      {
        op: 'dense',
        name: LOGITS_NODE,
        inputs: [featuresNode],
        stage,
        units: classCount,
        weight: HEAD_WEIGHT,
        bias: HEAD_BIAS,
        activation: 'linear',
      },
      { op: 'softmax', name: PROBABILITIES_NODE, inputs: [LOGITS_NODE], stage },
    ],
    params: [...trunk.params, ...params],
    stages: [...trunk.stages, 'head'],
    output: PROBABILITIES_NODE,
  };
}
