import { GraftError, type WireError, toWire } from '../../../shared/errors.js';
import type { Recipe } from '../../../shared/recipe.js';
import type { DatasetProblem } from '../../../shared/reports.js';
import type { ClassSummary, DatasetSummary, SplitName } from '../../../shared/studio.js';
import { checkHealth } from '../dataset/health.js';
import { applyOverlay, type Overlay } from '../dataset/overlay.js';
import { compareProblems } from '../dataset/scan.js';
import { splitStratified } from '../dataset/split.js';
import type { Dataset } from '../dataset/types.js';
import { type Catalog, STATUS } from './catalog.js';
import { presentName } from './edit.js';

export const SPLITS = ['train', 'val', 'test'] as const satisfies readonly SplitName[];

/** A catalog as the user has arranged it: overlay, split and problems. Arrays go by position in the catalog's entries. */
export interface DatasetView {
  readonly catalog: Catalog;
  /** Present names of the catalog's folders. */
  readonly classNames: readonly string[];
  /** Index into `classNames`. */
  readonly classes: Uint32Array;
  /** Index into {@link SPLITS}. */
  readonly splits: Uint8Array;
  /** 1 for pictures that the user has left out. */
  readonly excluded: Uint8Array;
  /** What is left out before what is not, then by path. */
  readonly problems: readonly DatasetProblem[];
  readonly problemsByPath: ReadonlyMap<string, readonly DatasetProblem[]>;
  /** Positions by class, then path. */
  readonly order: Uint32Array;
  readonly facts: Pick<
    DatasetSummary,
    'layout' | 'hasOwnSplit' | 'classes' | 'images' | 'excluded' | 'splits' | 'problems' | 'error'
  >;
}

/** What the user has arranged: the part of a recipe that a view depends on. */
export type Arrangement = Pick<Recipe['data'], 'exclude' | 'move' | 'rename' | 'valFraction' | 'splitSeed'>;

/** An overlay that fits the classes that there are, and what did not fit. */
function applyFitting(dataset: Dataset, overlay: Overlay): { placed: Dataset; error: GraftError | null } {
  try {
    return { placed: applyOverlay(dataset, overlay), error: null };
  } catch (error) {
    if (!(error instanceof GraftError)) throw error;
    const names = new Set(dataset.classes.map((folder) => presentName(overlay.rename, folder)));
    // Two classes of one name: without renames every class has its folder's.
    const rename = names.size === dataset.classes.length ? overlay.rename : {};
    const known = new Set(dataset.classes.map((folder) => presentName(rename, folder)));
    const move = Object.fromEntries(Object.entries(overlay.move).filter(([, name]) => known.has(name)));
    return { placed: applyOverlay(dataset, { ...overlay, rename, move }), error };
  }
}

/** Positions of listed entries, by class and then as they come. */
function orderByClass(catalog: Catalog, classes: Uint32Array): Uint32Array {
  const starts = new Uint32Array(catalog.folders.length + 1);
  const isListed = (position: number): boolean => catalog.status[position] !== STATUS.hidden;
  classes.forEach((classIndex, position) => {
    if (isListed(position)) starts[classIndex + 1]! += 1;
  });
  for (let index = 1; index < starts.length; index++) starts[index]! += starts[index - 1]!;
  const order = new Uint32Array(starts.at(-1)!);
  classes.forEach((classIndex, position) => {
    if (isListed(position)) order[starts[classIndex]!++] = position;
  });
  return order;
}

function countProblems(problems: readonly DatasetProblem[]): DatasetSummary['problems'] {
  const counts = new Map<string, { code: string; severity: DatasetProblem['severity']; count: number }>();
  for (const { code, severity } of problems) {
    const key = `${severity} ${code}`;
    const entry = counts.get(key) ?? { code, severity, count: 0 };
    entry.count++;
    counts.set(key, entry);
  }
  return [...counts.values()];
}

/** Copies and odd shapes among the pictures in use; classes only once all have been looked at. */
function checkPlaced(catalog: Catalog, positions: readonly number[], placed: Dataset, isPartial: boolean) {
  if (!isPartial) return checkHealth(placed.images, placed.classes);
  const examined = placed.images.filter((_, index) => catalog.status[positions[index]!] === STATUS.usable);
  return checkHealth(examined, placed.classes).filter(({ path }) => catalog.positions.has(path));
}

