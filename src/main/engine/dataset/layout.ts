import { GraftError } from '../../../shared/errors.js';
import { compareCodePoints } from './code-points.js';
import type { Split } from './types.js';
import type { WalkEntry } from './walk.js';

/** Names of split folders, in any letter case. */
const SPLIT_NAMES = new Map<string, Split>([
  ['train', 'train'],
  ['training', 'train'],
  ['val', 'val'],
  ['valid', 'val'],
  ['validation', 'val'],
  ['test', 'test'],
  ['testing', 'test'],
]);

/** A file with the class and split that its folders give it. */
export interface PlacedFile {
  readonly entry: WalkEntry;
  readonly className: string;
  readonly split: Split;
}

/** A folder's contents sorted into classes and splits. */
export interface PlacedFolder {
  readonly layout: 'classes' | 'splits';
  readonly classes: readonly string[];
  readonly files: readonly PlacedFile[];
  /** What lies outside every class folder. */
  readonly stray: readonly WalkEntry[];
}

const EXPECTED =
  'expected a folder with one folder of pictures for each class (class/picture.jpg), or the same inside train, val and test (train/class/picture.jpg)';

function describe(entries: readonly WalkEntry[]): string {
  const top = entries.filter(({ path }) => !path.includes('/')).map(({ path }) => path);
  if (top.length === 0) return 'an empty folder';
  const more = top.length > 5 ? `, … (${top.length} in all)` : '';
  return `${top.slice(0, 5).join(', ')}${more}`;
}

/** The folders directly below a prefix that ends in `/` or is empty, by name. */
function foldersBelow(entries: readonly WalkEntry[], prefix: string): string[] {
  const names = entries
    .filter(({ path, kind }) => kind === 'folder' && path.startsWith(prefix) && !path.includes('/', prefix.length))
    .map(({ path }) => path.slice(prefix.length));
  return [...new Set(names)];
}

/** Names that pictures usually have; only a look inside tells. */
export const PICTURE_NAME = /\.(jpe?g|png|webp|gif|tiff?|bmp|avif|heic|heif)$/i;

const hasPictures = (entries: readonly WalkEntry[], prefix: string): boolean =>
  entries.some(({ path, kind }) => {
    const isInside = kind === 'file' && path.startsWith(prefix) && !path.includes('/', prefix.length);
    return isInside && PICTURE_NAME.test(path);
  });

/**
 * Goes through folders that hold but one folder with more below: archives and downloads often have one around. One that
 * holds pictures itself is a class.
 */
function findLayoutRoot(entries: readonly WalkEntry[]): { prefix: string; folders: readonly string[] } {
  let prefix = '';
  let folders = foldersBelow(entries, prefix);
  while (folders.length === 1) {
    const inner = `${prefix}${folders[0]}/`;
    const below = foldersBelow(entries, inner);
    if (below.length === 0 || hasPictures(entries, inner)) break;
    prefix = inner;
    folders = below;
  }
  return { prefix, folders };
}

const splitOf = (name: string): Split | undefined => SPLIT_NAMES.get(name.toLowerCase());

/** Whether folders are splits. A lone "train" among other names is a class: of vehicles, perhaps. */
function areSplits(folders: readonly string[]): boolean {
  const splits = folders.map(splitOf).filter((split) => split !== undefined);
  const hasTrainAndMore = splits.includes('train') && new Set(splits).size > 1;
  return folders.length > 0 && (splits.length === folders.length || hasTrainAndMore);
}

/**
 * Finds the layout of a folder by itself: ImageFolder's `class/…` or `train|val|test/class/…` (also `training`, `valid`,
 * `validation`, `testing`, in any letter case), whatever single folders lie around it. Folders below a class belong to it.
 *
 * @throws GraftError `dataset-unusable` saying what was expected and what is there
 */
export function placeFiles(root: string, entries: readonly WalkEntry[]): PlacedFolder {
  const { prefix, folders } = findLayoutRoot(entries);
  const hasSplits = areSplits(folders);
  const depth = hasSplits ? 2 : 1;
  const classes = new Set<string>();
  const files: PlacedFile[] = [];
  const stray: WalkEntry[] = [];
  for (const entry of entries) {
    const parts = entry.path.startsWith(prefix) ? entry.path.slice(prefix.length).split('/') : [];
    const split = hasSplits ? splitOf(parts[0] ?? '') : 'train';
    const className = parts[depth - 1];
    if (entry.kind === 'folder') {
      if (parts.length === depth && split !== undefined && className !== undefined) classes.add(className);
    } else if (split !== undefined && className !== undefined && parts.length > depth) {
      files.push({ entry, className, split });
    } else stray.push(entry);
  }
  if (classes.size === 0) {
    throw new GraftError('dataset-unusable', `${root}: ${EXPECTED}; found ${describe(entries)}`);
  }
  return {
    layout: hasSplits ? 'splits' : 'classes',
    classes: [...classes].sort(compareCodePoints),
    files,
    stray,
  };
}
