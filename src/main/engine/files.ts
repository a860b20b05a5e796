import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { link, mkdir, open, readdir, readFile, rename, rm, stat, statfs, utimes, writeFile } from 'node:fs/promises';
import { dirname, isAbsolute, join, relative } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { GraftError, throwIfAborted } from '../../shared/errors.js';

/** The code of a system error, or null. */
export function systemCode(error: unknown): string | null {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : null;
}

/** Windows refuses a rename while a virus scanner looks at the file; it lets go within seconds. */
const RENAME_ATTEMPTS = 20;
const BUSY_CODES = new Set(['EPERM', 'EACCES', 'EBUSY']);

const isBusy = (error: unknown): boolean => process.platform === 'win32' && BUSY_CODES.has(systemCode(error) ?? '');

/** Renames a file, with patience where another program holds it for a moment. */
export async function renameWithRetry(from: string, to: string): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      await rename(from, to);
      return;
    } catch (error) {
      if (!isBusy(error) || attempt === RENAME_ATTEMPTS) throw error;
      await delay(50 * attempt);
    }
  }
}

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
 * @throws GraftError `disk-full`
 */
export async function writeFileAtomic(path: string, data: Uint8Array | string): Promise<void> {
  const temporary = `${path}.${randomUUID()}.tmp`;
  try {
    const file = await open(temporary, 'wx');
    try {
      await file.writeFile(data);
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

/** Whether `path` lies inside `root` or is it. Compares path segments, so that `/data-evil` is not inside `/data`. */
export function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (!isAbsolute(way) && way.split(/[\\/]/)[0] !== '..');
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

/** Whether a process of this number runs on this machine, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
  }
}

/** Removes a lock that its holder has left behind. */
async function breakStaleLock(path: string): Promise<void> {
  const held = await readFile(path, 'utf8').catch(() => null);
  const ageMs = await stat(path).then(
    ({ mtimeMs }) => Date.now() - mtimeMs,
    () => 0,
  );
  if (held === null || ageMs < LOCK_STALE_MS) return;
  if (ageMs < LOCK_DEAD_MS && isAlive(Number.parseInt(held, 10))) return;
  // Taken away under a name of our own first: whoever waits, too, may have replaced it in the meantime.
  const taken = `${path}.${randomUUID()}`;
  await rename(path, taken).catch(() => undefined);
  const found = await readFile(taken, 'utf8').catch(() => held);
  if (found !== held) await link(taken, path).catch(() => undefined);
  await rm(taken, { force: true });
}

/** What guards the breaking of a lock is held for a moment; one as old as this was left by a crash. */
const GUARD_DEAD_MS = 10_000;

/**
 * Removes a lock file that is stale, and no other: one at a time looks and removes, so that none takes away a lock that
 * another has just put there. Does nothing while another does this; whoever wants the lock tries again.
 *
 * @param isStale looks at the file as it is now
 */
export async function breakLock(path: string, isStale: () => Promise<boolean>): Promise<void> {
  const guard = `${path}.breaking`;
  try {
    await writeFile(guard, '', { flag: 'wx' });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    const facts = await stat(guard).catch(() => null);
    if (facts !== null && Date.now() - facts.mtimeMs > GUARD_DEAD_MS) await rm(guard, { force: true });
    return;
  }
  try {
    if (await isStale()) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
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
  const token = `${process.pid} ${randomUUID()}`;
  let busyCount = 0;
  for (;;) {
    throwIfAborted(options.signal);
    try {
      await writeFile(path, token, { flag: 'wx' });
      break;
    } catch (error) {
      // Windows calls a file busy while the last holder's is on its way out, and a folder that nobody may write to as well.
      const isHeld = systemCode(error) === 'EEXIST' || (isBusy(error) && ++busyCount < RENAME_ATTEMPTS);
      if (!isHeld) {
        const explained = explainWriteError(error, path);
        // On a full disk the file may have been made, only not filled.
        if (explained instanceof GraftError) await rm(path, { force: true });
        throw explained;
      }
      await breakStaleLock(path);
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
