import { createHash } from 'node:crypto';
import { readdir, realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GraftError, messageOf, throwIfAborted } from '../../../shared/errors.js';
import type { ProgressListener } from '../../../shared/progress.js';
import type { DatasetProblem } from '../../../shared/reports.js';
import { type Renamed, unpackArchive } from './archive.js';
import { compareCodePoints } from './code-points.js';
import type { PixelCache } from './cache.js';
import { type Examination, examineFile } from './examine.js';
import { checkHealth } from './health.js';
import { placeFiles, type PlacedFile, type PlacedFolder } from './layout.js';
import { openScanCache } from './scan-cache.js';
import { nothingUsable } from './nothing-usable.js';
import type { Dataset, DatasetImage } from './types.js';
import { isSystemFile, walk, type WalkEntry } from './walk.js';

/** Files that are looked at side by side; each decode holds a whole picture. */
const CONCURRENCY = 4;

/** Follows a scan while it runs. */
export interface ScanObserver {
  /**
   * What has been found so far; called a few times a second while folders are listed, and once more when all are.
   *
   * @param at.root the real folder that paths are relative to: of an archive, the one that it was unpacked into
   * @param at.problems what is to be said before any file was looked at
   */
  onPlaced(
    placed: PlacedFolder,
    at: { readonly root: string; readonly isComplete: boolean; readonly problems: readonly DatasetProblem[] },
  ): void;
  /** A file was looked at; only after all were placed. */
  onExamined(file: PlacedFile, found: DatasetImage | DatasetProblem): void;
  /** Awaited before each look at a file: more urgent work goes first. */
  beforeExamining(): Promise<void> | null;
}

export interface ScanOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
  /** Gets the pixels of every usable picture. */
  readonly cache?: PixelCache | null;
  readonly observer?: ScanObserver | null;
}

/** Works through items side by side, at most {@link CONCURRENCY} at once. */
async function forEachConcurrently<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>) {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) await work(items[index]!, index);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
}

/** Why what lies outside every class, or is no file, is left out. */
function strayProblem(entry: WalkEntry): DatasetProblem {
  const messages: Readonly<Record<WalkEntry['kind'], readonly [code: string, message: string]>> = {
    symlink: ['symlink', 'a symbolic link, which is not followed: copy the file here to use it'],
    unreadable: ['unreadable', 'this folder cannot be read: check its permissions'],
    hidden: ['hidden', 'hidden, as its name begins with a dot: rename it to use it'],
    other: ['not-an-image', 'neither a file nor a folder'],
    file: ['outside-classes', 'it lies outside the class folders, so it has no class'],
    folder: ['outside-classes', 'it lies outside the class folders'],
  };
  const [code, message] = messages[entry.kind];
  return { path: entry.path, code, severity: 'excluded', message };
}

/** What an archive's file or folder is called now. */
function renamedProblem({ path, was, kind }: Renamed): DatasetProblem {
  const message = `called ${JSON.stringify(was)} in the archive; another name, so that it can lie beside the others on every computer`;
  return { path, code: kind === 'file' ? 'renamed' : 'renamed-folder', severity: 'warning', message };
}

function fingerprintOf(images: readonly DatasetImage[], classes: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(classes));
  for (const { id, path, split, classIndex } of images) hash.update(JSON.stringify([path, id, split, classIndex]));
  return hash.digest('hex');
}

/** Where the files lie, and what is to be said of how they came there. */
interface Root {
  readonly folder: string;
  readonly renamed: readonly Renamed[];
}

async function resolveRoot(path: string, signal: AbortSignal, onProgress: ProgressListener): Promise<Root> {
  const facts = await stat(path).catch((cause: unknown) => {
    throw new GraftError(
      'not-found',
      `expected a folder or a zip archive at ${path}, but there is nothing that can be read`,
      { cause },
    );
  });
  if (facts.isDirectory()) return { folder: await realpath(path), renamed: [] };
  if (/\.zip$/i.test(path)) return await unpackArchive(path, signal, onProgress);
  throw new GraftError('dataset-unusable', `expected a folder or a zip archive, received the file ${path}`);
}

/** The first look at what a walk has found comes soon; the next ones leave the walk most of the time. */
const FIRST_LOOK_MS = 100;
const LOOK_MS = 250;
const LOOK_COST_FACTOR = 5;

/** Lists a folder and sorts what is in it into classes and splits; `observer` sees it grow. */
async function placeAll(
  path: string,
  { folder: root, renamed }: Root,
  signal: AbortSignal,
  observer: ScanObserver | null,
): Promise<{ placed: PlacedFolder; problems: readonly DatasetProblem[] }> {
  const problemsOf = ({ stray }: PlacedFolder) => [...renamed.map(renamedProblem), ...stray.map(strayProblem)];
  const found: WalkEntry[] = [];
  // Known from the start, so that the layout does not change with every folder that the walk comes to.
  const top: WalkEntry[] = [];
  if (observer !== null) {
    for (const entry of await readdir(root, { withFileTypes: true }).catch(() => [])) {
      const isShown = entry.isDirectory() && !entry.name.startsWith('.') && !isSystemFile(entry.name);
      if (isShown) top.push({ path: entry.name, file: join(root, entry.name), kind: 'folder' });
    }
  }
  let lookMs = performance.now() + FIRST_LOOK_MS;
  for await (const entry of walk(root, signal)) {
    found.push(entry);
    if (observer === null || found.length % 256 !== 0 || performance.now() < lookMs) continue;
    const startMs = performance.now();
    try {
      const placed = placeFiles(path, [...top, ...found]);
      observer.onPlaced(placed, { root, isComplete: false, problems: problemsOf(placed) });
    } catch (error) {
      // So far nothing may lie in a class; the last look decides.
      if (!(error instanceof GraftError)) throw error;
    }
    const endMs = performance.now();
    lookMs = endMs + Math.max(LOOK_MS, LOOK_COST_FACTOR * (endMs - startMs));
  }
  const placed = placeFiles(path, found);
  const problems = problemsOf(placed);
  observer?.onPlaced(placed, { root, isComplete: true, problems });
  return { placed, problems };
}

