import { GraftError, throwIfAborted } from '../../shared/errors.js';
import type { ProgressListener } from '../../shared/progress.js';
import type { SendOptions } from './host.js';

/** A file or folder that was dropped, as browsers describe it (`FileSystemEntry`). */
export interface DroppedEntry {
  readonly isFile: boolean;
  readonly isDirectory: boolean;
  readonly name: string;
  file?(take: (file: File) => void, fail: (error: unknown) => void): void;
  createReader?(): {
    readEntries(take: (entries: readonly DroppedEntry[]) => void, fail: (error: unknown) => void): void;
  };
}

/** A file of `<input webkitdirectory>` carries its place below the picked folder's parent. */
export type PickedFile = File & { readonly webkitRelativePath?: string };

/** What the user dropped or picked. */
export interface Incoming {
  readonly files: readonly PickedFile[];
  /** The same as a tree, for drops; a picked folder's files tell their place themselves. */
  readonly entries: readonly DroppedEntry[];
}

/** What an import needs of the program around the page. */
export interface ImportPort {
  pathsOf(files: readonly File[]): Promise<readonly string[] | null>;
  sendFile(upload: string, relativePath: string, file: Blob, options: SendOptions): Promise<void>;
  beginUpload(name: string): Promise<{ upload: string }>;
  finishUpload(upload: string): Promise<{ path: string }>;
}

export interface ImportOptions {
  readonly signal: AbortSignal;
  readonly onProgress: ProgressListener;
}

interface PlacedFile {
  /** With `/`, the dropped folder's own name in front. */
  readonly path: string;
  readonly file: File;
}

/** Files sent side by side. */
const LANES = 4;
const PROGRESS_INTERVAL_MS = 100;
/** What systems put into folders by themselves. */
const SYSTEM_NAMES = new Set(['thumbs.db', 'desktop.ini', '__macosx']);

const isOfSystem = (name: string): boolean => name.startsWith('.') || SYSTEM_NAMES.has(name.toLowerCase());
const isArchive = (name: string): boolean => /\.zip$/i.test(name);

const EXPECTED = 'expected one folder that holds a folder of pictures for each class, or one zip archive of the same';

/** A drop's or a drag's data, as far as it is looked at (`DataTransfer`). */
interface Dragged {
  readonly types: readonly string[];
  readonly files: ArrayLike<File>;
  readonly items: ArrayLike<{ readonly kind: string; webkitGetAsEntry(): DroppedEntry | null }>;
}

/** What was dropped. To be called in the event's own handler: the browser empties the data when it has ended. */
export function takeDrop(data: Dragged): Incoming {
  const entries = Array.from(data.items).flatMap((item) =>
    item.kind === 'file' ? (item.webkitGetAsEntry() ?? []) : [],
  );
  return { files: Array.from(data.files), entries };
}

/** Whether something is dragged that an import could take. */
export const hasFiles = (data: Pick<Dragged, 'types'> | null): boolean => data?.types.includes('Files') === true;

function readBatch(
  reader: NonNullable<ReturnType<NonNullable<DroppedEntry['createReader']>>>,
): Promise<readonly DroppedEntry[]> {
  return new Promise((resolve, reject) => reader.readEntries(resolve, reject));
}

function readFile(entry: DroppedEntry, path: string): Promise<File> {
  return new Promise((resolve, reject) => {
    const fail = (cause: unknown): void =>
      reject(new GraftError('unreadable-file', `${path}: the browser can't read it`, { cause }));
    if (entry.file === undefined) fail(null);
    else entry.file(resolve, fail);
  });
}

/** Everything below dropped folders, without what systems put there. */
async function walk(entries: readonly DroppedEntry[], { signal, onProgress }: ImportOptions): Promise<PlacedFile[]> {
  const found: PlacedFile[] = [];
  const waiting = entries.map((entry) => ({ entry, prefix: '' }));
  for (let next = waiting.pop(); next !== undefined; next = waiting.pop()) {
    throwIfAborted(signal);
    const { entry, prefix } = next;
    if (isOfSystem(entry.name)) continue;
    const path = prefix + entry.name;
    const reader = entry.createReader?.();
    if (reader !== undefined) {
      // Browsers hand out a hundred at a time; none means that there are no more.
      for (let batch = await readBatch(reader); batch.length > 0; batch = await readBatch(reader)) {
        for (const child of batch) waiting.push({ entry: child, prefix: `${path}/` });
      }
    } else {
      found.push({ path, file: await readFile(entry, path) });
      if (found.length % 50 === 0) {
        onProgress({
          task: 'upload',
          done: found.length,
          total: null,
          unit: 'files',
          label: 'Looking through the folder',
        });
      }
    }
  }
  return found;
}

