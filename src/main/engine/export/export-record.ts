import { join } from 'node:path';
import * as v from 'valibot';
import { readCachedJson } from '../dataset/cache.js';
import { systemCode } from '../../common/system-code.js';
import { writeJsonAtomic } from '../files.js';

const recordsSchema = v.array(v.object({ format: v.string(), out: v.string(), at: v.string() }));

/** What a run was exported to, the latest last. */
export type ExportRecord = v.InferOutput<typeof recordsSchema>[number];

const recordsFile = (run: string): string => join(run, 'exports.json');

/** Reads `exports.json` of a run folder; empty when there is none. */
export async function readExports(run: string): Promise<ExportRecord[]> {
  const records = v.safeParse(recordsSchema, await readCachedJson(recordsFile(run)));
  return records.success ? records.output : [];
}

/** A folder that may only be read, of an archive perhaps, can be exported from all the same. */
const READ_ONLY_CODES = new Set(['EROFS', 'EACCES', 'EPERM']);

let turn: Promise<void> = Promise.resolve();

/**
 * Notes an export in `exports.json` of its run folder; one that had lain at the same place before is gone.
 *
 * @throws GraftError `disk-full`
 */
export async function recordExport(run: string, record: ExportRecord): Promise<void> {
  const add = async (): Promise<void> => {
    const others = (await readExports(run)).filter(({ out }) => out !== record.out);
    await writeJsonAtomic(recordsFile(run), [...others, record]).catch((error: unknown) => {
      if (!READ_ONLY_CODES.has(systemCode(error) ?? '')) throw error;
    });
  };
  // One after the other: two exports at once must not lose each other's note.
  const mine = turn.then(add);
  turn = mine.catch(() => undefined);
  await mine;
}
