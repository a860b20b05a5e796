import type { Network, WeightMap } from '../../src/main/engine/graph/types.js';
import { fill } from './fill.js';

/** A network whose input is already normalised, as the reference's is. */
export function withoutNormalisation(network: Network): Network {
  const nodes = network.nodes.map((node) =>
    node.op === 'normalise' ? { ...node, mean: [0, 0, 0] as const, std: [1, 1, 1] as const } : node,
  );
  return { ...network, nodes };
}

/** Weights made from each parameter's name. */
export function formulaWeights(network: Network): WeightMap {
  return new Map(network.params.map(({ name, shape }) => [name, { shape, data: fill(name, shape) }]));
}

/** The reference's input, mulberry32(fnv1a32("input")) * 4 - 2, turned from NCHW to NHWC. */
export function formulaInput(size: number, random: () => number): Float32Array {
  const planes = Float32Array.from({ length: 3 * size * size }, () => random() * 4 - 2);
  return Float32Array.from(planes, (_, i) => planes[(i % 3) * size * size + Math.floor(i / 3)]!);
}

/** Largest difference relative to the largest reference value. */
export function relativeError(actual: ArrayLike<number>, expected: ArrayLike<number>): number {
  let largest = 0;
  let difference = 0;
  for (let i = 0; i < expected.length; i++) {
    largest = Math.max(largest, Math.abs(expected[i]!));
    difference = Math.max(difference, Math.abs(actual[i]! - expected[i]!));
  }
  return actual.length === expected.length ? difference / largest : Infinity;
}
