import { GraftError } from '../../../shared/errors.js';
import type { ParamSpec, WeightMap, WeightTensor } from '../graph/types.js';
import type { Checkpoint } from './checkpoint.js';

/** What a checkpoint must fill. */
export interface LoadTarget {
  readonly id: string;
  readonly params: readonly ParamSpec[];
  /** Names of the checkpoint that may stay unused. */
  readonly ignore: readonly RegExp[];
}

/** How many of each kind of mismatch a message lists. */
const LISTED = 5;

function list(title: string, items: readonly string[]): string | null {
  if (items.length === 0) return null;
  const more = items.length > LISTED ? `, … (${items.length} in all)` : '';
  return `${title}: ${items.slice(0, LISTED).join(', ')}${more}`;
}

/**
 * Copies a checkpoint into the parameters of a network, strictly: every tensor is used or ignored by name, every parameter
 * is filled, shapes are equal.
 *
 * @throws GraftError `weights-mismatch` with the first five of each kind
 */
export function loadWeights(target: LoadTarget, checkpoint: Checkpoint): WeightMap {
  const { tensors } = checkpoint;
  const weights = new Map<string, WeightTensor>();
  const missing: string[] = [];
  const misshapen: string[] = [];
  for (const { name, shape } of target.params) {
    const tensor = tensors.get(name);
    if (tensor === undefined) missing.push(name);
    else if (tensor.shape.length !== shape.length || tensor.shape.some((length, axis) => length !== shape[axis])) {
      misshapen.push(`${name} (expected [${shape.join(', ')}], received [${tensor.shape.join(', ')}])`);
    } else weights.set(name, tensor);
  }
  const known = new Set(target.params.map(({ name }) => name));
  const unexpected = [...tensors.keys()].filter(
    (name) => !known.has(name) && !target.ignore.some((pattern) => pattern.test(name)),
  );
  const problems = [
    list('missing', missing),
    list('unexpected', unexpected),
    list('of another shape', misshapen),
  ].filter((line) => line !== null);
  if (problems.length > 0) {
    throw new GraftError(
      'weights-mismatch',
      `expected the ${target.params.length} tensors of ${target.id}, received ${tensors.size}; ${problems.join('; ')}`,
      { details: { missing, unexpected, misshapen } },
    );
  }
  return weights;
}
