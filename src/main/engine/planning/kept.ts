import type { Recipe } from '../../../shared/recipe.js';
import type { BackboneDefinition } from '../backbones/types.js';
import type { Batch } from '../dataset/batches.js';
import { openPixelCache } from '../dataset/cache.js';
import type { DatasetImage } from '../dataset/types.js';
import { featuresFolder } from '../paths.js';
import { openFeatureStore } from '../train/feature-store.js';
import { createFeatureTable, type FeatureView } from '../train/feature-table.js';

/** Pictures that stand for all; each is one small file to read. */
const SAMPLE = 32;

/** Up to {@link SAMPLE} items, spread evenly. */
function sampleOf<T>(items: readonly T[]): T[] {
  const count = Math.min(SAMPLE, items.length);
  return Array.from({ length: count }, (_, place) => items[Math.floor((place * items.length) / count)]!);
}

/** Share of the pictures whose decoded pixels are on disk, 0..1; found on a sample. */
export async function keptPixels(definition: BackboneDefinition, images: readonly DatasetImage[]): Promise<number> {
  const cache = openPixelCache({ input: definition.input });
  const sample = sampleOf(images);
  const kept = await Promise.all(sample.map(async ({ id }) => (await cache.read(id)) !== null));
  return kept.filter(Boolean).length / Math.max(1, sample.length);
}

async function* noBatches(): AsyncGenerator<Batch> {
  // What is not kept stays out.
}

/**
 * Share of the pictures whose frozen features are on disk, 0..1; found on a sample.
 *
 * @param fingerprint of the weights and the way of running them, as in `TrainingModel.frozenFingerprints`
 * @param indices into `images`
 */
export async function keptFeatures(
  definition: BackboneDefinition,
  fingerprint: string,
  images: readonly DatasetImage[],
  indices: readonly number[],
  framing: Recipe['data']['framing'],
  view: FeatureView | null,
): Promise<number> {
  const table = createFeatureTable({
    source: { batches: noBatches },
    images,
    input: definition.input,
    framing,
    featureSize: definition.featureSize,
    fingerprints: { report: fingerprint, train: fingerprint },
    compute: () => new Float32Array(0),
    store: openFeatureStore(featuresFolder()),
  });
  const sample = sampleOf(indices);
  const kept: number[] = [];
  for await (const { index } of table.stream(sample, view, 'report', new AbortController().signal)) kept.push(index);
  return kept.length / Math.max(1, sample.length);
}
