import { GraftError } from '../../../shared/errors.js';
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

/** Takes one wrapping folder off, as archives and downloads often have one. */
function unwrap(entries: readonly WalkEntry[]): { entries: readonly WalkEntry[]; prefix: string } {
  const top = entries.filter(({ path }) => !path.includes('/'));
  const [only] = top;
  const hasFoldersBelow =
    only !== undefined && entries.some(({ path, kind }) => kind === 'folder' && path.startsWith(`${only.path}/`));
  if (top.length !== 1 || only?.kind !== 'folder' || !hasFoldersBelow) return { entries, prefix: '' };
  return { entries: entries.filter((entry) => entry !== only), prefix: `${only.path}/` };
}

/**
 * Finds the layout of a folder by itself: ImageFolder's `class/…` or `train|val|test/class/…` (also `valid`,
 * `validation`, `testing`, in any letter case), below at most one wrapping folder. Folders below a class belong to it.
 *
 * @throws GraftError `dataset-unusable` saying what was expected and what is there
 */
export function placeFiles(root: string, found: readonly WalkEntry[]): PlacedFolder {
  const { entries, prefix } = unwrap(found);
  const inside = (path: string): string[] => path.slice(prefix.length).split('/');
  const topFolders = entries.filter(({ path, kind }) => kind === 'folder' && inside(path).length === 1);
  const splitOf = (name: string): Split | undefined => SPLIT_NAMES.get(name.toLowerCase());
  const hasSplits = topFolders.some(({ path }) => splitOf(inside(path)[0]!) === 'train');

  const depth = hasSplits ? 2 : 1;
  const classes = new Set<string>();
  const files: PlacedFile[] = [];
  const stray: WalkEntry[] = [];
  for (const entry of entries) {
    const parts = inside(entry.path);
    const split = hasSplits ? splitOf(parts[0]!) : 'train';
    const className = parts[depth - 1];
    if (entry.kind === 'folder') {
      if (parts.length === depth && split !== undefined && className !== undefined) classes.add(className);
    } else if (split !== undefined && className !== undefined && parts.length > depth) {
      files.push({ entry, className, split });
    } else stray.push(entry);
  }
  if (classes.size === 0) {
    throw new GraftError('dataset-unusable', `${root}: ${EXPECTED}; found ${describe(found)}`);
  }
  return {
    layout: hasSplits ? 'splits' : 'classes',
    classes: [...classes].sort((a, b) => (a < b ? -1 : a > b ? 1 : 0)),
    files,
    stray,
  };
}
