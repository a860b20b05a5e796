import { randomUUID } from 'node:crypto';
import { readFileSync, rmSync, utimesSync } from 'node:fs';
import { mkdir, open, readdir, readFile, rename, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { crc32 } from 'node:zlib';
import type { PixelImage } from '../../../shared/image.js';
import type { InputSpec } from '../../../shared/input.js';
import { pixelCacheFolder } from '../paths.js';
import { DECODER_VERSION, sourceCap } from './decode.js';

/** What a worker needs to open the same cache. */
export interface PixelCacheSettings {
  readonly folder: string;
  /** Shorter side that pixels keep at most. */
  readonly cap: number;
  readonly maxBytes: number;
  /** When it was first opened; what was used since then is not deleted to make room. */
  readonly openedMs: number;
}

/** Decoded source pixels on disk, by content hash. A cache: what cannot be read or written is decoded again. */
export interface PixelCache {
  readonly settings: PixelCacheSettings;
  /** @param id content hash of the file; null when the pixels are not there */
  read(id: string): Promise<PixelImage | null>;
  /**
   * The same without giving up the thread, for one that has nothing else to do: a file that the system has in memory is
   * read in a quarter of the time. What has been checked once is not checked again.
   */
  readNow(id: string): PixelImage | null;
  /** Keeps pixels, unless the bound is reached by pixels that are in use. */
  write(id: string, image: PixelImage): Promise<void>;
}

const DEFAULT_MAX_BYTES = 4 * 1024 ** 3;
/** Magic, width, height, CRC-32 of the pixels, bytes of them: each 32 bits. */
const HEADER_BYTES = 20;
const MAGIC = 0x58504647;

/** @param isChecked the pixels have been compared with their CRC before */
function decodeEntry(bytes: Buffer, isChecked = false): PixelImage | null {
  if (bytes.length < HEADER_BYTES || bytes.readUInt32LE(0) !== MAGIC) return null;
  const width = bytes.readUInt32LE(4);
  const height = bytes.readUInt32LE(8);
  const data = new Uint8Array(bytes.buffer, bytes.byteOffset + HEADER_BYTES, bytes.length - HEADER_BYTES);
  if (data.length !== width * height * 3) return null;
  if (data.length !== bytes.readUInt32LE(16)) return null;
  return isChecked || crc32(data) === bytes.readUInt32LE(12) ? { width, height, data } : null;
}

interface Entry {
  readonly file: string;
  readonly size: number;
  readonly usedMs: number;
}

/** Entries and what is left of ones in the making: nothing else is ever deleted. */
const ENTRY_NAME = /^v[^/\\]+[/\\][0-9a-f]{2}[/\\][0-9a-f]{64}\.rgb/;
/** Files whose facts are asked for at once. */
const STAT_GROUP = 64;

async function listEntries(folder: string): Promise<Entry[]> {
  const entries: Entry[] = [];
  const found = await readdir(folder, { recursive: true }).catch(() => []);
  const names = found.filter((name) => ENTRY_NAME.test(name));
  for (let start = 0; start < names.length; start += STAT_GROUP) {
    const group = names.slice(start, start + STAT_GROUP).map((name) => join(folder, name));
    const facts = await Promise.all(group.map((file) => stat(file).catch(() => null)));
    facts.forEach((found, place) => {
      if (found?.isFile()) entries.push({ file: group[place]!, size: found.size, usedMs: found.mtimeMs });
    });
  }
  return entries;
}

/** When room is made, so much more is freed: the folder is not listed again for every picture. */
const FREED_SHARE = 0.05;

/** Keeps a folder under its bound. Other processes write there, too, so its size is counted anew when it seems full. */
function createRoom({ folder, maxBytes, openedMs }: PixelCacheSettings): {
  /** Runs `write`, one after the other, if there is room for what it writes. */
  use(bytes: number, write: () => Promise<void>): Promise<void>;
} {
  let total: number | null = null;
  let isFull = false;

  /** Deletes what was used longest ago, but nothing that this session uses. */
  const recount = async (bytes: number): Promise<void> => {
    const entries = await listEntries(folder);
    total = entries.reduce((sum, entry) => sum + entry.size, 0);
    if (total + bytes <= maxBytes) return;
    const goal = maxBytes * (1 - FREED_SHARE) - bytes;
    for (const entry of entries.sort((a, b) => a.usedMs - b.usedMs)) {
      if (total <= goal || entry.usedMs >= openedMs) break;
      await rm(entry.file, { force: true }).catch(() => undefined);
      total -= entry.size;
    }
    isFull = total + bytes > maxBytes;
  };

  let turn = Promise.resolve();
  const take = async (bytes: number, write: () => Promise<void>): Promise<void> => {
    if (!isFull && (total === null || total + bytes > maxBytes)) await recount(bytes);
    if (isFull || total === null) return;
    total += bytes;
    await write();
  };
  return {
    use(bytes, write) {
      turn = turn.then(() => take(bytes, write));
      return turn;
    },
  };
}

/** The file in which a cache keeps the pixels of a picture, whether it is there or not. */
export function pixelCacheFile({ folder, cap }: PixelCacheSettings, id: string): string {
  return join(folder, `v${DECODER_VERSION}-${cap}`, id.slice(0, 2), `${id}.rgb`);
}

/** Opens a cache that another thread has settings of. */
export function openPixelCacheWith(settings: PixelCacheSettings): PixelCache {
  const room = createRoom(settings);
  const fileOf = (id: string): string => pixelCacheFile(settings, id);
  /** What this session has checked, and written its time of use of. */
  const checked = new Set<string>();
  /** Folders that are there. */
  const made = new Set<string>();
  return {
    settings,
    readNow(id) {
      const file = fileOf(id);
      let bytes: Buffer;
      try {
        bytes = readFileSync(file);
      } catch {
        return null;
      }
      const image = decodeEntry(bytes, checked.has(id));
      try {
        if (image === null) rmSync(file, { force: true });
        else if (!checked.has(id)) utimesSync(file, new Date(), new Date());
      } catch {
        // Whose file it is matters only when room is made.
      }
      if (image !== null) checked.add(id);
      return image;
    },
    async read(id) {
      const file = fileOf(id);
      const bytes = await readFile(file).catch(() => null);
      const image = bytes && decodeEntry(bytes);
      if (bytes !== null && image === null) await rm(file, { force: true });
      // The time of the last use stands in the file's own time, so that all processes see it.
      if (image !== null) await utimes(file, new Date(), new Date()).catch(() => undefined);
      return image;
    },
    write: (id, image) =>
      room.use(HEADER_BYTES + image.data.length, async () => {
        const file = fileOf(id);
        const temporary = `${file}.${randomUUID()}`;
        const header = Buffer.alloc(HEADER_BYTES);
        header.writeUInt32LE(MAGIC, 0);
        header.writeUInt32LE(image.width, 4);
        header.writeUInt32LE(image.height, 8);
        header.writeUInt32LE(crc32(image.data), 12);
        header.writeUInt32LE(image.data.length, 16);
        try {
          if (!made.has(dirname(file))) await mkdir(dirname(file), { recursive: true });
          made.add(dirname(file));
          const handle = await open(temporary, 'wx');
          await handle.writev([header, image.data]).finally(() => handle.close());
          await rename(temporary, file);
        } catch {
          // A full or read-only disk costs speed, not the run; a folder that was cleared meanwhile is made again.
          made.delete(dirname(file));
          await rm(temporary, { force: true }).catch(() => undefined);
        }
      }),
  };
}

/** Opens the user's cache for pictures of a network's input. */
export function openPixelCache(options: {
  readonly input: InputSpec;
  readonly folder?: string;
  readonly maxBytes?: number;
}): PixelCache {
  const { input, folder = pixelCacheFolder(), maxBytes = DEFAULT_MAX_BYTES } = options;
  return openPixelCacheWith({ folder, cap: sourceCap(input), maxBytes, openedMs: Date.now() });
}

/** Reads JSON of our own that may be missing or broken. */
export async function readCachedJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch(() => null);
  if (text === null) return null;
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

/** Writes JSON that may be lost. */
export async function writeCachedJson(folder: string, name: string, value: unknown): Promise<void> {
  const temporary = join(folder, `${name}.${randomUUID()}`);
  try {
    await mkdir(folder, { recursive: true });
    await writeFile(temporary, JSON.stringify(value));
    await rename(temporary, join(folder, name));
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}