/**
 * Arranges a catalog as training does: the overlay, then the folder's own split or a stratified one. While
 * the scan runs or when it was cancelled, pictures that it has not come to count as usable.
 */
export function createView(catalog: Catalog, data: Arrangement, isPartial: boolean): DatasetView {
  const { entries, status, folders } = catalog;
  const left = new Set(data.exclude);
  const excluded = new Uint8Array(entries.length);
  const classes = Uint32Array.from(entries, ({ classIndex }) => classIndex);
  const splits = Uint8Array.from(entries, ({ split }) => SPLITS.indexOf(split));
  const positions: number[] = [];
  const pictures = entries.filter((entry, position) => {
    const isPicture = status[position] === STATUS.pending || status[position] === STATUS.usable;
    if (isPicture && left.has(entry.path)) excluded[position] = 1;
    else if (isPicture) positions.push(position);
    return isPicture;
  });

  const { root, layout } = catalog;
  const dataset = { root, layout, classes: folders, images: pictures, problems: [], fingerprint: '' };
  // What is left out is gone from what comes back, so that pictures and `positions` go together.
  const { placed, error } = applyFitting(dataset, data);
  const hasOwnSplit = placed.images.some(({ split }) => split === 'val');
  const images = hasOwnSplit
    ? placed.images
    : splitStratified(placed.images, { valFraction: data.valFraction, seed: data.splitSeed });

  const isRenamed = error === null || error.code !== 'conflict';
  const classNames = folders.map((folder) => (isRenamed ? presentName(data.rename, folder) : folder));
  const indexOfName = new Map(classNames.map((name, index) => [name, index]));
  images.forEach(({ classIndex, split }, index) => {
    classes[positions[index]!] = indexOfName.get(placed.classes[classIndex]!)!;
    splits[positions[index]!] = SPLITS.indexOf(split);
  });
  for (const [image, name] of Object.entries(data.move)) {
    const position = catalog.positions.get(image);
    if (position !== undefined && excluded[position] === 1) {
      classes[position] = indexOfName.get(name) ?? classes[position]!;
    }
  }

  const health = checkPlaced(catalog, positions, placed, isPartial);
  const problems = [...catalog.problems, ...health].sort(compareProblems);
  const problemsByPath = new Map<string, DatasetProblem[]>();
  for (const problem of problems) {
    const others = problemsByPath.get(problem.path);
    if (others === undefined) problemsByPath.set(problem.path, [problem]);
    else others.push(problem);
  }
  const partial = { catalog, classNames, classes, splits, excluded, problems, problemsByPath };
  return {
    ...partial,
    order: orderByClass(catalog, classes),
    facts: {
      ...countPictures(partial),
      hasOwnSplit,
      problems: countProblems(problems),
      error: wireOf(error, isPartial),
    },
  };
}

/** Until a scan has ended, a class that a picture was moved to may only not have been found yet. */
const wireOf = (error: GraftError | null, isPartial: boolean): WireError | null =>
  error === null || isPartial ? null : toWire(error);

type Counted = Pick<DatasetSummary, 'layout' | 'classes' | 'images' | 'excluded' | 'splits'>;

function countPictures(view: Pick<DatasetView, 'catalog' | 'classNames' | 'classes' | 'splits' | 'excluded'>): Counted {
  const { catalog, classNames } = view;
  const counts: { -readonly [K in keyof ClassSummary]: ClassSummary[K] }[] = catalog.folders.map((folder, index) => ({
    name: classNames[index]!,
    folder,
    train: 0,
    val: 0,
    test: 0,
    excluded: 0,
  }));
  const splits = { train: 0, val: 0, test: 0 };
  let excluded = 0;
  catalog.status.forEach((status, position) => {
    if (status !== STATUS.pending && status !== STATUS.usable) return;
    const own = counts[view.classes[position]!]!;
    if (view.excluded[position] === 1) {
      own.excluded++;
      excluded++;
    } else {
      const split = SPLITS[view.splits[position]!]!;
      own[split]++;
      splits[split]++;
    }
  });
  const images = splits.train + splits.val + splits.test;
  return { layout: catalog.layout, classes: counts, images, excluded, splits };
}
