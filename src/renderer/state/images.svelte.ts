import type { ImageFilter } from '../../shared/contract.js';
import type { DatasetProblem } from '../../shared/reports.js';
import type { ImageItem } from '../../shared/studio.js';
import type { Connection } from './connection.svelte.js';
import { PagedList } from './paged-list.svelte.js';

/** The filter that lets every picture through. */
export const ALL_IMAGES: ImageFilter = { className: null, split: null, problem: null, isExcluded: null, search: '' };

/** Which pictures a list is about. The project is part of it, so that another one's pictures are another list. */
export interface ImageQuery {
  readonly project: string;
  readonly filter: ImageFilter;
}

export type ImageList = PagedList<ImageItem, ImageQuery>;

/** Pictures of the current data set, a page at a time. Dispose of it. */
export function createImageList(connection: Connection): ImageList {
  return new PagedList(({ filter }, offset, limit, signal) =>
    connection.call('dataset.images', { filter, offset, limit }, { signal }),
  );
}

/** Which problems a list is about: those of a code, or all. */
export interface ProblemQuery {
  readonly project: string;
  readonly code: string | null;
}

export type ProblemList = PagedList<DatasetProblem, ProblemQuery>;

/** Problems of the current data set, a page at a time. Dispose of it. */
export function createProblemList(connection: Connection): ProblemList {
  return new PagedList(({ code }, offset, limit, signal) =>
    connection.call('dataset.problems', { code, offset, limit }, { signal }),
  );
}
