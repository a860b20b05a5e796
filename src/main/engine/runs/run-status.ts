import { createHash } from 'node:crypto';
import { readFile, rm, stat, utimes, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import * as v from 'valibot';
import { ERROR_CODES, GraftError, type WireError } from '../../../shared/errors.js';
import type { Recipe } from '../../../shared/recipe.js';
import { breakLock } from '../../common/break-lock.js';
import { isStillRunning, ownProcess, type ProcessId } from '../../common/processes.js';
import { systemCode } from '../../common/system-code.js';
import { explainWriteError, writeJsonAtomic } from '../files.js';
import { hasCheckpoint } from './checkpoint.js';

const failureSchema = v.object({
  error: v.object({
    code: v.picklist(ERROR_CODES),
    message: v.string(),
    details: v.optional(v.record(v.string(), v.unknown())),
  }),
  failedAt: v.string(),
});

/** `failure.json` of a run: why it ended without a result. */
export interface RunFailure {
  readonly error: WireError;
  readonly failedAt: string;
}

async function readJsonOrNull(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown;
  } catch {
    return null;
  }
}

const failureFile = (run: string): string => join(run, 'failure.json');

/** Notes why a run failed. */
export async function writeFailure(run: string, error: WireError): Promise<void> {
  await writeJsonAtomic(failureFile(run), { error, failedAt: new Date().toISOString() } satisfies RunFailure);
}

/** Why a run failed; null when it did not, or has gone on since. */
export async function readFailure(run: string): Promise<RunFailure | null> {
  const { success, output } = v.safeParse(failureSchema, await readJsonOrNull(failureFile(run)));
  if (!success) return null;
  const { code, message, details } = output.error;
  return { error: { code, message, ...(details ? { details } : {}) }, failedAt: output.failedAt };
}

/** Forgets a failure, because the run goes on. */
export async function clearFailure(run: string): Promise<void> {
  await rm(failureFile(run), { force: true });
}

const endSchema = v.object({ reason: v.picklist(['completed', 'early-stopping', 'stopped', 'diverged']) });

/** How a run ended, by its summary; null when it has none. */
export async function readEnd(run: string): Promise<v.InferOutput<typeof endSchema>['reason'] | null> {
  const value = await readJsonOrNull(join(run, 'summary.json'));
  return v.is(endSchema, value) ? value.reason : null;
}

/** Whether `train.resume` can go on with a run: it was stopped or interrupted, and has a checkpoint. */
export async function isResumable(run: string): Promise<boolean> {
  const end = await readEnd(run);
  return (end === null || end === 'stopped') && (await hasCheckpoint(run));
}

/** JSON with keys in one order, whatever order they were written in. */
const canonical = (value: unknown): string =>
  JSON.stringify(value, (_key, part: unknown) =>
    typeof part === 'object' && part !== null && !Array.isArray(part)
      ? Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)))
      : part,
  );

/** Identifies a recipe by what it says. */
export function hashRecipe(recipe: Recipe): string {
  return createHash('sha256').update(canonical(recipe)).digest('hex');
}

const CLAIM_RENEW_MS = 2000;
/** Numbers of processes are given again: after so long without renewal a claim is nobody's. */
const CLAIM_DEAD_MS = 600_000;

const claimFile = (run: string): string => join(run, '.running');

/** A claim's file has the process on its first line, and when that started on its second; its number is NaN where it names none. */
interface Claim extends ProcessId {
  readonly ageMs: number;
  /** Made, and not filled yet. */
  readonly isEmpty: boolean;
}

async function readClaim(run: string): Promise<Claim | null> {
  const file = claimFile(run);
  const [text, facts] = await Promise.all([readFile(file, 'utf8').catch(() => null), stat(file).catch(() => null)]);
  if (text === null || facts === null) return null;
  const [pid = '', start = ''] = text.split('\n');
  return {
    pid: Number.parseInt(pid, 10),
    start: start === '' ? null : start,
    ageMs: Date.now() - facts.mtimeMs,
    isEmpty: text === '',
  };
}

const isHeld = async (claim: Claim): Promise<boolean> =>
  claim.ageMs <= CLAIM_DEAD_MS && (await isStillRunning(claim)) !== false;

/** The process that trains a run now; null for none. */
export async function runningProcess(run: string): Promise<number | null> {
  const claim = await readClaim(run);
  return claim !== null && (await isHeld(claim)) ? claim.pid : null;
}

/** How long a claim may take to be filled after it was made. */
const CLAIM_FILL_MS = 1000;
const CLAIM_RETRY_MS = 50;

/**
 * Takes a run for this process, so that no other trains it at the same time.
 *
 * @returns what gives it back
 * @throws GraftError `engine-busy` when another process trains it, `disk-full`
 */
export async function claimRun(run: string): Promise<() => Promise<void>> {
  const file = claimFile(run);
  const own = await ownProcess();
  for (;;) {
    try {
      await writeFile(file, `${own.pid}\n${own.start ?? ''}\n`, { flag: 'wx' });
      break;
    } catch (error) {
      if (systemCode(error) !== 'EEXIST') throw explainWriteError(error, file);
    }
    const holder = await runningProcess(run);
    if (holder !== null) {
      throw new GraftError(
        'engine-busy',
        `expected a run that nobody trains, but process ${holder} is training ${run}: stop it there, or wait until it has ended`,
        { details: { pid: holder } },
      );
    }
    const isLeftBehind = async (): Promise<boolean> => {
      const claim = await readClaim(run);
      return claim !== null && !(await isHeld(claim)) && !(claim.isEmpty && claim.ageMs < CLAIM_FILL_MS);
    };
    await breakLock(file, isLeftBehind).catch((error: unknown) => {
      throw explainWriteError(error, file);
    });
    await delay(CLAIM_RETRY_MS);
  }
  const renewal = setInterval(() => {
    const now = new Date();
    utimes(file, now, now).catch(() => undefined);
  }, CLAIM_RENEW_MS);
  renewal.unref();
  return async () => {
    clearInterval(renewal);
    if ((await readClaim(run))?.pid === process.pid) await rm(file, { force: true });
  };
}
