import { inferShapes } from './shapes.js';
import type { Network } from './types.js';

/** What a stage costs, for one picture. */
export interface StageCost {
  readonly name: string;
  /** Multiply-adds of convolutions and dense layers, as papers count them. */
  readonly multiplyAdds: number;
  /** Values that training may change; batch statistics are not counted. */
  readonly parameters: number;
}

const size = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);

/** Multiply-adds and parameters by stage. */
export function stageCosts(network: Network): StageCost[] {
  const shapes = inferShapes(network);
  const multiplyAdds = new Array<number>(network.stages.length).fill(0);
  for (const node of network.nodes) {
    const output = shapes.get(node.name)!;
    const inputChannels = node.op === 'input' ? 0 : shapes.get(node.inputs[0]!)!.at(-1)!;
    let cost = 0;
    if (node.op === 'conv') cost = size(output) * node.kernelSize ** 2 * inputChannels;
    if (node.op === 'depthwise_conv') cost = size(output) * node.kernelSize ** 2;
    if (node.op === 'dense') cost = node.units * inputChannels;
    if (node.op === 'squeeze_excite') cost = 2 * node.squeezeChannels * inputChannels;
    multiplyAdds[node.stage] = multiplyAdds[node.stage]! + cost;
  }
  return network.stages.map((name, stage) => ({
    name,
    multiplyAdds: multiplyAdds[stage]!,
    parameters: network.params
      .filter((param) => param.stage === stage && param.role !== 'mean' && param.role !== 'variance')
      .reduce((sum, param) => sum + size(param.shape), 0),
  }));
}
