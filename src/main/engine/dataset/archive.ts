import { createWriteStream } from 'node:fs';
import { mkdir, readdir, readFile, rm, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { Transform } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import * as v from 'valibot';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { GraftError, messageOf, throwIfAborted } from '../../../shared/errors.js';
import type { ProgressListener } from '../../../shared/progress.js';
import { isInside } from '../../common/is-inside.js';
import { createNamePlaces } from '../../common/names.js';
import { renameWithRetry } from '../../common/rename.js';
import { explainWriteError, freeBytes, makeTemporaryFolder, sha256OfFile, writeJsonAtomic } from '../files.js';
import { archivesFolder } from '../paths.js';
import { isSystemFile } from './walk.js';

const MAX_ENTRIES = 1_000_000;
const MAX_TOTAL_BYTES = 64 * 1024 ** 3;
/** Pictures are compressed already; what shrinks more than this is a bomb. Tiny files may shrink more. */
const MAX_RATIO = 200;
const RATIO_FLOOR_BYTES = 1024 * 1024;
/** The whole may not grow more than {@link MAX_RATIO} either, once it is larger than this. */
const TOTAL_RATIO_FLOOR_BYTES = 64 * 1024 ** 2;
/** What a killed process left half unpacked is removed once it is this old. */
const ABANDONED_MS = 24 * 3600 * 1000;

const UNIX_TYPE_MASK = 0o170000;
const UNIX_SYMLINK = 0o120000;

const renamedSchema = v.array(v.object({ path: v.string(), was: v.string(), kind: v.picklist(['file', 'folder']) }));

/** What could not keep its name, since some file system would not take it, or for the name of another. */
export type Renamed = v.InferOutput<typeof renamedSchema>[number];

/** An archive as it was unpacked. */
export interface Unpacked {
  readonly folder: string;
  readonly renamed: readonly Renamed[];
}

/** Kept beside the folder, for it is part of no data set; only where something was renamed. */
const renamedFile = (folder: string): string => `${folder}.renamed.json`;

async function readRenamed(folder: string): Promise<readonly Renamed[]> {
  try {
    return v.parse(renamedSchema, JSON.parse(await readFile(renamedFile(folder), 'utf8')));
  } catch {
    return [];
  }
}

const openZip = promisify<string, yauzl.Options, ZipFile>(yauzl.open);

const refuse = (archive: string, message: string): never => {
  throw new GraftError('unsafe-file', `${archive}: ${message}`);
};

async function* entriesOf(zip: ZipFile): AsyncGenerator<Entry> {
  for (;;) {
    const entry = await new Promise<Entry | null>((resolve, reject) => {
      const settle = (value: Entry | null, error?: Error): void => {
        zip.removeListener('entry', onEntry);
        zip.removeListener('end', onEnd);
        zip.removeListener('error', onError);
        if (error) reject(error);
        else resolve(value);
      };
      const onEntry = (found: Entry): void => settle(found);
      const onEnd = (): void => settle(null);
      const onError = (error: Error): void => settle(null, error);
      zip.on('entry', onEntry);
      zip.on('end', onEnd);
      zip.on('error', onError);
      zip.readEntry();
    });
    if (entry === null) return;
    yield entry;
  }
}

/** What an archive's entries may amount to. */
interface Bounds {
  readonly archiveBytes: number;
  /** Room on the disk; null where the system does not say. */
  readonly freeBytes: number | null;
}

function checkEntry(archive: string, entry: Entry, totalBytes: number, bounds: Bounds): void {
  const { fileName, uncompressedSize, compressedSize, externalFileAttributes } = entry;
  const mode = (externalFileAttributes >>> 16) & UNIX_TYPE_MASK;
  if (mode === UNIX_SYMLINK) refuse(archive, `expected files only, ${fileName} is a symbolic link`);
  if (uncompressedSize > RATIO_FLOOR_BYTES && uncompressedSize > compressedSize * MAX_RATIO) {
    refuse(archive, `expected pictures, ${fileName} would grow ${Math.round(uncompressedSize / compressedSize)}-fold`);
  }
  if (totalBytes > TOTAL_RATIO_FLOOR_BYTES && totalBytes > bounds.archiveBytes * MAX_RATIO) {
    refuse(archive, `expected pictures, its files together would grow more than ${MAX_RATIO}-fold`);
  }
  if (totalBytes > MAX_TOTAL_BYTES) refuse(archive, `expected at most ${MAX_TOTAL_BYTES / 1024 ** 3} GiB in all`);
  if (bounds.freeBytes !== null && totalBytes > bounds.freeBytes) {
    const freeMiB = Math.floor(bounds.freeBytes / 2 ** 20);
    throw new GraftError(
      'disk-full',
      `expected room to unpack ${archive} into ${archivesFolder()}, but only ${freeMiB} MiB are free there`,
    );
  }
}

async function extract(
  archive: string,
  folder: string,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<Renamed[]> {
  // yauzl itself refuses absolute paths, drive letters and "..".
  const zip = await openZip(archive, {
    lazyEntries: true,
    autoClose: false,
    validateEntrySizes: true,
    strictFileNames: true,
  });
  const openEntry = promisify<Entry, NodeJS.ReadableStream>(zip.openReadStream.bind(zip));
  const bounds = { archiveBytes: zip.fileSize, freeBytes: await freeBytes(folder) };
  const places = createNamePlaces();
  const renamed: Renamed[] = [];
  const noted = new Set<string>();
  /** A folder is noted once, its files for their own names only. */
  const note = (parts: readonly string[], names: readonly string[], isFolder: boolean): void => {
    for (const [depth, was] of parts.entries()) {
      const path = names.slice(0, depth + 1).join('/');
      // How letters are composed cannot be seen.
      if (names[depth] === was.normalize('NFC') || noted.has(path)) continue;
      noted.add(path);
      renamed.push({ path, was, kind: isFolder || depth < parts.length - 1 ? 'folder' : 'file' });
    }
  };
  try {
    let totalBytes = 0;
    let count = 0;
    for await (const entry of entriesOf(zip)) {
      throwIfAborted(signal);
      if (++count > MAX_ENTRIES) refuse(archive, `expected at most ${MAX_ENTRIES} files`);
      totalBytes += entry.uncompressedSize;
      checkEntry(archive, entry, totalBytes, bounds);
      // Some writers begin every path with "./".
      const parts = entry.fileName.split('/').filter((part) => part !== '' && part !== '.');
      if (parts.length === 0 || parts.some(isSystemFile)) continue;
      const isFolder = entry.fileName.endsWith('/');
      const names = isFolder ? places.folder(parts) : places.file(parts, 'another');
      const target = join(folder, ...names);
      if (!isInside(folder, target)) refuse(archive, `expected paths inside the archive, received ${entry.fileName}`);
      note(parts, names, isFolder);
      if (isFolder) {
        await mkdir(target, { recursive: true });
        continue;
      }
      await mkdir(dirname(target), { recursive: true });
      let written = 0;
      const limit = new Transform({
        transform(chunk: Buffer, _encoding, done) {
          written += chunk.length;
          const isLarger = written > entry.uncompressedSize;
          done(isLarger ? new Error(`${entry.fileName} is larger than it says`) : null, chunk);
        },
      });
      await pipeline(await openEntry(entry), limit, createWriteStream(target, { flags: 'wx' }));
      onProgress({
        task: 'scan',
        done: count,
        total: zip.entryCount,
        unit: 'files',
        label: `unpacking ${basename(archive)}`,
      });
    }
  } finally {
    zip.close();
  }
  return renamed;
}

async function removeAbandoned(): Promise<void> {
  const names = await readdir(archivesFolder());
  for (const name of names.filter((name) => name.startsWith('.tmp-'))) {
    const folder = join(archivesFolder(), name);
    const facts = await stat(folder).catch(() => null);
    if (facts !== null && Date.now() - facts.mtimeMs > ABANDONED_MS) await rm(folder, { recursive: true, force: true });
  }
}

/**
 * Unpacks a zip of pictures into the user's cache, once: the folder is named by the archive's hash and appears whole.
 * Paths that leave it, symbolic links, and archives that grow beyond all measure are refused. Names are written as
 * {@link createNamePlaces} has them, so that nothing is lost on any file system.
 *
 * @throws GraftError `unsafe-file`, `unreadable-file`, `disk-full`, `cancelled`
 */
export async function unpackArchive(
  archive: string,
  signal: AbortSignal,
  onProgress: ProgressListener,
): Promise<Unpacked> {
  const hash = await sha256OfFile(archive, { signal }).catch((cause: unknown) => {
    if (cause instanceof GraftError) throw cause;
    const message = `${archive}: expected a zip archive of pictures, but it cannot be read: ${messageOf(cause)}`;
    throw new GraftError('unreadable-file', message, { cause });
  });
  const folder = join(archivesFolder(), hash);
  const isThere = async (): Promise<boolean> => (await stat(folder).catch(() => null)) !== null;
  if (await isThere()) return { folder, renamed: await readRenamed(folder) };
  await mkdir(archivesFolder(), { recursive: true });
  await removeAbandoned();
  const temporary = await makeTemporaryFolder(archivesFolder());
  try {
    const renamed = await extract(archive, temporary, signal, onProgress);
    // Before the folder: whoever finds that finds this, too.
    if (renamed.length > 0) await writeJsonAtomic(renamedFile(folder), renamed);
    await renameWithRetry(temporary, folder);
    return { folder, renamed };
  } catch (error) {
    await rm(temporary, { recursive: true, force: true });
    // Another process may have put the same archive there in the meantime.
    if (await isThere()) return { folder, renamed: await readRenamed(folder) };
    const explained = explainWriteError(error, folder);
    if (explained instanceof GraftError) throw explained;
    const unsafe = /invalid relative path|absolute path|invalid characters/i.test(messageOf(error));
    throw new GraftError(
      unsafe ? 'unsafe-file' : 'unreadable-file',
      `${archive}: expected a zip archive of pictures, but it cannot be unpacked: ${messageOf(error)}`,
      { cause: error },
    );
  }
}