/** Files of `<input webkitdirectory>`, which carry their place. */
function placePicked(files: readonly PickedFile[]): PlacedFile[] {
  return files
    .map((file) => ({ path: file.webkitRelativePath || file.name, file }))
    .filter(({ path }) => !path.split('/').some(isOfSystem));
}

/** What to send and under which name; refuses what can't be a data set before a byte has been sent. */
async function prepare(
  { files, entries }: Incoming,
  options: ImportOptions,
): Promise<{ name: string; placed: PlacedFile[] }> {
  const folders = entries.filter(({ isDirectory }) => isDirectory);
  const placed = entries.length > 0 ? await walk(entries, options) : placePicked(files);
  const [first] = placed;
  if (first === undefined) throw new GraftError('dataset-unusable', `${EXPECTED}; there are no files in what came`);
  if (placed.length === 1 && isArchive(first.path))
    return { name: first.file.name.replace(/\.zip$/i, '') || 'Pictures', placed };
  const loose = placed.filter(({ path }) => !path.includes('/'));
  if (loose.length === placed.length) {
    const came = placed.length === 1 ? `the file ${first.path}` : `${placed.length} files without a folder`;
    throw new GraftError('dataset-unusable', `${EXPECTED}; received ${came}`);
  }
  const tops = new Set(placed.map(({ path }) => path.split('/')[0]));
  const name = folders.length > 1 || tops.size > 1 ? 'Pictures' : (first.path.split('/')[0] ?? 'Pictures');
  return { name, placed };
}

/** Sends files side by side and says how many bytes have gone. */
async function sendAll(
  port: ImportPort,
  upload: string,
  placed: readonly PlacedFile[],
  { signal, onProgress }: ImportOptions,
): Promise<void> {
  const total = placed.reduce((sum, { file }) => sum + file.size, 0);
  const own = new AbortController();
  const abort = (): void => own.abort();
  signal.addEventListener('abort', abort, { once: true });
  let finished = 0;
  let done = 0;
  let toldAtMs = 0;
  const partial = new Map<number, number>();
  const tell = (): void => {
    const nowMs = performance.now();
    if (nowMs - toldAtMs < PROGRESS_INTERVAL_MS && done < placed.length) return;
    toldAtMs = nowMs;
    const bytes = finished + [...partial.values()].reduce((sum, sent) => sum + sent, 0);
    onProgress({
      task: 'upload',
      done: Math.min(bytes, total),
      total,
      unit: 'bytes',
      label: `${done} of ${placed.length} files`,
    });
  };
  let next = 0;
  const lane = async (): Promise<void> => {
    for (let index = next++; index < placed.length; index = next++) {
      const { path, file } = placed[index]!;
      throwIfAborted(own.signal);
      await port.sendFile(upload, path, file, {
        signal: own.signal,
        onBytes: (sent) => {
          partial.set(index, Math.min(sent, file.size));
          tell();
        },
      });
      partial.delete(index);
      finished += file.size;
      done++;
      tell();
    }
  };
  try {
    await Promise.all(Array.from({ length: LANES }, lane));
  } catch (error) {
    own.abort();
    throw error;
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/**
 * Turns what was dropped or picked into a path that a project can be opened from: where it lies, in hosts that can tell;
 * else a copy that is sent to Graft.
 *
 * @throws GraftError `dataset-unusable` for what can't be a data set, `cancelled`, and what the host refuses files with
 */
export async function importPictures(incoming: Incoming, port: ImportPort, options: ImportOptions): Promise<string> {
  const paths = await port.pathsOf(incoming.files);
  if (paths !== null) {
    const [path] = paths;
    if (path === undefined) throw new GraftError('dataset-unusable', `${EXPECTED}; what came lies on no disk`);
    if (paths.length > 1) throw new GraftError('dataset-unusable', `${EXPECTED}; received ${paths.length} of them`);
    return path;
  }
  const { name, placed } = await prepare(incoming, options);
  const { upload } = await port.beginUpload(name);
  await sendAll(port, upload, placed, options);
  throwIfAborted(options.signal);
  return (await port.finishUpload(upload)).path;
}
