import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { mkdir, open, readdir, readFile, rm, stat, statfs, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GraftError, throwIfAborted } from '../../shared/errors.js';
import { breakLock } from '../common/break-lock.js';
import { isStillRunning, ownProcess } from '../common/processes.js';
import { BUSY_ATTEMPTS, isBusy, renameWithRetry } from '../common/rename.js';
import { systemCode } from '../common/system-code.js';

/** Turns "no space left" into a {@link GraftError}; other errors pass through. */
export function explainWriteError(error: unknown, path: string): unknown {
  const code = systemCode(error);
  if (code === 'ENOSPC' || code === 'EDQUOT') {
    return new GraftError(
      'disk-full',
      `expected room to write ${path}, but the disk is full: free some space and try again`,
      { cause: error },
    );
  }
  return error;
}

/**
 * Writes a file so that it is there whole or not at all: temporary name beside it, sync, rename, sync of the folder.
 *
 * @param data the whole, or its parts in order
 * @throws GraftError `disk-full`
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string | Iterable<Uint8Array>): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx');
    try {
      await writeFile(file, data);
      await file.sync();
    } finally {
      await file.close();
    }
    await renameWithRetry(temporary, path);
    if (process.platform !== 'win32') {
      const folder = await open(dirname(path));
      // Some network file systems refuse to sync a folder; the file is in place all the same.
      await folder.sync().catch(() => undefined);
      await folder.close();
    }
  } catch (error) {
    await rm(temporary, { force: true });
    throw explainWriteError(error, path);
  }
}

/** Writes JSON by {@link writeFileAtomic}. */
export async function writeJsonAtomic(path: string, value: unknown): Promise<void> {
  await writeFileAtomic(path, `${JSON.stringify(value, null, 2)}\n`);
}

/** sha256 of a file in hex, without holding it in memory. */
export async function sha256OfFile(
  path: string,
  options: { readonly signal?: AbortSignal; readonly onBytes?: (done: number) => void } = {},
): Promise<string> {
  const hash = createHash('sha256');
  let done = 0;
  for await (const chunk of createReadStream(path, { highWaterMark: 1 << 20 })) {
    throwIfAborted(options.signal);
    const bytes = chunk as Buffer;
    hash.update(bytes);
    done += bytes.length;
    options.onBytes?.(done);
  }
  return hash.digest('hex');
}

/** Whether nothing would be overwritten by writing into a folder. */
export async function isEmptyOrMissing(folder: string): Promise<boolean> {
  try {
    return (await readdir(folder)).length === 0;
  } catch (error) {
    if (systemCode(error) === 'ENOENT') return true;
    throw error;
  }
}

const LOCK_POLL_MS = 200;
/** A lock's time is renewed this often while it is held. */
const LOCK_RENEW_MS = 2000;
/** One that was not renewed for so long is broken when its process is gone … */
const LOCK_STALE_MS = 15_000;
/** … and for so long also when a process has its number: numbers are given again. */
const LOCK_DEAD_MS = 600_000;

/** Whether a lock's holder has left it behind. */
async function isLeftBehind(path: string): Promise<boolean> {
  const held = await readFile(path, 'utf8').catch(() => null);
  const facts = await stat(path).catch(() => null);
  if (held === null || facts === null) return false;
  const ageMs = Date.now() - facts.mtimeMs;
  if (ageMs < LOCK_STALE_MS) return false;
  if (ageMs >= LOCK_DEAD_MS) return true;
  const [holder = '', start = ''] = held.split('\n');
  return (await isStillRunning({ pid: Number.parseInt(holder, 10), start: start === '' ? null : start })) === false;
}

async function breakLeftBehind(path: string): Promise<void> {
  if (!(await isLeftBehind(path))) return;
  try {
    await breakLock(path, () => isLeftBehind(path));
  } catch (error) {
    if (!isBusy(error)) throw explainWriteError(error, path);
  }
}

/**
 * Runs `work` while no other process of the user's runs under the same lock file.
 *
 * @param path the lock file; its folder is made
 */
export async function withFileLock<T>(
  path: string,
  work: () => Promise<T>,
  options: { readonly signal?: AbortSignal } = {},
): Promise<T> {
  await mkdir(dirname(path), { recursive: true });
  const { pid, start } = await ownProcess();
  const token = `${pid} ${randomUUID()}\n${start ?? ''}`;
  let busyCount = 0;
  for (;;) {
    throwIfAborted(options.signal);
    try {
      await writeFile(path, token, { flag: 'wx' });
      break;
    } catch (error) {
      // Windows calls a file busy while the last holder's is on its way out, and a folder that nobody may write to as well.
      const isHeld = systemCode(error) === 'EEXIST' || (isBusy(error) && ++busyCount < BUSY_ATTEMPTS);
      if (!isHeld) {
        const explained = explainWriteError(error, path);
        // On a full disk the file may have been made, only not filled.
        if (explained instanceof GraftError) await rm(path, { force: true });
        throw explained;
      }
      await breakLeftBehind(path);
      await delay(LOCK_POLL_MS);
    }
  }
  // The time alone: rewriting the file might bring it back after it was let go.
  const renew = (): void => void utimes(path, new Date(), new Date()).catch(() => undefined);
  const renewal = setInterval(renew, LOCK_RENEW_MS);
  renewal.unref();
  try {
    return await work();
  } finally {
    clearInterval(renewal);
    const holder = await readFile(path, 'utf8').catch(() => '');
    if (holder === token) await rm(path, { force: true });
  }
}

/** Makes a fresh folder for files in the making, beside where they will go. */
export async function makeTemporaryFolder(parent: string): Promise<string> {
  const folder = join(parent, `.tmp-${randomUUID()}`);
  await mkdir(folder, { recursive: true });
  return folder;
}

/** Bytes that may still be written on the disk of a folder; null where the system does not say. */
export async function freeBytes(folder: string): Promise<number | null> {
  return await statfs(folder).then(
    ({ bavail, bsize }) => bavail * bsize,
    () => null,
  );
}
