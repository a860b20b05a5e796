import { GraftError } from '../../../shared/errors.js';
import type { Recipe } from '../../../shared/recipe.js';
import type { Dataset } from './types.js';

/** What the user has changed about a data set without touching its files. */
export type Overlay = Pick<Recipe['data'], 'exclude' | 'move' | 'rename'>;

/**
 * Present names of the folders' classes, in the folders' order. Renames of folders that are not there do nothing.
 *
 * @throws GraftError `conflict` when two classes would have the same name
 */
export function presentNames(folders: readonly string[], rename: Overlay['rename']): string[] {
  const names = folders.map((folder) => (Object.hasOwn(rename, folder) ? rename[folder]! : folder));
  const double = names.find((name, index) => names.indexOf(name) !== index);
  if (double !== undefined) {
    const meant = folders.filter((_, index) => names[index] === double);
    throw new GraftError(
      'conflict',
      `expected a name of its own for every class, but ${meant.join(' and ')} are both to be called ${double}: rename one of them`,
    );
  }
  return names;
}

/**
 * A data set with the user's changes: what is left out is gone, moved pictures have their new class, classes their present
 * names. What is left out stays out, also when it was moved.
 *
 * Classes keep the order of their folders' names, so that renaming one changes no class index and no number of a run. A
 * class whose last picture was moved or left out is gone; one whose folder never had a picture stays, as it does without an
 * overlay. Changes of pictures that are not there any more do nothing.
 *
 * `problems` and `fingerprint` stay those of the folder: with the recipe they decide what is trained on.
 *
 * @throws GraftError `invalid-value` when a picture was moved to a class that is not there; `conflict` when two classes
 * have the same name
 */
export function applyOverlay(dataset: Dataset, overlay: Overlay): Dataset {
  const names = presentNames(dataset.classes, overlay.rename);
  const indices = new Map(names.map((name, index) => [name, index]));
  const excluded = new Set(overlay.exclude);
  const moves = new Map(Object.entries(overlay.move));
  const placed = dataset.images
    .filter(({ path }) => !excluded.has(path))
    .map((image) => {
      const target = moves.get(image.path);
      if (target === undefined) return image;
      const classIndex = indices.get(target);
      if (classIndex === undefined) {
        throw new GraftError(
          'invalid-value',
          `expected one of the classes ${names.join(', ')} for ${image.path}, received ${target}: move the picture again`,
          { details: { path: image.path, className: target } },
        );
      }
      return { ...image, classIndex };
    });

  const before = new Set(dataset.images.map(({ classIndex }) => classIndex));
  const after = new Set(placed.map(({ classIndex }) => classIndex));
  const kept = names.map((_, index) => index).filter((index) => after.has(index) || !before.has(index));
  const places = new Map(kept.map((index, place) => [index, place]));
  return {
    ...dataset,
    classes: kept.map((index) => names[index]!),
    images: placed.map((image) => {
      const classIndex = places.get(image.classIndex)!;
      return classIndex === image.classIndex ? image : { ...image, classIndex };
    }),
  };
}
