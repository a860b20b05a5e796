import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Recipe } from '../../../shared/recipe.js';
import { isBetterEpoch } from '../../../shared/metrics.js';
import type { EpochMetrics, RunSummary } from '../../../shared/reports.js';
import type { RunDetail, RunInfo, RunStatus } from '../../../shared/studio.js';
import { lossAndAccuracySchema, readMetrics } from '../runs/metrics-log.js';
import { readRecipe } from '../runs/run-folder.js';
import { isResumable, readFailure } from '../runs/run-status.js';

const number = v.number();
const interval = v.tuple([number, number]);

const summarySchema = v.looseObject({
  graftVersion: v.string(),
  startedAt: v.string(),
  reason: v.picklist(['completed', 'early-stopping', 'stopped', 'diverged']),
  backbone: v.string(),
  mode: v.picklist(['freeze', 'fine-tune']),
  classes: v.array(v.string()),
  images: v.object({ train: number, val: number, excluded: number }),
  datasetFingerprint: v.string(),
  epochs: number,
  best: v.object({ epoch: number, val: lossAndAccuracySchema, interval }),
  last: v.object({ epoch: number, train: lossAndAccuracySchema, val: lossAndAccuracySchema }),
  seconds: v.object({ prepare: number, train: number, validate: number, total: number }),
  device: v.string(),
  tensorflow: v.string(),
  peakMemoryBytes: number,
}) satisfies v.GenericSchema<unknown, RunSummary>;

const exportsSchema = v.array(v.looseObject({ format: v.string(), out: v.string(), at: v.string() }));

/** Files whose change changes what a run is said to be. */
const WATCHED = ['recipe.json', 'metrics.ndjson', 'summary.json', 'failure.json', 'exports.json', 'checkpoint'];

/** Reads JSON of a run; undefined where there is none that can be read. */
async function readJson(file: string): Promise<unknown> {
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown;
  } catch {
    return undefined;
  }
}

/** Every epoch once: a run that went on from a checkpoint may have done its last ones twice. */
function lastOfEach(lines: readonly EpochMetrics[]): EpochMetrics[] {
  const epochs: EpochMetrics[] = [];
  for (const line of lines) {
    while (epochs.length > 0 && epochs.at(-1)!.epoch >= line.epoch) epochs.pop();
    epochs.push(line);
  }
  return epochs;
}

function bestOf(summary: RunSummary | null, epochs: readonly EpochMetrics[]): RunInfo['best'] {
  if (summary !== null) return { epoch: summary.best.epoch, val: summary.best.val };
  let best: EpochMetrics | null = null;
  for (const metrics of epochs) if (best === null || isBetterEpoch(metrics.val, best.val)) best = metrics;
  return best === null ? null : { epoch: best.epoch, val: best.val };
}

/** A run as its folder shows it; what depends on other files or processes is not in it. */
export type StoredRun = Omit<RunDetail, 'info'> & { readonly info: Omit<RunInfo, 'name'> };

async function load(run: string, createdAt: string): Promise<StoredRun | null> {
  const recipe: Recipe | null = await readRecipe(run).catch(() => null);
  if (recipe === null) return null;
  const [lines, summaryJson, failure, exportsJson, canResume] = await Promise.all([
    readMetrics(run).catch(() => []),
    readJson(join(run, 'summary.json')),
    readFailure(run),
    readJson(join(run, 'exports.json')),
    isResumable(run).catch(() => false),
  ]);
  const epochs = lastOfEach(lines);
  const parsed = v.safeParse(summarySchema, summaryJson);
  const summary: RunSummary | null = parsed.success ? parsed.output : null;
  const status: RunStatus = summary?.reason ?? (failure === null ? 'interrupted' : 'failed');
  return {
    recipe,
    epochs,
    summary,
    info: {
      run,
      createdAt: summary?.startedAt ?? createdAt,
      status,
      isResumable: canResume,
      error: failure?.error ?? null,
      backbone: recipe.backbone.id,
      mode: recipe.mode,
      epochsPlanned: recipe.training.epochs,
      accuracies: epochs.map(({ val }) => val.accuracy),
      best: bestOf(summary, epochs),
      seconds: summary?.seconds.total ?? null,
      exports: v.is(exportsSchema, exportsJson) ? exportsJson.map(({ format, out, at }) => ({ format, out, at })) : [],
    },
  };
}

/** Reads run folders, each again only when a file in it has changed. */
export interface RunReader {
  /**
   * A run as its folder shows it: one without a summary counts as interrupted, also while an engine trains it.
   *
   * @returns null for a folder without a recipe, which is none of a run, or not yet
   */
  read(run: string): Promise<StoredRun | null>;
  /** Forgets runs that are not among these. */
  keepOnly(runs: readonly string[]): void;
}

export function createRunReader(): RunReader {
  const known = new Map<string, { readonly key: string; readonly stored: StoredRun | null }>();
  return {
    async read(run) {
      const facts = await Promise.all(WATCHED.map((name) => stat(join(run, name)).catch(() => null)));
      const key = facts.map((one) => (one === null ? '-' : `${one.mtimeMs} ${one.size} ${one.ino}`)).join(', ');
      const before = known.get(run);
      if (before?.key === key) return before.stored;
      const [recipeFacts] = facts;
      const createdAt = new Date(recipeFacts?.mtimeMs ?? 0).toISOString();
      const stored = recipeFacts === null ? null : await load(run, createdAt);
      known.set(run, { key, stored });
      return stored;
    },
    keepOnly(runs) {
      const kept = new Set(runs);
      for (const run of known.keys()) if (!kept.has(run)) known.delete(run);
    },
  };
}
