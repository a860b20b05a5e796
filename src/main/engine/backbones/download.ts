import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { open, readFile, rename, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { GraftError, messageOf, throwIfAborted } from '../../../shared/errors.js';
import { explainWriteError } from '../files.js';

/** Bytes so far, and in all where the server says it. */
export type ByteListener = (done: number, total: number | null) => void;

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ByteListener | undefined;
  /** The file's sha256 in hex, or its first digits. */
  readonly sha256: string;
  /** Wait before the second attempt; doubled for each further one. */
  readonly retryMs?: number;
}

const ATTEMPTS = 4;
/** A server that sends nothing for this long is taken for gone. */
const STALL_MS = 30_000;

/** Worth another attempt: the network or the server, not the request. */
class Interrupted extends Error {}

async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Fetches what is still missing of `part`, appending. */
async function fetchRest(url: string, part: string, options: DownloadOptions): Promise<void> {
  const { signal, onBytes } = options;
  const tagFile = `${part}.etag`;
  const tag = await readFile(tagFile, 'utf8').catch(() => null);
  // Without a tag nobody knows whether the server still has the same file.
  const have = tag === null ? 0 : await sizeOf(part);
  const stall = new AbortController();
  let timer = setTimeout(() => stall.abort(), STALL_MS);
  const signals = [stall.signal, ...(signal ? [signal] : [])];
  try {
    const headers: Record<string, string> = { 'accept-encoding': 'identity' };
    if (have > 0 && tag !== null) Object.assign(headers, { range: `bytes=${have}-`, 'if-range': tag });
    const response = await fetch(url, { headers, signal: AbortSignal.any(signals) }).catch((cause: unknown) => {
      throw new Interrupted(`${url}: ${messageOf(cause)}`, { cause });
    });
    if (response.status === 416) {
      await rm(part, { force: true });
      throw new Interrupted(`${url}: the server has no bytes after ${have}`);
    }
    if (response.status >= 500 || response.status === 429) {
      throw new Interrupted(`${url}: the server answered ${response.status}`);
    }
    if ((response.status !== 200 && response.status !== 206) || response.body === null) {
      throw new GraftError('download-failed', `expected a file at ${url}, the server answered ${response.status}`);
    }
    const isContinued = response.status === 206;
    const length = response.headers.get('content-length');
    const start = isContinued ? have : 0;
    const total = length === null ? null : start + Number(length);
    const newTag = response.headers.get('etag');
    if (newTag !== null) await writeFile(tagFile, newTag);
    else await rm(tagFile, { force: true });
    const file = await open(part, isContinued ? 'a' : 'w');
    let done = start;
    try {
      for await (const chunk of response.body) {
        clearTimeout(timer);
        timer = setTimeout(() => stall.abort(), STALL_MS);
        const bytes = chunk as Uint8Array;
        await file.write(bytes).catch((error: unknown) => {
          throw explainWriteError(error, part);
        });
        done += bytes.length;
        onBytes?.(done, total);
      }
    } catch (cause) {
      if (cause instanceof GraftError) throw cause;
      throw new Interrupted(`${url}: the connection broke after ${done} bytes`, { cause });
    } finally {
      await file.sync().finally(() => file.close());
    }
    if (total !== null && done !== total) throw new Interrupted(`${url}: expected ${total} bytes, received ${done}`);
  } finally {
    clearTimeout(timer);
  }
}

async function hashFile(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

/**
 * Downloads a file by https to `destination`, by way of `destination.part`: resumed after a break (also one of the
 * process), retried with growing pauses, checked against its hash, then renamed.
 *
 * @throws GraftError `download-failed` after the last attempt; `checksum-mismatch`, and the part is deleted; `disk-full`;
 * `cancelled`, and the part is kept
 */
export async function downloadFile(url: string, destination: string, options: DownloadOptions): Promise<void> {
  const { signal, sha256, retryMs = 1000 } = options;
  const part = `${destination}.part`;
  for (let attempt = 1; ; attempt++) {
    throwIfAborted(signal);
    try {
      await fetchRest(url, part, options);
      break;
    } catch (error) {
      throwIfAborted(signal);
      if (!(error instanceof Interrupted)) throw error;
      if (attempt === ATTEMPTS) {
        throw new GraftError(
          'download-failed',
          `${error.message}; gave up after ${ATTEMPTS} attempts. Check the connection and try again: what has arrived is kept`,
          { cause: error },
        );
      }
      await delay(retryMs * 2 ** (attempt - 1), undefined, { ...(signal ? { signal } : {}) }).catch(() => undefined);
    }
  }
  const received = await hashFile(part);
  await rm(`${part}.etag`, { force: true });
  if (!received.startsWith(sha256)) {
    await rm(part, { force: true });
    throw new GraftError(
      'checksum-mismatch',
      `expected a file with sha256 ${sha256} from ${url}, received ${received}: it was deleted; try again, or report this`,
    );
  }
  await rename(part, destination);
}
