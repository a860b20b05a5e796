import { mkdir } from 'node:fs/promises';
import { basename, extname, join } from 'node:path';
import { planAugment } from '../../../shared/augment/plan.js';
import type { CallContext, Params } from '../../../shared/contract.js';
import { GraftError, throwIfAborted } from '../../../shared/errors.js';
import type { AugmentReport } from '../../../shared/reports.js';
import { getBackbone } from '../backbones/registry.js';
import { createBatchSource } from '../dataset/batches.js';
import { openPixelCache } from '../dataset/cache.js';
import { sourceCap, sourceSize } from '../dataset/decode.js';
import { encodePng } from '../dataset/png.js';
import { scanDataset } from '../dataset/scan.js';
import { isEmptyOrMissing, writeFileAtomic, writeJsonAtomic } from '../files.js';
import { splitForTraining } from '../train/prepare.js';

/** Spreads `count` picks evenly over `length` places, so that every class is seen. */
function pickEvenly(length: number, count: number): number[] {
  const picked = Math.min(length, count);
  return Array.from({ length: picked }, (_, index) => Math.floor((index * length) / picked));
}

/**
 * Writes what the network would see: for some training images, some views each, as PNGs, and `plan.json` with the dice.
 * Epoch e of a run with this recipe shows view e − 1.
 *
 * @throws GraftError `already-exists` when `out` holds something; what scanning throws
 */
export async function writeAugmented(params: Params<'augment.write'>, context: CallContext): Promise<AugmentReport> {
  const { recipe, out } = params;
  const { signal, onProgress } = context;
  if (!(await isEmptyOrMissing(out))) {
    throw new GraftError('already-exists', `expected a new or empty folder for the pictures, but ${out} holds files`);
  }
  const { input } = getBackbone(recipe.backbone.id);
  const cache = openPixelCache({ input });
  const dataset = await scanDataset(recipe.data.path, { signal, onProgress, cache });
  const split = splitForTraining(dataset, recipe.data);
  const { framing } = recipe.data;
  const source = createBatchSource({ images: split.images, input, framing, cache });
  const files: AugmentReport['files'][number][] = [];
  const plans: unknown[] = [];
  const { seed } = recipe.training;
  try {
    await mkdir(out, { recursive: true });
    const picked = pickEvenly(split.training.length, params.images).map((place) => split.training[place]!);
    const total = picked.length * params.views;
    for (const [place, index] of picked.entries()) {
      const image = split.images[index]!;
      const size = sourceSize(image.width, image.height, sourceCap(input));
      const name = basename(image.path, extname(image.path)).replace(/[^\p{L}\p{N}._-]+/gu, '_');
      for (let view = 0; view < params.views; view++) {
        throwIfAborted(signal);
        const augment = recipe.augment.steps.length === 0 ? null : { policy: recipe.augment, seed, view };
        const path = `${String(place + 1).padStart(3, '0')}-${name}-view${view}.png`;
        await writeFileAtomic(join(out, path), await encodePng(await source.render(index, augment)));
        files.push({ path, image: image.path, view });
        const dice = { seed, view, imageId: image.id };
        plans.push({ path, image: image.path, view, plan: planAugment(recipe.augment, dice, size, input, framing) });
        onProgress({ task: 'render', done: files.length, total, unit: 'files' });
      }
    }
    await writeJsonAtomic(join(out, 'plan.json'), { policy: recipe.augment, seed, input, framing, pictures: plans });
  } finally {
    await source.close();
  }
  return { out, files };
}
