import { createStream } from '../../../shared/random.js';
import type { DatasetImage } from './types.js';

/** What a split goes by. */
type Splittable = Pick<DatasetImage, 'id' | 'path' | 'classIndex' | 'split'>;

/**
 * Takes a validation set out of the training images: the same share of every class, at least one image where a class has
 * two, byte-identical copies on one side. Images of other splits stay where they are.
 *
 * @returns the images in their order, with `split` set
 */
export function splitStratified<T extends Splittable>(
  images: readonly T[],
  options: { readonly valFraction: number; readonly seed: number },
): T[] {
  const byClass = new Map<number, Map<string, T[]>>();
  for (const image of images) {
    if (image.split !== 'train') continue;
    const groups = byClass.get(image.classIndex) ?? new Map<string, T[]>();
    byClass.set(image.classIndex, groups.set(image.id, [...(groups.get(image.id) ?? []), image]));
  }
  const validation = new Set<string>();
  for (const [classIndex, groups] of byClass) {
    const ids = [...groups.keys()].sort();
    const total = [...groups.values()].reduce((sum, group) => sum + group.length, 0);
    if (ids.length < 2) continue;
    const wanted = Math.max(1, Math.round(total * options.valFraction));
    let taken = 0;
    const order = createStream(options.seed, 'split', classIndex).permutation(ids.length);
    // The last group stays in training whatever the share.
    for (const place of order.subarray(0, ids.length - 1)) {
      if (taken >= wanted) break;
      const id = ids[place]!;
      validation.add(`${classIndex}/${id}`);
      taken += groups.get(id)!.length;
    }
  }
  return images.map((image) =>
    image.split === 'train' && validation.has(`${image.classIndex}/${image.id}`) ? { ...image, split: 'val' } : image,
  );
}
