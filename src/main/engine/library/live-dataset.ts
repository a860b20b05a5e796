import { GraftError, toWire, type WireError } from '../../../shared/errors.js';
import { secondsLeft } from '../../../shared/progress.js';
import type { DatasetProblem } from '../../../shared/reports.js';
import type { DatasetSummary } from '../../../shared/studio.js';
import type { PixelCache } from '../dataset/cache.js';
import type { PlacedFolder } from '../dataset/layout.js';
import { scanDataset } from '../dataset/scan.js';
import { type Catalog, createCatalog } from './catalog.js';
import { type Arrangement, createView, type DatasetView } from './dataset-view.js';
import { createImageList, type ImageList } from './image-list.js';

/** While a scan runs, changes are told at most this often … */
const EMIT_MS = 250;
/** … and looking at a large data set takes at most this share of the time. */
const VIEW_COST_FACTOR = 5;

export interface LiveDatasetOptions {
  /** Id of the project. */
  readonly project: string;
  /** Folder or archive. */
  readonly path: string;
  readonly arrangement: Arrangement;
  /** Gets the pixels of pictures that are new. */
  readonly cache: PixelCache | null;
  readonly onChange: (summary: DatasetSummary) => void;
  /** Awaited before each look at a file: what the user waits for goes first. */
  readonly beforeExamining: () => Promise<void> | null;
}

/** The data set of the open project while it is scanned and after. */
export interface LiveDataset {
  readonly summary: DatasetSummary;
  /** Null until a folder has been read; then what was told last. */
  readonly view: DatasetView | null;
  readonly list: ImageList | null;
  /** Resolves when every file has been found, or the scan has failed. */
  readonly placed: Promise<void>;
  /** Resolves when the scan has ended, one way or the other. */
  readonly ended: Promise<void>;
  /** Shows the data set under another overlay or split, and tells of it. */
  arrange(arrangement: Arrangement): void;
  /** Looks at the folder again; what was known is shown until then. */
  rescan(): void;
  /** Ends a scan that runs, as `cancelled`; what it has looked at need not be looked at again. */
  cancel(): void;
  /** Ends the scan; nothing is told any more. */
  close(): Promise<void>;
}

const EMPTY = {
  layout: 'classes',
  hasOwnSplit: false,
  classes: [],
  images: 0,
  excluded: 0,
  splits: { train: 0, val: 0, test: 0 },
  problems: [],
  error: null,
} as const satisfies Partial<DatasetSummary>;

/** Grows over restarts of the process, too: it begins at the clock and grows by less than one a millisecond. */
let lastRevision = 0;
const nextRevision = (): number => (lastRevision = Math.max(lastRevision + 1, Date.now()));

