import { realpath, stat } from 'node:fs/promises';
import { GraftError } from '../../../shared/errors.js';
import type { ProgressListener } from '../../../shared/progress.js';
import { unpackArchive } from '../dataset/archive.js';
import { PICTURE_NAME, placeFiles } from '../dataset/layout.js';
import { openScanCache } from '../dataset/scan-cache.js';
import type { Dataset, DatasetImage } from '../dataset/types.js';
import { walk, type WalkEntry } from '../dataset/walk.js';

/** Stands in for a picture that no scan has looked at: a photo as web sites show them. */
const TYPICAL = { width: 640, height: 480, sizeBytes: 120_000, format: 'jpeg' } as const;

/** A data set as it is known without opening a picture. */
export interface KnownDataset {
  /** Without problems and fingerprint, which only a scan finds. */
  readonly dataset: Dataset;
  /** Paths of pictures that no scan has looked at; their hash, size and whether they can be used are guesses. */
  readonly unseen: ReadonlySet<string>;
}

async function rootOf(path: string, signal: AbortSignal, onProgress: ProgressListener): Promise<string> {
  const facts = await stat(path).catch((cause: unknown) => {
    throw new GraftError('not-found', `expected a folder or a zip archive at ${path}, but it cannot be read`, {
      cause,
    });
  });
  return facts.isDirectory() ? await realpath(path) : (await unpackArchive(path, signal, onProgress)).folder;
}

/**
 * Lists a data set's pictures by their names and by what earlier scans have found; decodes nothing.
 *
 * @throws GraftError `not-found`, `dataset-unusable`, `cancelled`; what unpacking an archive throws
 */
export async function readKnownDataset(
  path: string,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<KnownDataset> {
  const root = await rootOf(path, signal, onProgress);
  const found: WalkEntry[] = [];
  for await (const entry of walk(root, signal)) found.push(entry);
  const placed = placeFiles(path, found);
  const scans = await openScanCache(root);
  const indices = new Map(placed.classes.map((name, index) => [name, index]));
  const unseen = new Set<string>();
  const images = placed.files.flatMap(({ entry, className, split }): DatasetImage[] => {
    const shared = { path: entry.path, file: entry.file, classIndex: indices.get(className)!, split };
    const known = scans.take(entry.path);
    if (known === undefined) {
      if (!PICTURE_NAME.test(entry.path)) return [];
      unseen.add(entry.path);
      return [{ ...shared, ...TYPICAL, id: entry.path }];
    }
    if (known.problem !== null || known.id === null) return [];
    const { id, width, height, sizeBytes, format } = known;
    return [{ ...shared, id, width, height, sizeBytes, format }];
  });
  const { layout, classes } = placed;
  return { dataset: { root: path, layout, classes, images, problems: [], fingerprint: '' }, unseen };
}
