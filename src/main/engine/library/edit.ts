import type { DatasetEdit } from '../../../shared/contract.js';
import { GraftError } from '../../../shared/errors.js';
import type { Recipe } from '../../../shared/recipe.js';

type Data = Recipe['data'];

/** What an edit is checked against. */
export interface EditTarget {
  /** Classes by their folders' names. */
  readonly folders: readonly string[];
  /** The folder's class of a picture; undefined for a picture that the data set does not have. */
  folderOf(image: string): string | undefined;
}

export interface Edited {
  readonly recipe: Recipe;
  /** Takes the edit back. */
  readonly undo: DatasetEdit;
}

/** What a folder's class is called now. */
export const presentName = (rename: Data['rename'], folder: string): string =>
  Object.hasOwn(rename, folder) ? rename[folder]! : folder;

const list = (names: readonly string[]): string => {
  const shown = names.slice(0, 10).map((name) => `"${name}"`);
  return shown.join(', ') + (names.length > shown.length ? `, … (${names.length} in all)` : '');
};

/** Every class that there is by its present name. */
const classNames = ({ rename }: Data, { folders }: EditTarget): string[] =>
  folders.map((folder) => presentName(rename, folder));

const unknownImage = (image: string, count: number): never => {
  throw new GraftError(
    'not-found',
    `expected pictures of the data set, received "${image}", which it does not have${count > 1 ? ` (one of ${count} that were named)` : ''}: it may have been moved or deleted; scan the data set again`,
    { details: { image } },
  );
};

const withData = (recipe: Recipe, data: Partial<Data>): Recipe => ({ ...recipe, data: { ...recipe.data, ...data } });

function exclude(recipe: Recipe, images: readonly string[], target: EditTarget): Edited {
  const before = new Set(recipe.data.exclude);
  for (const image of images) if (target.folderOf(image) === undefined) unknownImage(image, images.length);
  const added = [...new Set(images)].filter((image) => !before.has(image));
  if (added.length === 0) return { recipe, undo: { kind: 'exclude', images: [...images] } };
  return {
    recipe: withData(recipe, { exclude: [...before, ...added].sort() }),
    undo: { kind: 'include', images: added },
  };
}

function include(recipe: Recipe, images: readonly string[], target: EditTarget): Edited {
  const before = new Set(recipe.data.exclude);
  for (const image of images) {
    // One that has gone from the folder may still be taken off the list.
    if (!before.has(image) && target.folderOf(image) === undefined) unknownImage(image, images.length);
  }
  const removed = [...new Set(images)].filter((image) => before.has(image));
  if (removed.length === 0) return { recipe, undo: { kind: 'include', images: [...images] } };
  for (const image of removed) before.delete(image);
  return { recipe: withData(recipe, { exclude: [...before] }), undo: { kind: 'exclude', images: removed } };
}

type Moves = Extract<DatasetEdit, { kind: 'move' }>['moves'];

function move(recipe: Recipe, moves: Moves, target: EditTarget): Edited {
  const { rename } = recipe.data;
  const names = classNames(recipe.data, target);
  const known = new Set(names);
  const after = new Map(Object.entries(recipe.data.move));
  const undone = new Map<string, string | null>();
  for (const { image, className } of moves) {
    const folder = target.folderOf(image);
    const isStale = folder === undefined && after.has(image);
    if (folder === undefined && !isStale) unknownImage(image, moves.length);
    if (className !== null && !known.has(className)) {
      throw new GraftError(
        'not-found',
        `expected one of the classes ${list(names)}, received "${className}": make a folder of that name in the data set first`,
        { details: { className } },
      );
    }
    if (!undone.has(image)) undone.set(image, after.get(image) ?? null);
    const isHome = className === null || (folder !== undefined && presentName(rename, folder) === className);
    if (isHome) after.delete(image);
    else after.set(image, className);
  }
  const undo: Moves = [...undone].map(([image, className]) => ({ image, className }));
  return { recipe: withData(recipe, { move: Object.fromEntries(after) }), undo: { kind: 'move', moves: undo } };
}

/** Settings that go by a class's name follow it. */
function renameWeights(weights: Recipe['training']['classWeights'], from: string, to: string) {
  if (typeof weights === 'string' || !Object.hasOwn(weights, from)) return weights;
  return Object.fromEntries(Object.entries(weights).map(([name, weight]) => [name === from ? to : name, weight]));
}

function renameClass(recipe: Recipe, from: string, to: string, target: EditTarget): Edited {
  const names = classNames(recipe.data, target);
  const folder = target.folders[names.indexOf(from)];
  if (folder === undefined) {
    throw new GraftError('not-found', `expected one of the classes ${list(names)}, received "${from}"`, {
      details: { className: from },
    });
  }
  const undo: DatasetEdit = { kind: 'rename', from: to, to: from };
  if (from === to) return { recipe, undo };
  if (names.includes(to)) {
    throw new GraftError(
      'already-exists',
      `expected a name that no other class has, but "${to}" is a class already: to make one class of two, move the pictures of "${from}" to "${to}"`,
      { details: { className: to } },
    );
  }
  const { [folder]: _, ...others } = recipe.data.rename;
  const rename = folder === to ? others : { ...others, [folder]: to };
  // Moves go by a class's present name, so they follow it.
  const moves = Object.entries(recipe.data.move).map(([image, name]) => [image, name === from ? to : name] as const);
  const { training } = recipe;
  const renamed = {
    ...recipe,
    training: { ...training, classWeights: renameWeights(training.classWeights, from, to) },
  };
  return { recipe: withData(renamed, { rename, move: Object.fromEntries(moves) }), undo };
}

/**
 * Applies one edit to the recipe's overlay.
 *
 * @throws GraftError `not-found` for a picture or class that there is not, `already-exists` for a name that another class
 * has
 */
export function applyEdit(recipe: Recipe, edit: DatasetEdit, target: EditTarget): Edited {
  switch (edit.kind) {
    case 'exclude':
      return exclude(recipe, edit.images, target);
    case 'include':
      return include(recipe, edit.images, target);
    case 'move':
      return move(recipe, edit.moves, target);
    case 'rename':
      return renameClass(recipe, edit.from, edit.to, target);
  }
}
