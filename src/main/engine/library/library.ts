import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import type { Handlers, LibraryMethod, Params } from '../../../shared/contract.js';
import { GraftError, throwIfAborted } from '../../../shared/errors.js';
import type { Project } from '../../../shared/studio.js';
import { getBackbone } from '../backbones/registry.js';
import { openPixelCache, type PixelCache } from '../dataset/cache.js';
import type { Catalog } from './catalog.js';
import { findPosition, isExamined } from './image-list.js';
import { type LiveDataset, openLiveDataset } from './live-dataset.js';
import { createNewestFirst } from './newest-first.js';
import { openPixels } from './pixels.js';
import { purgeProjects } from './project-trash.js';
import { createProjects, type Emit } from './projects.js';
import { createRunStore } from './run-store.js';
import { fetchHymenoptera, makeShapes } from './samples/samples.js';
import { openThumbnails } from './thumbnails.js';

/** Pictures that are decoded at once for the user to see. */
const SHOWN_AT_ONCE = 2;
/** How long a scan lets what the user waits for go before each of its own pictures. */
const YIELD_MS = 100;

export interface Library {
  readonly handlers: Handlers<LibraryMethod>;
  /** Ends the scan, keeping what it found, and resolves when changes that were asked for are on the disk. */
  shutdown(): Promise<void>;
}

/** Rejects with `cancelled` when the signal is aborted first. */
async function orAborted(promise: Promise<void>, signal: AbortSignal): Promise<void> {
  throwIfAborted(signal);
  const ended = new AbortController();
  const aborted = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true, signal: ended.signal });
  });
  await Promise.race([promise, aborted]);
  ended.abort();
  throwIfAborted(signal);
}

/** The pixel cache that a project's training will read; null for a backbone that is not known here. */
function cacheFor({ recipe }: Project): PixelCache | null {
  try {
    return openPixelCache({ input: getBackbone(recipe.backbone.id).input });
  } catch (error) {
    if (!(error instanceof GraftError)) throw error;
    return null;
  }
}

/** A file that a problem is about, which need not be one of a class. */
function problemFile(catalog: Catalog, image: string): string | null {
  return catalog.problems.some(({ path }) => path === image) ? join(catalog.root, ...image.split('/')) : null;
}

/**
 * Binds the contract to the library's modules. The project that was open when the last process ended is opened again, and
 * its scan goes on.
 */
