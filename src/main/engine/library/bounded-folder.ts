import { randomUUID } from 'node:crypto';
import { mkdir, readdir, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { GraftError, messageOf } from '../../../shared/errors.js';
import { explainWriteError } from '../files.js';
import { createTurn } from './turn.js';

/** A cache of files that keeps under a bound: what was used longest ago is deleted. */
export interface BoundedFolder {
  /** The path of a file that is there, or null. */
  find(name: string): Promise<string | null>;
  /**
   * Writes a file, whole or not at all.
   *
   * @returns its path
   * @throws GraftError `disk-full`, `unreadable-file`
   */
  write(name: string, data: Uint8Array): Promise<string>;
}

/** When room is made, so much more is freed: the folder is not listed again for every file. */
const FREED_SHARE = 0.1;
/** A file's time of use is renewed when it is older than this. */
const USED_MS = 10 * 60_000;
const STAT_GROUP = 64;

interface Entry {
  readonly file: string;
  readonly sizeBytes: number;
  readonly usedMs: number;
}

/**
 * @param pattern what our files are called, relative to `folder` and with `/`: nothing else is ever deleted
 */
export function openBoundedFolder(folder: string, pattern: RegExp, maxBytes: number): BoundedFolder {
  let totalBytes: number | null = null;
  const turn = createTurn();

  const listEntries = async (): Promise<Entry[]> => {
    const found = await readdir(folder, { recursive: true }).catch(() => []);
    const names = found.filter((name) => pattern.test(name.replaceAll('\\', '/')));
    const entries: Entry[] = [];
    for (let start = 0; start < names.length; start += STAT_GROUP) {
      const files = names.slice(start, start + STAT_GROUP).map((name) => join(folder, name));
      const facts = await Promise.all(files.map((file) => stat(file).catch(() => null)));
      facts.forEach((one, index) => {
        if (one?.isFile()) entries.push({ file: files[index]!, sizeBytes: one.size, usedMs: one.mtimeMs });
      });
    }
    return entries;
  };

  const makeRoom = async (sizeBytes: number): Promise<void> => {
    if (totalBytes !== null && totalBytes + sizeBytes <= maxBytes) return;
    const entries = await listEntries();
    let total = entries.reduce((sum, entry) => sum + entry.sizeBytes, 0);
    if (total + sizeBytes > maxBytes) {
      const goal = maxBytes * (1 - FREED_SHARE) - sizeBytes;
      for (const entry of entries.sort((a, b) => a.usedMs - b.usedMs)) {
        if (total <= goal) break;
        await rm(entry.file, { force: true }).catch(() => undefined);
        total -= entry.sizeBytes;
      }
    }
    totalBytes = total;
  };

  return {
    async find(name) {
      const file = join(folder, name);
      const facts = await stat(file).catch(() => null);
      if (facts === null || facts.size === 0) return null;
      const now = new Date();
      if (now.getTime() - facts.mtimeMs > USED_MS) await utimes(file, now, now).catch(() => undefined);
      return file;
    },
    async write(name, data) {
      const file = join(folder, name);
      await turn.take(() => makeRoom(data.length));
      const temporary = `${file}.${randomUUID()}`;
      try {
        await mkdir(dirname(file), { recursive: true });
        await writeFile(temporary, data, { flag: 'wx' });
        await rename(temporary, file);
      } catch (error) {
        await rm(temporary, { force: true }).catch(() => undefined);
        const explained = explainWriteError(error, file);
        if (explained instanceof GraftError) throw explained;
        throw new GraftError('unreadable-file', `expected to write ${file}: ${messageOf(error)}`, { cause: error });
      }
      totalBytes = (totalBytes ?? 0) + data.length;
      return file;
    },
  };
}
