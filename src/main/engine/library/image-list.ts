import type { ImageFilter } from '../../../shared/contract.js';
import { GraftError } from '../../../shared/errors.js';
import type { DatasetProblem } from '../../../shared/reports.js';
import type { ImageFacts, ImageItem } from '../../../shared/studio.js';
import { STATUS } from './catalog.js';
import { type DatasetView, SPLITS } from './dataset-view.js';

/** Filters whose result is kept; a page scrolls through one, and a second or third page through others. */
const KEPT_FILTERS = 8;

export interface Page<T> {
  readonly total: number;
  readonly items: readonly T[];
}

/** Lists over one view of a data set. The first page of a filter costs a look at every picture, the next ones nothing. */
export interface ImageList {
  /**
   * Pictures by class, then path. Those that can't be used are listed only when the filter asks for their problem. A
   * picture that the scan has not come to yet has an empty hash and is 0 × 0 pixels.
   */
  images(filter: ImageFilter, offset: number, limit: number): Page<ImageItem>;
  /** @throws GraftError `not-found` */
  image(path: string): ImageFacts;
  problems(code: string | null, offset: number, limit: number): Page<DatasetProblem>;
}

function itemAt(view: DatasetView, position: number): ImageItem {
  const { id, path, width, height } = view.catalog.entries[position]!;
  const problem = view.problemsByPath.get(path)?.[0];
  return {
    path,
    hash: isExamined(view, position) ? id : '',
    className: view.classNames[view.classes[position]!]!,
    split: SPLITS[view.splits[position]!]!,
    width,
    height,
    isExcluded: view.excluded[position] === 1,
    problem:
      problem === undefined ? null : { code: problem.code, severity: problem.severity, message: problem.message },
  };
}

function select(view: DatasetView, filter: ImageFilter): Uint32Array {
  const { entries, status } = view.catalog;
  const classIndex = filter.className === null ? null : view.classNames.indexOf(filter.className);
  const split = filter.split === null ? null : SPLITS.indexOf(filter.split);
  const excluded = filter.isExcluded === null ? null : Number(filter.isExcluded);
  const search = filter.search.toLowerCase();
  return view.order.filter((position) => {
    if (classIndex !== null && view.classes[position] !== classIndex) return false;
    if (split !== null && view.splits[position] !== split) return false;
    if (excluded !== null && view.excluded[position] !== excluded) return false;
    const { path } = entries[position]!;
    if (filter.problem === null) {
      if (status[position] === STATUS.unusable) return false;
    } else if (!(view.problemsByPath.get(path) ?? []).some(({ code }) => code === filter.problem)) return false;
    return search === '' || path.toLowerCase().includes(search);
  });
}

/** Whether a picture's bytes have been read, so that its id is their hash. */
export const isExamined = (view: DatasetView, position: number): boolean =>
  view.catalog.status[position] === STATUS.usable;

/** Position of a picture in the catalog, by the path that it is called by. */
export function findPosition(view: DatasetView, path: string): number {
  const position = view.catalog.positions.get(path);
  if (position === undefined || view.catalog.status[position] === STATUS.hidden) {
    throw new GraftError(
      'not-found',
      `expected a picture of the data set, received "${path}", which it does not have: it may have been moved or deleted; scan the data set again`,
      { details: { image: path } },
    );
  }
  return position;
}

/** Opens lists over a view; a view never changes, so neither do they. */
export function createImageList(view: DatasetView): ImageList {
  const selections = new Map<string, Uint32Array>();
  const problemsByCode = new Map<string, readonly DatasetProblem[]>();

  const selection = (filter: ImageFilter): Uint32Array => {
    const { className, split, problem, isExcluded, search } = filter;
    const key = JSON.stringify([className, split, problem, isExcluded, search]);
    const known = selections.get(key);
    const selected = known ?? select(view, filter);
    // Moved to the end: the map's order is the order of use.
    selections.delete(key);
    selections.set(key, selected);
    if (selections.size > KEPT_FILTERS) selections.delete(selections.keys().next().value!);
    return selected;
  };

  const problemsOf = (code: string | null): readonly DatasetProblem[] => {
    if (code === null) return view.problems;
    const known = problemsByCode.get(code);
    if (known !== undefined) return known;
    const selected = view.problems.filter((problem) => problem.code === code);
    // Only codes that there are, so that a caller can't fill the memory with others.
    if (selected.length > 0) problemsByCode.set(code, selected);
    return selected;
  };

  return {
    images(filter, offset, limit) {
      const selected = selection(filter);
      const items = Array.from(selected.subarray(offset, offset + limit), (position) => itemAt(view, position));
      return { total: selected.length, items };
    },
    image(path) {
      const position = findPosition(view, path);
      const { sizeBytes, format, classIndex } = view.catalog.entries[position]!;
      return {
        ...itemAt(view, position),
        sizeBytes,
        format,
        folder: view.catalog.folders[classIndex]!,
        problems: view.problemsByPath.get(path) ?? [],
      };
    },
    problems(code, offset, limit) {
      const selected = problemsOf(code);
      return { total: selected.length, items: selected.slice(offset, offset + limit) };
    },
  };
}
