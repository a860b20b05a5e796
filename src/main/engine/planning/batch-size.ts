import type { BatchAdvice, FreeMemory } from '../../../shared/live-reports.js';

const SIZES: readonly number[] = [1, 2, 4, 8, 16, 32, 64, 128];
/** The estimate of memory is rough, and other programs want some. */
const USABLE_SHARE = 0.8;
/** With fewer steps an epoch, weights follow their gradients too seldom. */
const MIN_STEPS = 8;

export interface BatchSizeFacts {
  readonly batchSize: number;
  readonly trainImages: number;
  /** A part of the backbone trains: then a batch fills a graphics card, and a frozen one's features come in their own batches. */
  readonly trainsBackbone: boolean;
  readonly free: FreeMemory;
  /** Memory that a run with batches of so many pictures holds, in bytes. */
  memoryOf(batchSize: number): number;
}

/**
 * A batch size that suits the memory better: the largest smaller one that fits where the recipe's does not; and on a
 * graphics card with room, the largest that fits, since a card is fastest when it is full.
 *
 * @returns null where the recipe's is as good, or none would help
 */
export function adviseBatchSize(facts: BatchSizeFacts): BatchAdvice | null {
  const { batchSize, trainImages, trainsBackbone, free, memoryOf } = facts;
  const fits = (size: number): boolean => memoryOf(size) <= free.bytes * USABLE_SHARE;
  if (!fits(batchSize)) {
    const smaller = SIZES.filter((size) => size < batchSize && fits(size)).at(-1);
    return smaller === undefined ? null : { batchSize: smaller, reason: 'too-large' };
  }
  if (free.of !== 'card' || !trainsBackbone) return null;
  const larger = SIZES.filter((size) => size > batchSize && size * MIN_STEPS <= trainImages && fits(size)).at(-1);
  return larger === undefined ? null : { batchSize: larger, reason: 'room' };
}