export function createLibrary(emit: Emit): Library {
  const warn = (message: string): void => console.error(`graft library: ${message}`);
  const runs = createRunStore();
  const queue = createNewestFirst(SHOWN_AT_ONCE);
  const thumbnails = openThumbnails(queue);
  const pixels = openPixels(queue);

  const openDataset = (project: Project): LiveDataset =>
    openLiveDataset({
      project: project.id,
      path: project.path,
      arrangement: project.recipe.data,
      cache: cacheFor(project),
      onChange: (summary) => emit('dataset.changed', { summary }),
      beforeExamining: () => {
        const idle = queue.idle();
        return idle === null ? null : Promise.race([idle, delay(YIELD_MS)]);
      },
    });
  const projects = createProjects({ emit, warn, runs, openDataset });
  const ready = projects
    .reopen()
    .catch((error: unknown) => warn(`the last project could not be opened: ${String(error)}`));
  const purge = async (): Promise<void> => {
    await runs.purgeTrash();
    await purgeProjects();
    await projects.purgeUploads();
  };
  void ready.then(purge).catch((error: unknown) => warn(`emptying the trash: ${String(error)}`));

  /** The open data set once its files are known, so that a picture is not missed because the process is young. */
  const placedDataset = async (signal: AbortSignal): Promise<LiveDataset> => {
    await ready;
    const { dataset } = projects.requireOpen();
    await orAborted(dataset.placed, signal);
    return dataset;
  };

  /** A picture by the path that pages call it by; nothing else of the path is ever used. */
  const findPicture = async (image: string, signal: AbortSignal) => {
    await ready;
    const known = projects.requireOpen().dataset.view;
    const isKnown = known?.catalog.positions.has(image) ?? false;
    const { view } = isKnown ? projects.requireOpen().dataset : await placedDataset(signal);
    if (view === null) throw new GraftError('not-found', `expected a picture of the data set, received "${image}"`);
    const position = findPosition(view, image);
    const { id, file } = view.catalog.entries[position]!;
    return { path: image, file, hash: isExamined(view, position) ? id : null };
  };

  const findFile = async (image: string, signal: AbortSignal): Promise<string> => {
    const { view } = await placedDataset(signal);
    const file = view === null ? null : problemFile(view.catalog, image);
    return file ?? (await findPicture(image, signal)).file;
  };

  const currentId = async (): Promise<string | null> => {
    await ready;
    return projects.current?.project.id ?? null;
  };

  const openSample = async ({ sample }: Params<'projects.openSample'>, context: Parameters<typeof makeShapes>[0]) => {
    const path = sample === 'shapes' ? await makeShapes(context) : await fetchHymenoptera(context);
    return await projects.open(path);
  };

  const changed = (run: string): void => emit('runs.changed', { run });

  const handlers: Handlers<LibraryMethod> = {
    'projects.list': () => projects.list(),
    'projects.current': async () => {
      await ready;
      return projects.current?.project ?? null;
    },
    'projects.open': ({ path }) => projects.open(path),
    'projects.openSample': openSample,
    'projects.close': async () => {
      await projects.close();
      return null;
    },
    'projects.remove': async ({ id }) => {
      await projects.remove(id);
      return null;
    },
    'projects.restore': ({ id }) => projects.restore(id),
    'projects.update': ({ recipe, revision }) => projects.update(recipe, revision),
    'dataset.summary': async () => {
      await ready;
      return projects.current?.dataset.summary ?? null;
    },
    'dataset.rescan': async () => {
      await ready;
      projects.requireOpen().dataset.rescan();
      return null;
    },
    'dataset.cancelScan': async () => {
      await ready;
      projects.requireOpen().dataset.cancel();
      return null;
    },
    'dataset.images': async ({ filter, offset, limit }) => {
      await ready;
      const { dataset } = projects.requireOpen();
      const page = dataset.list?.images(filter, offset, limit) ?? { total: 0, items: [] };
      return { ...page, revision: dataset.summary.revision };
    },
    'dataset.image': async ({ image }, { signal }) => {
      await findPicture(image, signal);
      const { list } = projects.requireOpen().dataset;
      if (list === null) throw new GraftError('not-found', `expected a picture of the data set, received "${image}"`);
      return list.image(image);
    },
    'dataset.problems': async ({ code, offset, limit }) => {
      await ready;
      return projects.requireOpen().dataset.list?.problems(code, offset, limit) ?? { total: 0, items: [] };
    },
    'dataset.edit': async ({ edit }, { signal }) => {
      await placedDataset(signal);
      return { undo: await projects.edit(edit) };
    },
    'dataset.file': async ({ image }, { signal }) => ({ file: await findFile(image, signal) }),
    'media.thumbnail': async ({ source, size }, { signal }) => {
      const picture =
        source.kind === 'file' ? { file: source.file, hash: null } : await findPicture(source.image, signal);
      return { file: await thumbnails.get(picture, size, signal) };
    },
    'media.pixels': async ({ image, backbone }, { signal }) => ({
      file: await pixels.get(await findPicture(image, signal), backbone, signal),
    }),
    'runs.list': async () => {
      const id = await currentId();
      return id === null ? [] : await runs.list(id);
    },
    'runs.get': ({ run }) => runs.get(run),
    'runs.reserve': async ({ name }) => {
      await ready;
      return { run: await runs.reserve(projects.requireOpen().project.id, name) };
    },
    'runs.rename': async ({ run, name }) => {
      const info = await runs.rename(run, name);
      changed(run);
      return info;
    },
    'runs.delete': async ({ run }) => {
      await runs.remove(run);
      changed(run);
      return null;
    },
    'runs.restore': async ({ run }) => {
      const info = await runs.restore(run);
      changed(run);
      return info;
    },
  };

  return {
    handlers,
    async shutdown() {
      await ready;
      await Promise.all([projects.shutdown(), runs.settled()]);
    },
  };
}
