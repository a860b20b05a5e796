import type { IncomingMessage } from 'node:http';
import { open, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as delay } from 'node:timers/promises';
import { GraftError, invariant, messageOf, throwIfAborted } from '../../../shared/errors.js';
import { renameWithRetry } from '../../common/rename.js';
import { explainWriteError, sha256OfFile } from '../files.js';
import { httpGet } from './http-get.js';

/** Bytes so far, and in all where the server says it. */
export type ByteListener = (done: number, total: number | null) => void;

export interface DownloadOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ByteListener | undefined;
  /** The file's sha256 in hex, or its first digits, eight at least. */
  readonly sha256: string;
  /** Wait before the second attempt; doubled for each further one. */
  readonly retryMs?: number;
  /** A server that sends nothing for this long is taken for gone. */
  readonly stallMs?: number;
}

const ATTEMPTS = 4;
const RETRY_MS = 1000;
const STALL_MS = 30_000;
/** Answers that may be another one a moment later. */
const PASSING_STATUSES = new Set([408, 425, 429, 500, 502, 503, 504]);

/** Worth another attempt: the network or the server, not the request. */
class Interrupted extends Error {}

async function sizeOf(path: string): Promise<number> {
  return await stat(path).then(
    ({ size }) => size,
    () => 0,
  );
}

/** Where the bytes of an answer belong in the file, and how long the whole file is. */
function placeOf(response: IncomingMessage, have: number, url: string): { start: number; total: number | null } {
  const { headers, statusCode: status } = response;
  const encoding = headers['content-encoding'] ?? 'identity';
  if ((status !== 200 && status !== 206) || encoding !== 'identity') {
    throw new GraftError(
      'download-failed',
      `expected a file at ${url}, the server answered ${status}${encoding === 'identity' ? '' : ` in ${encoding}`}`,
    );
  }
  const length = headers['content-length'];
  if (status === 200) return { start: 0, total: length === undefined ? null : Number(length) };
  const [, start, whole] = /^bytes (\d+)-\d+\/(\d+|\*)$/.exec(headers['content-range'] ?? '') ?? [];
  if (Number(start) !== have) {
    throw new Interrupted(`${url}: expected the bytes from ${have} on, received "${headers['content-range']}"`);
  }
  return { start: have, total: whole === '*' ? null : Number(whole) };
}

/** Fetches what is still missing of `part`, appending. */
async function fetchRest(url: string, part: string, options: DownloadOptions): Promise<void> {
  const { signal, onBytes, stallMs = STALL_MS } = options;
  const tagFile = `${part}.etag`;
  const tag = await readFile(tagFile, 'utf8').catch(() => null);
  // Without a tag nobody knows whether the server still has the same file.
  const have = tag === null ? 0 : await sizeOf(part);
  const stall = new AbortController();
  let timer = setTimeout(() => stall.abort(), stallMs);
  const either = AbortSignal.any([stall.signal, ...(signal ? [signal] : [])]);
  let response: IncomingMessage | null = null;
  try {
    const headers: Record<string, string> = { 'accept-encoding': 'identity', 'user-agent': 'graft' };
    if (have > 0 && tag !== null) Object.assign(headers, { range: `bytes=${have}-`, 'if-range': tag });
    response = await httpGet(url, headers, either).catch((cause: unknown) => {
      if (cause instanceof GraftError) throw cause;
      const reason = stall.signal.aborted ? 'the server does not answer' : messageOf(cause);
      throw new Interrupted(`${url}: ${reason}`, { cause });
    });
    const { statusCode: status } = response;
    if (status === 416) {
      // The process may have ended between the last byte and the check of the hash.
      if (response.headers['content-range'] === `bytes */${have}`) return;
      await rm(part, { force: true });
      throw new Interrupted(`${url}: the server has no bytes after ${have}`);
    }
    if (PASSING_STATUSES.has(status ?? 0)) throw new Interrupted(`${url}: the server answered ${status}`);
    const { start, total } = placeOf(response, have, url);
    const newTag = response.headers.etag;
    // A weak tag promises the same meaning, not the same bytes.
    if (newTag !== undefined && !newTag.startsWith('W/')) await writeFile(tagFile, newTag);
    else await rm(tagFile, { force: true });
    let done = start;
    const file = await open(part, start > 0 ? 'a' : 'w');
    try {
      onBytes?.(done, total);
      const chunks = response[Symbol.asyncIterator]() as AsyncIterator<Buffer, unknown>;
      for (;;) {
        const chunk = await chunks.next().catch((cause: unknown) => {
          throw new Interrupted(`${url}: the connection broke after ${done} bytes`, { cause });
        });
        if (chunk.done === true) break;
        clearTimeout(timer);
        timer = setTimeout(() => stall.abort(), stallMs);
        await file.writeFile(chunk.value);
        done += chunk.value.length;
        onBytes?.(done, total);
      }
      await file.sync();
    } finally {
      await file.close();
    }
    if (total !== null && done !== total) throw new Interrupted(`${url}: expected ${total} bytes, received ${done}`);
  } finally {
    clearTimeout(timer);
    response?.destroy();
  }
}

/**
 * Downloads a file to `destination`, by way of `destination.part`: resumed after a break (also one of the process), retried
 * with growing pauses, checked against its hash, then renamed. What is there already with the right hash is left alone.
 *
 * @throws GraftError `download-failed` when the server refuses or after the last attempt; `checksum-mismatch`, and the part
 * is deleted; `disk-full`; `cancelled`, and the part is kept
 */
export async function downloadFile(url: string, destination: string, options: DownloadOptions): Promise<void> {
  const { signal, sha256, retryMs = RETRY_MS } = options;
  invariant(/^[0-9a-f]{8,64}$/.test(sha256), 'a download is checked against eight digits of its hash at least');
  const hashing = signal ? { signal } : {};
  if ((await sizeOf(destination)) > 0 && (await sha256OfFile(destination, hashing)).startsWith(sha256)) return;
  const part = `${destination}.part`;
  for (let attempt = 1; ; attempt++) {
    throwIfAborted(signal);
    try {
      await fetchRest(url, part, options);
      break;
    } catch (error) {
      throwIfAborted(signal);
      if (!(error instanceof Interrupted)) throw explainWriteError(error, part);
      if (attempt === ATTEMPTS) {
        throw new GraftError(
          'download-failed',
          `${error.message}; gave up after ${ATTEMPTS} attempts. Check the connection (and HTTPS_PROXY, behind a proxy) and try again: what has arrived is kept`,
          { cause: error },
        );
      }
      await delay(retryMs * 2 ** (attempt - 1), undefined, hashing).catch(() => undefined);
    }
  }
  const received = await sha256OfFile(part, hashing);
  await rm(`${part}.etag`, { force: true });
  if (!received.startsWith(sha256)) {
    await rm(part, { force: true });
    throw new GraftError(
      'checksum-mismatch',
      `expected a file with sha256 ${sha256} from ${url}, received ${received}: it was deleted; try again, or report this`,
    );
  }
  await renameWithRetry(part, destination);
}
