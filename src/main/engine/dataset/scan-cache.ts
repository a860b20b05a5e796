import { createHash, randomUUID } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { appendFile, mkdir, open, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { scanCacheFolder } from '../paths.js';
import type { Examination } from './examine.js';

/** What scans of one folder have found, by path. A cache: what cannot be read or written is looked at again. */
export interface ScanCache {
  /** Hands out what an earlier scan found, once. */
  take(path: string): Examination | undefined;
  /**
   * Remembers what this scan found; written soon, so that little is lost with the process.
   *
   * @param before what {@link ScanCache.take} gave
   */
  keep(path: string, found: Examination, before: Examination | undefined): void;
  /**
   * Writes what is left.
   *
   * @param paths of all files, when every one was looked at: what is about others is stale
   */
  close(paths: Iterable<string> | null): Promise<void>;
}

const FLUSH_LINES = 500;
const FLUSH_MS = 2000;
/** The file is written anew once it holds so many stale lines for each that is true. */
const STALE_SHARE = 0.25;

/** One line of the file: short, because a large folder has a hundred thousand. */
const lineSchema = v.strictTuple([
  v.string(),
  v.number(),
  v.number(),
  v.number(),
  v.nullable(v.string()),
  v.number(),
  v.number(),
  v.string(),
  v.nullable(v.strictObject({ code: v.string(), message: v.string() })),
]);

const lineOf = (path: string, found: Examination): string => {
  const { sizeBytes, modifiedMs, decoder, id, width, height, format, problem } = found;
  const line: v.InferOutput<typeof lineSchema> = [
    path,
    sizeBytes,
    modifiedMs,
    decoder,
    id,
    width,
    height,
    format,
    problem,
  ];
  return JSON.stringify(line);
};

function parseLine(line: string): readonly [path: string, found: Examination] | null {
  let value: unknown;
  try {
    value = JSON.parse(line);
  } catch {
    return null;
  }
  if (!v.is(lineSchema, value)) return null;
  const [path, sizeBytes, modifiedMs, decoder, id, width, height, format, problem] = value;
  return [path, { sizeBytes, modifiedMs, decoder, id, width, height, format, problem }];
}

interface Stored {
  readonly known: Map<string, Examination>;
  readonly lines: number;
}

const linesOf = (file: string): AsyncIterable<string> =>
  createInterface({ input: createReadStream(file), crlfDelay: Infinity });

async function readStored(file: string): Promise<Stored> {
  const known = new Map<string, Examination>();
  let lines = 0;
  try {
    for await (const line of linesOf(file)) {
      if (line === '') continue;
      lines++;
      const parsed = parseLine(line);
      if (parsed !== null) known.set(...parsed);
    }
  } catch {
    // What was read until then is as good as ever.
  }
  return { known, lines };
}

/** Replaces the file by the last line about each of `paths`. */
async function rewrite(file: string, paths: ReadonlySet<string>): Promise<void> {
  const temporary = `${file}.${randomUUID()}`;
  try {
    const { known } = await readStored(file);
    const handle = await open(temporary, 'wx');
    try {
      let lines: string[] = [];
      for (const [path, found] of known) {
        if (paths.has(path)) lines.push(`${lineOf(path, found)}\n`);
        if (lines.length < FLUSH_LINES) continue;
        await handle.writeFile(lines.join(''));
        lines = [];
      }
      await handle.writeFile(lines.join(''));
    } finally {
      await handle.close();
    }
    await rename(temporary, file);
  } catch {
    await rm(temporary, { force: true }).catch(() => undefined);
  }
}

/**
 * Opens what earlier scans of a folder found. The engine and the library share it: lines are appended as files are looked
 * at, the last one about a path counts, and one that is torn is passed over.
 *
 * @param root the folder's real path
 */
export async function openScanCache(root: string): Promise<ScanCache> {
  const file = join(scanCacheFolder(), `${createHash('sha256').update(root).digest('hex')}.ndjson`);
  const { known, lines } = await readStored(file);
  let kept = 0;
  let fresh: string[] = [];
  let freshLines = 0;
  let flushedMs = performance.now();
  let writing: Promise<void> = Promise.resolve();

  const flush = (): void => {
    flushedMs = performance.now();
    if (fresh.length === 0) return;
    // Begun on a line of its own: the last one may be torn.
    const text = `\n${fresh.join('\n')}\n`;
    fresh = [];
    writing = writing
      .then(async () => {
        await mkdir(scanCacheFolder(), { recursive: true });
        await appendFile(file, text);
      })
      .catch(() => undefined);
  };

  return {
    take(path) {
      const found = known.get(path);
      // A large folder's memory is not kept twice.
      known.delete(path);
      return found;
    },
    keep(path, found, before) {
      // Permissions change without leaving a trace in a file's time, so that is looked at again.
      if (found.problem?.code === 'unreadable') return;
      kept++;
      if (found === before) return;
      freshLines++;
      fresh.push(lineOf(path, found));
      if (fresh.length >= FLUSH_LINES || performance.now() - flushedMs >= FLUSH_MS) flush();
    },
    async close(paths) {
      flush();
      await writing;
      const stale = lines + freshLines - kept;
      if (paths !== null && stale > 0 && stale >= kept * STALE_SHARE) await rewrite(file, new Set(paths));
    },
  };
}
