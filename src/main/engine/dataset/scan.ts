import { createHash } from 'node:crypto';
import { realpath, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { GraftError, messageOf, throwIfAborted } from '../../../shared/errors.js';
import type { ProgressListener } from '../../../shared/progress.js';
import type { DatasetProblem } from '../../../shared/reports.js';
import { scanCacheFolder } from '../paths.js';
import { unpackArchive } from './archive.js';
import { compareCodePoints } from './code-points.js';
import { type PixelCache, readCachedJson, writeCachedJson } from './cache.js';
import { type Examination, examinationSchema, examineFile } from './examine.js';
import { checkHealth } from './health.js';
import { placeFiles, type PlacedFile } from './layout.js';
import { supportedFormats } from './decode.js';
import type { Dataset, DatasetImage } from './types.js';
import { walk, type WalkEntry } from './walk.js';

/** Files that are looked at side by side; each decode holds a whole picture. */
const CONCURRENCY = 4;

export interface ScanOptions {
  readonly signal?: AbortSignal;
  readonly onProgress?: ProgressListener;
  /** Gets the pixels of every usable picture. */
  readonly cache?: PixelCache | null;
}

type Findings = ReadonlyMap<string, Examination>;

const knownSchema = v.record(v.string(), examinationSchema);

/** What earlier scans of a folder found, by path. */
async function readKnown(name: string): Promise<Findings> {
  const value = await readCachedJson(join(scanCacheFolder(), name));
  return new Map(v.is(knownSchema, value) ? Object.entries(value) : []);
}

/**
 * Keeps what a scan found for the next one, unless it found nothing new. What could not be read is looked at again:
 * permissions change without leaving a trace in a file's time.
 */
async function writeKnown(name: string, known: Findings, found: Findings): Promise<void> {
  const kept = [...found].filter(([, { problem }]) => problem?.code !== 'unreadable');
  if (kept.length === known.size && kept.every(([path, examination]) => known.get(path) === examination)) return;
  await writeCachedJson(scanCacheFolder(), name, Object.fromEntries(kept));
}

/** Works through items side by side, at most {@link CONCURRENCY} at once. */
async function forEachConcurrently<T>(items: readonly T[], work: (item: T, index: number) => Promise<void>) {
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < items.length; index = next++) await work(items[index]!, index);
  };
  await Promise.all(Array.from({ length: CONCURRENCY }, lane));
}

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

function fingerprintOf(images: readonly DatasetImage[], classes: readonly string[]): string {
  const hash = createHash('sha256').update(JSON.stringify(classes));
  for (const { id, path, split, classIndex } of images) hash.update(JSON.stringify([path, id, split, classIndex]));
  return hash.digest('hex');
}

async function resolveRoot(path: string, signal: AbortSignal, onProgress: ProgressListener): Promise<string> {
  const facts = await stat(path).catch((cause: unknown) => {
    throw new GraftError(
      'not-found',
      `expected a folder or a zip archive at ${path}, but there is nothing that can be read`,
      { cause },
    );
  });
  if (facts.isDirectory()) return await realpath(path);
  if (/\.zip$/i.test(path)) return await unpackArchive(path, signal, onProgress);
  throw new GraftError('dataset-unusable', `expected a folder or a zip archive, received the file ${path}`);
}

/**
 * Scans a folder or a zip archive in one of ImageFolder's layouts. Every file is either a usable picture or listed with its
 * reason. A second scan looks only at what has changed.
 *
 * @throws GraftError `not-found`, `dataset-unusable`, `unsafe-file`, `unreadable-file`, `cancelled`
 */
export async function scanDataset(path: string, options: ScanOptions = {}): Promise<Dataset> {
  const { onProgress = () => undefined, cache = null } = options;
  const signal = options.signal ?? new AbortController().signal;
  const root = await resolveRoot(path, signal, onProgress);
  const found: WalkEntry[] = [];
  for await (const entry of walk(root, signal)) found.push(entry);
  const placed = placeFiles(path, found);

  const examined = await examineAll(root, placed.files, { signal, onProgress, cache });

  const problems: DatasetProblem[] = placed.stray.map(strayProblem);
  const images: DatasetImage[] = [];
  const classIndices = new Map(placed.classes.map((name, index) => [name, index]));
  placed.files.forEach((file, index) => {
    const value = examined[index]!;
    if (!isExamination(value)) problems.push(value);
    else if (value.problem !== null || value.id === null) {
      const { code, message } = value.problem ?? { code: 'unreadable', message: 'the picture cannot be read' };
      problems.push({ path: file.entry.path, code, severity: 'excluded', message });
    } else images.push(imageOf(file, value, value.id, classIndices.get(file.className)!));
  });
  images.sort((a, b) => compareCodePoints(a.path, b.path));
  if (images.length === 0) {
    const reasons = [...new Set(problems.map(({ code }) => code))].slice(0, 5).join(', ') || 'there are no files';
    throw new GraftError(
      'dataset-unusable',
      `expected pictures (${supportedFormats().join(', ')}) in ${path}, found none that can be used: ${reasons}`,
    );
  }
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

/** What is left out before what is not, then by path. */
const compareProblems = (a: DatasetProblem, b: DatasetProblem): number =>
  a.severity === b.severity ? compareCodePoints(a.path, b.path) : a.severity === 'excluded' ? -1 : 1;

/** Looks at every file, in the order given; what earlier scans of `root` found is reused. */
async function examineAll(
  root: string,
  files: readonly PlacedFile[],
  { signal, onProgress, cache }: Required<ScanOptions>,
): Promise<(Examination | DatasetProblem)[]> {
  const name = `${createHash('sha256').update(root).digest('hex')}.json`;
  const known = await readKnown(name);
  const examined = new Array<Examination | DatasetProblem>(files.length);
  const findings = new Map<string, Examination>();
  let done = 0;
  try {
    await forEachConcurrently(files, async ({ entry }, index) => {
      throwIfAborted(signal);
      const value = await examine(entry, known.get(entry.path), cache);
      examined[index] = value;
      if (isExamination(value)) findings.set(entry.path, value);
      onProgress({ task: 'scan', done: ++done, total: files.length, unit: 'images' });
    });
  } finally {
    // A scan that was cancelled goes on from here the next time.
    if (done < files.length) for (const [path, value] of known) if (!findings.has(path)) findings.set(path, value);
    await writeKnown(name, known, findings);
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
