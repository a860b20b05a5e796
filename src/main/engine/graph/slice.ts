import { invariant } from '../../../shared/errors.js';
import { inferShapes } from './shapes.js';
import type { GraphNode, Network } from './types.js';

/** Name of a slice's input node. */
export const SLICE_INPUT = 'slice_input';

/**
 * Cuts stages [from, to) out of a network. Where a stage begins, one tensor crosses; it becomes the slice's input, and the
 * one that crosses at the end its output. Stage numbers start anew at 0.
 */
export function sliceNetwork(network: Network, from: number, to: number): Network {
  invariant(
    from >= 0 && from < to && to <= network.stages.length,
    `stages ${from} to ${to} of ${network.stages.length}`,
  );
  const inside = network.nodes.filter((node) => node.stage >= from && node.stage < to);
  const names = new Set(inside.map((node) => node.name));
  const crossing = new Set(inside.flatMap((node) => node.inputs).filter((input) => !names.has(input)));
  invariant(crossing.size <= 1, `one tensor crosses into stage ${from}, found ${[...crossing].join(', ')}`);
  const after = network.nodes.filter((node) => node.stage >= to);
  const afterNames = new Set(after.map((node) => node.name));
  const leaving = new Set(after.flatMap((node) => node.inputs).filter((input) => !afterNames.has(input)));
  invariant(leaving.size <= 1, `one tensor crosses into stage ${to}, found ${[...leaving].join(', ')}`);
  const output = [...leaving][0] ?? network.output;
  invariant(names.has(output), `stages ${from} to ${to} make ${output}, which is read after them`);

  const [entry] = crossing;
  const shift = <N extends GraphNode>(node: N): N => ({
    ...node,
    stage: node.stage - from,
    inputs: node.inputs.map((input) => (input === entry ? SLICE_INPUT : input)),
  });
  const nodes = inside.map(shift);
  if (entry !== undefined) {
    const shape = inferShapes(network).get(entry)!;
    invariant(shape.length === 3, `a picture-shaped tensor crosses, received [${shape.join(', ')}]`);
    nodes.unshift({
      op: 'input',
      name: SLICE_INPUT,
      inputs: [],
      stage: 0,
      shape: [shape[0]!, shape[1]!, shape[2]!],
    });
  }
  return {
    nodes,
    params: network.params
      .filter((param) => param.stage >= from && param.stage < to)
      .map((param) => ({ ...param, stage: param.stage - from })),
    stages: network.stages.slice(from, to),
    output,
  };
}
