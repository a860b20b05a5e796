import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Events } from '../../../shared/contract.js';
import { fromWire, GraftError } from '../../../shared/errors.js';
import type { Recipe } from '../../../shared/recipe.js';
import type { StepProfile } from '../../../shared/reports.js';
import type { Client } from '../../../shared/rpc.js';
import type { CliHost } from '../context.js';
import type { Metrics } from './report.js';

/** What measuring needs of the command around it. */
export interface Surroundings {
  readonly host: Pick<CliHost, 'nowMs' | 'root' | 'startEngine'>;
  /** Aborted when the user interrupts. */
  readonly signal: AbortSignal;
  /** Given the engine's own lines. */
  readonly log: (line: string) => void;
}

/**
 * Works with an engine of its own, so that no measurement inherits another's memory and caches.
 *
 * @param home the engine's data folder
 * @throws GraftError `cancelled` after an interrupt, which kills the engine
 */
export async function withFreshEngine<T>(
  { host, signal, log }: Surroundings,
  options: { readonly home: string; readonly profiles?: boolean },
  work: (client: Client) => Promise<T>,
): Promise<T> {
  if (signal.aborted) throw new GraftError('cancelled', 'Interrupted.');
  const engine = host.startEngine({
    log,
    env: { GRAFT_HOME: options.home, ...(options.profiles === true ? { GRAFT_PROFILE: '1' } : {}) },
  });
  const kill = (): void => engine.kill();
  signal.addEventListener('abort', kill, { once: true });
  try {
    return await work(engine.client);
  } catch (error) {
    if (signal.aborted) throw new GraftError('cancelled', 'Interrupted.', { cause: error });
    throw error;
  } finally {
    signal.removeEventListener('abort', kill);
    await engine.stop();
  }
}

/** When something happened, in seconds since the engine's process was started. */
interface Timed<T> {
  readonly atSeconds: number;
  readonly value: T;
}

/** All that was seen of a run from outside. */
export interface ObservedRun {
  readonly epochs: readonly Timed<Events['train.epoch']>[];
  /** First and last word of the scan. */
  readonly scan: { readonly first: Timed<number>; readonly last: Timed<number> } | null;
  readonly started: Timed<Events['train.started']> | null;
  /** Resident memory, every two seconds. */
  readonly memory: readonly Timed<number>[];
  readonly ended: Timed<Events['train.ended']>;
  readonly totalSeconds: number;
  readonly peakMemoryBytes: number | null;
}

const summarySchema = v.object({ peakMemoryBytes: v.number() });

function readPeakMemory(run: string): number | null {
  try {
    const parsed = v.safeParse(summarySchema, JSON.parse(readFileSync(join(run, 'summary.json'), 'utf8')));
    return parsed.success ? parsed.output.peakMemoryBytes : null;
  } catch {
    return null;
  }
}

/**
 * Trains once in a fresh process, and watches.
 *
 * @param options.run folder of the run, new
 * @throws GraftError what the run fails with; `cancelled`
 */
export async function observeRun(
  surroundings: Surroundings,
  options: { readonly home: string; readonly run: string; readonly recipe: Recipe; readonly profiles?: boolean },
): Promise<ObservedRun> {
  const { host } = surroundings;
  const { run, recipe } = options;
  const startMs = host.nowMs();
  const timed = <T>(value: T): Timed<T> => ({ atSeconds: (host.nowMs() - startMs) / 1000, value });
  const epochs: Timed<Events['train.epoch']>[] = [];
  const memory: Timed<number>[] = [];
  let scanned: { first: Timed<number>; last: Timed<number> } | null = null;
  let started: Timed<Events['train.started']> | null = null;
  const ended = await withFreshEngine(surroundings, options, async (client) => {
    const end = new Promise<Timed<Events['train.ended']>>((resolve, reject) => {
      client.on('train.ended', (event) => resolve(timed(event)));
      client.on('train.failed', ({ error }) => reject(fromWire(error)));
      client.onClose((error) => reject(error ?? new GraftError('engine-crashed', 'The engine ended during the run.')));
    });
    // The run may fail before anybody awaits its end.
    end.catch(() => undefined);
    client.on('train.started', (event) => (started = timed(event)));
    client.on('train.epoch', (event) => epochs.push(timed(event)));
    client.on('engine.stats', ({ rssBytes }) => memory.push(timed(rssBytes)));
    client.on('train.progress', ({ progress }) => {
      if (progress.task !== 'scan') return;
      const last = timed(progress.done);
      scanned = { first: scanned?.first ?? last, last };
    });
    await client.call('train.start', { recipe, out: run });
    return await end;
  });
  return {
    ...{ epochs, scan: scanned, started, memory, ended },
    totalSeconds: timed(null).atSeconds,
    peakMemoryBytes: readPeakMemory(run),
  };
}

/** Files a second between the scan's first word and its last; null where there was nothing to time. */
export function scanSpeed({ scan }: Pick<ObservedRun, 'scan'>): number | null {
  if (scan === null) return null;
  const seconds = scan.last.atSeconds - scan.first.atSeconds;
  const files = scan.last.value - scan.first.value;
  return seconds > 0 && files > 0 ? files / seconds : null;
}

/** Memory at the end of the first epoch against its first third, in bytes; null where it was too short to tell. */
export function memoryGrowth({
  epochs,
  started,
  memory,
}: Pick<ObservedRun, 'epochs' | 'started' | 'memory'>): number | null {
  const from = started?.atSeconds;
  const to = epochs[0]?.atSeconds;
  if (from === undefined || to === undefined) return null;
  const highest = (low: number, high: number): number =>
    Math.max(...memory.flatMap(({ atSeconds, value }) => (atSeconds >= low && atSeconds < high ? [value] : [])));
  const third = (to - from) / 3;
  const growth = highest(to - third, to) - highest(from, from + third);
  return Number.isFinite(growth) ? growth : null;
}

const present = <K extends string>(name: K, value: number | null | undefined): { [P in K]?: number } =>
  value === null || value === undefined ? {} : ({ [name]: value } as { [P in K]: number });

/**
 * Graft's numbers out of a run. Of epochs the last counts, when caches are warm.
 *
 * @param target validation accuracy, 0..1
 */
export function graftMetrics(run: ObservedRun, target: number): Metrics {
  const last = run.epochs.at(-1)?.value;
  const reached = run.epochs.find(({ value }) => value.val.accuracy >= target);
  const { seconds, best } = run.ended.value;
  return {
    ...present('imagesPerSecond', last?.imagesPerSecond),
    ...present('epochSeconds', last?.seconds.train),
    ...present('waitSeconds', last?.seconds.wait),
    ...present('secondsToAccuracy', reached?.atSeconds),
    ...present('peakMemoryBytes', run.peakMemoryBytes),
    totalSeconds: run.totalSeconds,
    trainSeconds: seconds.train + seconds.validate,
    accuracy: best.val.accuracy,
  };
}

/** Where the last epoch's time went; null unless the engine profiled. */
export const profileOf = (run: ObservedRun): StepProfile | null => run.epochs.at(-1)?.value.profile ?? null;
