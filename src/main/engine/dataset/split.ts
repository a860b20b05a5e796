import { createStream } from '../../../shared/random.js';
import type { DatasetImage } from './types.js';

/** What a split goes by. */
type Splittable = Pick<DatasetImage, 'id' | 'path' | 'classIndex' | 'split'>;

/**
 * Takes a validation set out of the training images: the same share of every class, at least one image where a class has
 * two, byte-identical copies on one side, also across classes. Images of other splits stay where they are.
 *
 * @returns the images in their order, with `split` set
 */
export function splitStratified<T extends Splittable>(
  images: readonly T[],
  options: { readonly valFraction: number; readonly seed: number },
): T[] {
  const byClass = new Map<number, Map<string, number>>();
  for (const { split, classIndex, id } of images) {
    if (split !== 'train') continue;
    const copies = byClass.get(classIndex) ?? new Map<string, number>();
    byClass.set(classIndex, copies.set(id, (copies.get(id) ?? 0) + 1));
  }
  const validation = new Set<string>();
  const training = new Set<string>();
  for (const classIndex of [...byClass.keys()].sort((a, b) => a - b)) {
    const copies = byClass.get(classIndex)!;
    const total = [...copies.values()].reduce((sum, count) => sum + count, 0);
    const wanted = Math.max(1, Math.round(total * options.valFraction));
    const ids = [...copies.keys()].sort();
    // A picture that is in two classes has been put on a side with the first of them.
    const free = ids.filter((id) => !validation.has(id) && !training.has(id));
    let taken = ids.reduce((sum, id) => sum + (validation.has(id) ? copies.get(id)! : 0), 0);
    const hasTraining = ids.some((id) => training.has(id));
    const order = createStream(options.seed, 'split', classIndex).permutation(free.length);
    order.forEach((place, position) => {
      const id = free[place]!;
      // The last one stays in training whatever the share.
      const isNeeded = !hasTraining && position === free.length - 1;
      if (taken < wanted && !isNeeded) {
        validation.add(id);
        taken += copies.get(id)!;
      } else training.add(id);
    });
  }
  return images.map((image) =>
    image.split === 'train' && validation.has(image.id) ? { ...image, split: 'val' } : image,
  );
}
