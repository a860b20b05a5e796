import { createStream } from '../../../shared/random.js';

/** The order in which an epoch (from 1) shows its images: a fresh shuffle by seed and epoch. */
export function epochOrder(
  indices: readonly number[],
  key: { readonly seed: number; readonly epoch: number },
): number[] {
  const permutation = createStream(key.seed, 'order', key.epoch).permutation(indices.length);
  return Array.from(permutation, (place) => indices[place]!);
}
