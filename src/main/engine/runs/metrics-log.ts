import { appendFile, open, readFile, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { EpochMetrics } from '../../../shared/reports.js';
import { systemCode } from '../../common/system-code.js';
import { explainWriteError } from '../files.js';

const logFile = (run: string): string => join(run, 'metrics.ndjson');

/** JSON has no number for a loss that is none. */
const loss = v.pipe(
  v.nullable(v.number()),
  v.transform((value) => value ?? NaN),
);
export const lossAndAccuracySchema = v.object({ loss, accuracy: v.number() });
const lineSchema = v.object({
  epoch: v.number(),
  epochs: v.number(),
  train: lossAndAccuracySchema,
  val: lossAndAccuracySchema,
  lr: v.number(),
  imagesPerSecond: v.number(),
  seconds: v.object({ train: v.number(), validate: v.number(), wait: v.number() }),
}) satisfies v.GenericSchema<unknown, EpochMetrics>;

/**
 * Adds one line to `metrics.ndjson`.
 *
 * @throws GraftError `disk-full`
 */
export async function appendMetrics(run: string, metrics: EpochMetrics): Promise<void> {
  try {
    await appendFile(logFile(run), `${JSON.stringify(metrics)}\n`);
  } catch (error) {
    throw explainWriteError(error, logFile(run));
  }
}

function parseLine(line: string): EpochMetrics | null {
  try {
    const { success, output } = v.safeParse(lineSchema, JSON.parse(line));
    return success ? output : null;
  } catch {
    return null;
  }
}

/**
 * Reads the epochs of a run; none where the file is missing. A line that a crash has torn is left out.
 *
 * @param lengthBytes how much of the file counts; all of it unless given
 */
export async function readMetrics(run: string, lengthBytes = Infinity): Promise<EpochMetrics[]> {
  const bytes = await readFile(logFile(run)).catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return Buffer.alloc(0);
    throw error;
  });
  const lines = bytes.subarray(0, Math.min(bytes.length, lengthBytes)).toString('utf8').split('\n');
  return lines.flatMap((line) => parseLine(line) ?? []);
}

/** Puts what was appended on the disk, and tells how long the file is. */
export async function syncMetrics(run: string): Promise<number> {
  const file = await open(logFile(run), 'r+').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  });
  if (file === null) return 0;
  try {
    await file.sync();
    return (await file.stat()).size;
  } finally {
    await file.close();
  }
}

/** Takes off what a crash or a stop has left behind the first `lengthBytes` of the file. */
export async function cutMetrics(run: string, lengthBytes: number): Promise<void> {
  await truncate(logFile(run), lengthBytes).catch((error: unknown) => {
    if (systemCode(error) !== 'ENOENT' || lengthBytes > 0) throw error;
  });
}