/** Opens a data set and starts its scan. */
export function openLiveDataset(options: LiveDatasetOptions): LiveDataset {
  let { arrangement } = options;
  let catalog: Catalog | null = null;
  let view: DatasetView | null = null;
  let list: ImageList | null = null;
  let state: DatasetSummary['state'] = 'scanning';
  let error: WireError | null = null;
  let fingerprint: string | null = null;
  let revision = nextRevision();
  let scan: { done: number; total: number | null; startMs: number } = { done: 0, total: null, startMs: 0 };
  let abort = new AbortController();
  let isClosed = false;
  let timer: ReturnType<typeof setTimeout> | null = null;
  let nextEmitMs = 0;

  const summarise = (): DatasetSummary => ({
    ...EMPTY,
    // Half a data set's counts would pass for those of the whole.
    ...(state === 'cancelled' ? {} : view?.facts),
    project: options.project,
    revision,
    state,
    scan: state === 'scanning' ? scanProgress() : state === 'cancelled' ? cancelledAt() : null,
    error: error ?? (state === 'cancelled' ? null : view?.facts.error) ?? null,
    fingerprint,
  });
  const scanProgress = (): NonNullable<DatasetSummary['scan']> => {
    const { done, total, startMs } = scan;
    return { done, total, secondsLeft: secondsLeft({ done, total }, (performance.now() - startMs) / 1000) };
  };

  const cancelledAt = (): NonNullable<DatasetSummary['scan']> => ({
    done: scan.done,
    total: scan.total,
    secondsLeft: null,
  });

  /** Builds the view anew and tells of it. */
  const tell = (): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    if (isClosed) return;
    const startMs = performance.now();
    if (catalog !== null) {
      view = createView(catalog, arrangement, state === 'scanning' || state === 'cancelled');
      list = createImageList(view);
    }
    revision = nextRevision();
    const endMs = performance.now();
    nextEmitMs = endMs + Math.max(EMIT_MS, VIEW_COST_FACTOR * (endMs - startMs));
    options.onChange(summarise());
  };
  const tellSoon = (): void => {
    timer ??= setTimeout(tell, Math.max(0, nextEmitMs - performance.now()));
  };

  /** Files that have just been found can be called at once, also between two tellings. */
  const refresh = (): void => {
    if (catalog !== null && view?.catalog !== catalog) tell();
  };

  const enterPlaced = (
    placed: PlacedFolder,
    root: string,
    previous: Catalog | null,
    problems: readonly DatasetProblem[],
  ): void => {
    catalog = createCatalog(root, placed, previous, problems);
    tellSoon();
  };

  const run = async (previous: Catalog | null, signal: AbortSignal, onPlaced: () => void): Promise<void> => {
    scan = { done: 0, total: null, startMs: performance.now() };
    try {
      const dataset = await scanDataset(options.path, {
        signal,
        cache: options.cache,
        onProgress: ({ task, unit, done, total }) => {
          // Unpacking an archive counts its files, too, which are not all pictures.
          if (task !== 'scan' || unit !== 'images' || signal.aborted) return;
          scan.done = done;
          scan.total = total;
          tellSoon();
        },
        observer: {
          onPlaced(placed, { root, isComplete, problems }) {
            if (signal.aborted) return;
            // Of a folder that is known already, half a list would hide the rest.
            if (isComplete || previous === null) enterPlaced(placed, root, previous, problems);
            if (isComplete) {
              scan = { done: 0, total: placed.files.length, startMs: performance.now() };
              onPlaced();
            }
          },
          onExamined(file, found) {
            if (!signal.aborted) catalog?.enter(file, found);
          },
          beforeExamining: options.beforeExamining,
        },
      });
      if (signal.aborted) return;
      ({ fingerprint } = dataset);
      state = 'ready';
    } catch (cause) {
      if (signal.aborted) return;
      state = 'failed';
      error = toWire(cause);
      if (!(cause instanceof GraftError)) console.error('graft library: scan:', cause);
    }
    tell();
  };

  let placed: Promise<void> = Promise.resolve();
  let ended: Promise<void> = Promise.resolve();
  const start = (): void => {
    state = 'scanning';
    error = null;
    fingerprint = null;
    scan = { done: 0, total: null, startMs: performance.now() };
    abort = new AbortController();
    const { signal } = abort;
    const before = ended;
    const previous = catalog;
    placed = new Promise((resolve) => {
      ended = before.then(() => run(previous, signal, resolve)).finally(resolve);
    });
  };
  start();

  return {
    get summary() {
      return summarise();
    },
    get view() {
      refresh();
      return view;
    },
    get list() {
      refresh();
      return list;
    },
    get placed() {
      return placed;
    },
    get ended() {
      return ended;
    },
    arrange(next) {
      arrangement = next;
      tell();
    },
    rescan() {
      abort.abort();
      start();
      tell();
    },
    cancel() {
      if (state !== 'scanning' || isClosed) return;
      abort.abort();
      state = 'cancelled';
      tell();
    },
    async close() {
      isClosed = true;
      abort.abort();
      if (timer !== null) clearTimeout(timer);
      await ended;
    },
  };
}
