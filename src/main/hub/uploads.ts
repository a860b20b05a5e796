import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { type Readable, Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { GraftError, messageOf } from '../../shared/errors.js';
import { type NamePlaces, createNamePlaces, pathParts, safeName } from '../common/names.js';
import { renameWithRetry } from '../common/rename.js';

export interface UploadLimits {
  readonly maxFiles: number;
  /** Of all files of one upload together. */
  readonly maxBytes: number;
  /** Uploads that were begun and not finished. */
  readonly maxOpen: number;
}

export const UPLOAD_LIMITS: UploadLimits = { maxFiles: 200_000, maxBytes: 50e9, maxOpen: 16 };

/** A folder of an unfinished upload that nobody has touched for so long is of a page or a host that has gone. */
const ABANDONED_MS = 24 * 3600_000;
const UNFINISHED = '.part';
/** An open upload that nothing comes for so long is of a page that has gone, or whose user has cancelled it. */
const LEFT_MS = 5 * 60_000;

/** Files that pages send, because their browser doesn't tell where they lie. */
export interface Uploads {
  /** @throws GraftError `invalid-value`, `engine-busy` with too many uploads open */
  begin(name: string): Promise<{ upload: string }>;
  /**
   * Writes one file of an upload; a second one of the same name takes its place.
   *
   * @param path inside the upload, with `/`
   * @throws GraftError `not-found`, `unsafe-file`, `invalid-value`, `disk-full`, `unreadable-file`
   */
  receive(upload: string, path: string, data: Readable): Promise<void>;
  /**
   * @returns the one file that was sent, else the folder
   * @throws GraftError `not-found`, `invalid-value` when nothing was sent or a file is still on its way
   */
  finish(upload: string): Promise<{ path: string }>;
  /** Removes what hosts have left that did not come to their ends. */
  tidy(): Promise<void>;
  /** Gives up what was begun and not finished: nobody can finish it any more. */
  close(): Promise<void>;
}

interface OpenUpload {
  readonly name: string;
  readonly places: NamePlaces;
  files: number;
  bytes: number;
  receiving: number;
  touchedMs: number;
}

function explainWrite(path: string, error: unknown): unknown {
  if (error instanceof GraftError || !(error instanceof Error) || !('code' in error)) return error;
  if (error.code === 'ENOSPC' || error.code === 'EDQUOT') {
    return new GraftError('disk-full', `no room left on the disk for ${path}: free some and upload again`, {
      cause: error,
    });
  }
  if (error.code === 'ERR_STREAM_PREMATURE_CLOSE' || error.code === 'ECONNRESET') {
    return new GraftError('cancelled', `the upload of ${path} was broken off`, { cause: error });
  }
  return new GraftError('unreadable-file', `${path} can't be written: ${messageOf(error)}`, { cause: error });
}

/** The one entry of a folder, or null where there are more. */
async function onlyEntry(folder: string): Promise<string | null> {
  const [first, second] = await readdir(folder);
  if (first === undefined || second !== undefined) return null;
  return join(folder, first);
}

/** Removes what interrupted uploads have left. */
async function sweep(folder: string): Promise<void> {
  for (const name of await readdir(folder).catch(() => [])) {
    if (!name.endsWith(UNFINISHED)) continue;
    const path = join(folder, name);
    const touched = await stat(path).catch(() => null);
    if (touched !== null && Date.now() - touched.mtimeMs > ABANDONED_MS)
      await rm(path, { recursive: true, force: true });
  }
}

/**
 * @param folder where uploads are kept, each below a folder of its own; made when the first begins
 * @param nowMs a monotonic clock
 */
export function createUploads(
  folder: string,
  limits: UploadLimits = UPLOAD_LIMITS,
  nowMs = (): number => performance.now(),
): Uploads {
  const open = new Map<string, OpenUpload>();

  const find = (id: string): OpenUpload => {
    const upload = open.get(id);
    if (upload === undefined)
      throw new GraftError('not-found', `there is no open upload ${JSON.stringify(id)}: begin one first`);
    return upload;
  };
  const rootOf = (id: string, { name }: OpenUpload): string => join(folder, `${id}${UNFINISHED}`, name);

  const drop = (id: string): Promise<void> =>
    rm(join(folder, `${id}${UNFINISHED}`), { recursive: true, force: true, maxRetries: 2 });

  /** Gives up what was begun and left. */
  const dropLeft = async (): Promise<void> => {
    for (const [id, { receiving, touchedMs }] of open) {
      if (receiving > 0 || nowMs() - touchedMs < LEFT_MS) continue;
      open.delete(id);
      await drop(id);
    }
  };

  /** Counts as the bytes come, so that a file that is too large is broken off early. */
  const counting = (upload: OpenUpload): Transform & { own: number } => {
    const counter = Object.assign(
      new Transform({
        transform(chunk: Buffer, _, done) {
          counter.own += chunk.length;
          upload.bytes += chunk.length;
          if (upload.bytes > limits.maxBytes) {
            done(
              new GraftError('invalid-value', `expected at most ${limits.maxBytes} bytes in one upload, received more`),
            );
          } else done(null, chunk);
        },
      }),
      { own: 0 },
    );
    return counter;
  };

  return {
    async begin(name) {
      const safe = safeName(name.replace(/^\.+/, ''));
      // Its failure leaves files behind, which the next sweep comes to.
      await dropLeft().catch(() => undefined);
      if (open.size >= limits.maxOpen) {
        throw new GraftError(
          'engine-busy',
          `expected at most ${limits.maxOpen} uploads at once: wait until one has ended; one that was broken off counts for five minutes`,
        );
      }
      const id = randomBytes(12).toString('hex');
      const upload: OpenUpload = {
        ...{ name: safe, places: createNamePlaces() },
        ...{ files: 0, bytes: 0, receiving: 0, touchedMs: nowMs() },
      };
      open.set(id, upload);
      try {
        await sweep(folder);
        await mkdir(rootOf(id, upload), { recursive: true });
      } catch (error) {
        open.delete(id);
        throw explainWrite(folder, error);
      }
      return { upload: id };
    },

    async receive(id, path, data) {
      const upload = find(id);
      // The same place when it is sent again, and another than any other file's.
      const target = join(rootOf(id, upload), ...upload.places.file(pathParts(path), 'same'));
      if (upload.files >= limits.maxFiles) {
        throw new GraftError('invalid-value', `expected at most ${limits.maxFiles} files in one upload`);
      }
      upload.files++;
      upload.receiving++;
      // Beside the files rather than among them: what is half there must never be read.
      const partial = join(folder, `${id}${UNFINISHED}`, `.${randomBytes(8).toString('hex')}`);
      const counter = counting(upload);
      try {
        await mkdir(dirname(target), { recursive: true });
        await pipeline(data, counter, createWriteStream(partial, { flags: 'wx' }));
        await renameWithRetry(partial, target);
      } catch (error) {
        upload.files--;
        upload.bytes -= counter.own;
        await rm(partial, { force: true });
        throw explainWrite(path, error);
      } finally {
        upload.receiving--;
        upload.touchedMs = nowMs();
      }
    },

    async finish(id) {
      const upload = find(id);
      if (upload.receiving > 0) {
        throw new GraftError(
          'invalid-value',
          `expected an upload whose files have all come, ${upload.receiving} are on their way`,
        );
      }
      open.delete(id);
      const unfinished = join(folder, `${id}${UNFINISHED}`);
      if (upload.files === 0) {
        await rm(unfinished, { recursive: true, force: true });
        throw new GraftError('invalid-value', 'expected at least one file in the upload, received none');
      }
      const finished = join(folder, id);
      await renameWithRetry(unfinished, finished).catch((error: unknown) => {
        // What has come is still there: it can be finished once more.
        open.set(id, upload);
        throw explainWrite(finished, error);
      });
      const root = join(finished, upload.name);
      // A picked folder's files are named with the folder in front.
      const only = await onlyEntry(root);
      return { path: only ?? root };
    },

    tidy: () => sweep(folder),

    async close() {
      const left = [...open.keys()];
      open.clear();
      for (const id of left) await drop(id).catch(() => undefined);
    },
  };
}