/** What a look at a placed file comes to: a usable picture, or why it is none. */
function judge(
  file: PlacedFile,
  found: Examination | DatasetProblem,
  classIndex: number,
): DatasetImage | DatasetProblem {
  if (!isExamination(found)) return found;
  if (found.problem === null && found.id !== null) return imageOf(file, found, found.id, classIndex);
  const { code, message } = found.problem ?? { code: 'unreadable', message: 'the picture cannot be read' };
  return { path: file.entry.path, code, severity: 'excluded', message };
}

/**
 * Scans a folder or a zip archive in one of ImageFolder's layouts. Every file is either a usable picture or listed with its
 * reason. A second scan looks only at what has changed.
 *
 * @throws GraftError `not-found`, `dataset-unusable`, `unsafe-file`, `unreadable-file`, `cancelled`
 */
export async function scanDataset(path: string, options: ScanOptions = {}): Promise<Dataset> {
  const { onProgress = () => undefined, cache = null, observer = null } = options;
  const signal = options.signal ?? new AbortController().signal;
  const root = await resolveRoot(path, signal, onProgress);
  const { placed, problems: found } = await placeAll(path, root, signal, observer);
  const examined = await examineAll(root.folder, placed, { signal, onProgress, cache, observer });

  const problems: DatasetProblem[] = [...found];
  const images: DatasetImage[] = [];
  for (const one of examined) {
    if (isImage(one)) images.push(one);
    else problems.push(one);
  }
  images.sort((a, b) => compareCodePoints(a.path, b.path));
  if (images.length === 0) throw nothingUsable(path, placed.classes, problems);
  return {
    root: path,
    layout: placed.layout,
    classes: placed.classes,
    images,
    problems: [...problems, ...checkHealth(images, placed.classes)].sort(compareProblems),
    fingerprint: fingerprintOf(images, placed.classes),
  };
}

const isExamination = (value: Examination | DatasetProblem): value is Examination => 'sizeBytes' in value;

/** Whether a look at a file found a usable picture. */
export const isImage = (value: DatasetImage | DatasetProblem): value is DatasetImage => 'classIndex' in value;

/** What is left out before what is not, then by path. */
export const compareProblems = (a: DatasetProblem, b: DatasetProblem): number =>
  a.severity === b.severity ? compareCodePoints(a.path, b.path) : a.severity === 'excluded' ? -1 : 1;

/** Looks at every file, in the order given; what earlier scans of `root` found is reused. */
async function examineAll(
  root: string,
  { files, classes }: PlacedFolder,
  { signal, onProgress, cache, observer }: Required<ScanOptions>,
): Promise<(DatasetImage | DatasetProblem)[]> {
  const scans = await openScanCache(root);
  const classIndices = new Map(classes.map((name, index) => [name, index]));
  const examined = new Array<DatasetImage | DatasetProblem>(files.length);
  let done = 0;
  try {
    await forEachConcurrently(files, async (file, index) => {
      throwIfAborted(signal);
      await observer?.beforeExamining();
      const before = scans.take(file.entry.path);
      const found = await examine(file.entry, before, cache);
      if (isExamination(found)) scans.keep(file.entry.path, found, before);
      const value = judge(file, found, classIndices.get(file.className)!);
      examined[index] = value;
      observer?.onExamined(file, value);
      onProgress({ task: 'scan', done: ++done, total: files.length, unit: 'images' });
    });
  } finally {
    // A scan that was cancelled goes on from here the next time.
    await scans.close(done === files.length ? files.map(({ entry }) => entry.path) : null);
  }
  return examined;
}

async function examine(
  entry: WalkEntry,
  known: Examination | undefined,
  cache: PixelCache | null,
): Promise<Examination | DatasetProblem> {
  if (entry.kind !== 'file') return strayProblem(entry);
  try {
    return await examineFile(entry.file, known, cache);
  } catch (error) {
    return { path: entry.path, code: 'unreadable', severity: 'excluded', message: messageOf(error) };
  }
}

function imageOf(file: PlacedFile, found: Examination, id: string, classIndex: number): DatasetImage {
  const { width, height, format, sizeBytes } = found;
  const { entry, split } = file;
  return {
    id,
    path: entry.path,
    file: entry.file,
    classIndex,
    split,
    width,
    height,
    sizeBytes,
    format,
  };
}
