import type { DatasetProblem } from '../../../shared/reports.js';
import { compareCodePoints } from '../dataset/code-points.js';
import { PICTURE_NAME, type PlacedFile, type PlacedFolder } from '../dataset/layout.js';
import { isImage } from '../dataset/scan.js';
import type { DatasetImage } from '../dataset/types.js';

/**
 * What is known of a file in a class folder.
 * - `hidden`: not looked at, and its name is none of a picture
 * - `pending`: not looked at; width, height and size are 0, and its id is its path
 * - `usable`: a picture
 * - `unusable`: none, for a reason that is listed; otherwise as `pending`
 */
export const STATUS = { hidden: 0, pending: 1, usable: 2, unusable: 3 } as const;

/** What a scan has found so far: the files as they lie on disk, without overlay or split. Filled in while the scan runs. */
export interface Catalog {
  /** The real folder that paths are relative to. */
  readonly root: string;
  readonly layout: PlacedFolder['layout'];
  /** Classes by their folders' names. */
  readonly folders: readonly string[];
  /** Every file in a class folder, by path. */
  readonly entries: readonly DatasetImage[];
  /** {@link STATUS} by position in `entries`. */
  readonly status: Uint8Array;
  /** Position in `entries` by path. */
  readonly positions: ReadonlyMap<string, number>;
  /** Files that are not used; for those without a class this is all that is known. */
  readonly problems: readonly DatasetProblem[];
  /** Enters what a look at a file has found. */
  enter(file: PlacedFile, found: DatasetImage | DatasetProblem): void;
}

function pendingEntry(
  { entry, className, split }: PlacedFile,
  classIndices: ReadonlyMap<string, number>,
): DatasetImage {
  return {
    // Until its bytes have been read a picture is taken for unlike every other.
    id: entry.path,
    path: entry.path,
    file: entry.file,
    classIndex: classIndices.get(className)!,
    split,
    width: 0,
    height: 0,
    sizeBytes: 0,
    format: '',
  };
}

/**
 * Lists files whose folders have been read.
 *
 * @param previous what is known of the same folder from before, and shown until it is looked at again
 * @param found what is to be said before any file was looked at
 */
export function createCatalog(
  root: string,
  placed: PlacedFolder,
  previous: Catalog | null,
  found: readonly DatasetProblem[],
): Catalog {
  const classIndices = new Map(placed.classes.map((name, index) => [name, index]));
  const files = [...placed.files].sort((a, b) => compareCodePoints(a.entry.path, b.entry.path));
  const entries = files.map((file) => pendingEntry(file, classIndices));
  const positions = new Map(entries.map(({ path }, position) => [path, position]));
  const problems = [...found];
  const status = Uint8Array.from(files, ({ entry }) =>
    entry.kind === 'file' && PICTURE_NAME.test(entry.path) ? STATUS.pending : STATUS.hidden,
  );
  if (previous !== null) {
    entries.forEach((entry, position) => {
      const before = previous.positions.get(entry.path);
      if (before === undefined || previous.status[before] !== STATUS.usable) return;
      const { id, width, height, sizeBytes, format } = previous.entries[before]!;
      entries[position] = { ...entry, id, width, height, sizeBytes, format };
      status[position] = STATUS.usable;
    });
  }
  return {
    root,
    layout: placed.layout,
    folders: placed.classes,
    entries,
    status,
    positions,
    problems,
    enter({ entry }, found) {
      const position = positions.get(entry.path)!;
      if (isImage(found)) {
        entries[position] = found;
        status[position] = STATUS.usable;
        return;
      }
      const { path, file, classIndex, split } = entries[position]!;
      entries[position] = { id: path, path, file, classIndex, split, width: 0, height: 0, sizeBytes: 0, format: '' };
      status[position] = STATUS.unusable;
      problems.push(found);
    },
  };
}
