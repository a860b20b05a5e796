import type { AugmentPolicy } from '../../../shared/augment/policy.js';
import { invariant } from '../../../shared/errors.js';
import type { Framing, InputSpec } from '../../../shared/input.js';
import type { Batch, BatchSource } from '../dataset/batches.js';
import type { DatasetImage } from '../dataset/types.js';
import { featureKey, type FeatureStore } from './feature-store.js';
import type { FeaturePurpose } from './model.js';

/**
 * Features are always computed this many at a time, the last group filled up with black pictures: the kernels may round
 * differently for another batch size, and a cached feature must equal a fresh one bit for bit.
 */
export const FEATURE_BATCH_SIZE = 16;

/** The dice of augmented features: view `view` under `policy` and `seed`. */
export interface FeatureView {
  readonly policy: AugmentPolicy;
  readonly seed: number;
  readonly view: number;
}

/** Features of images, computed once: in memory for the run, on disk across runs. */
export interface FeatureTable {
  /**
   * Features of images, in any order as they become ready.
   *
   * @param indices into the source's images, without repeats
   * @param view null for the evaluation's framing
   */
  stream(
    indices: readonly number[],
    view: FeatureView | null,
    purpose: FeaturePurpose,
    signal: AbortSignal,
  ): AsyncIterable<{ readonly index: number; readonly features: Float32Array }>;
}

export interface FeatureTableOptions {
  readonly source: Pick<BatchSource, 'batches'>;
  readonly images: readonly DatasetImage[];
  readonly input: InputSpec;
  readonly framing: Framing;
  readonly featureSize: number;
  /** Identify the weights and the graph that {@link compute} runs. */
  readonly fingerprints: Readonly<Record<FeaturePurpose, string>>;
  /** [count, size, size, 3] pixels in 0..255 → [count, featureSize]. */
  compute(pixels: Uint8Array, count: number, purpose: FeaturePurpose): Float32Array;
  readonly store: FeatureStore;
}

/** Builds a {@link FeatureTable}; it holds plain arrays and needs no disposing. */
export function createFeatureTable(options: FeatureTableOptions): FeatureTable {
  const { images, input, framing, featureSize } = options;
  const memory = new Map<string, Float32Array>();
  const pixelsPerImage = input.size * input.size * 3;

  const keyOf = (index: number, view: FeatureView | null, purpose: FeaturePurpose): string => {
    const image = images[index];
    invariant(image, `image ${index} exists`);
    const dice = view === null ? 'framed' : JSON.stringify([view.policy, view.seed, view.view]);
    return featureKey([options.fingerprints[purpose], JSON.stringify(input), framing, dice, image.id]);
  };

  const computeBatch = (batch: Batch, purpose: FeaturePurpose): Float32Array => {
    if (batch.count === FEATURE_BATCH_SIZE) return options.compute(batch.pixels, batch.count, purpose);
    const filled = new Uint8Array(FEATURE_BATCH_SIZE * pixelsPerImage);
    filled.set(batch.pixels.subarray(0, batch.count * pixelsPerImage));
    return options.compute(filled, FEATURE_BATCH_SIZE, purpose);
  };

  return {
    async *stream(indices, view, purpose, signal) {
      const missing: number[] = [];
      for (const index of indices) {
        const key = keyOf(index, view, purpose);
        const features = memory.get(key) ?? (await options.store.read(key, featureSize));
        if (features === null) missing.push(index);
        else {
          memory.set(key, features);
          yield { index, features };
        }
      }
      if (missing.length === 0) return;
      const augment = view === null ? null : { policy: view.policy, seed: view.seed, view: view.view };
      const batches = options.source.batches({ indices: missing, batchSize: FEATURE_BATCH_SIZE, augment, signal });
      for await (const batch of batches) {
        const rows = computeBatch(batch, purpose);
        yield* batch.indices.map((index, row) => {
          const features = rows.slice(row * featureSize, (row + 1) * featureSize);
          const key = keyOf(index, view, purpose);
          memory.set(key, features);
          options.store.write(key, features);
          return { index, features };
        });
      }
    },
  };
}
