import { createHash } from 'node:crypto';
import { join } from 'node:path';
import * as v from 'valibot';
import type { EvaluationReport } from '../../../shared/reports.js';
import { readCachedJson, writeCachedJson } from '../dataset/cache.js';

/** Raised when a report is computed or written differently, so that old ones are not found. */
const EVALUATION_VERSION = 1;

const share = v.nullable(v.number());

const reportSchema = v.strictObject({
  accuracy: v.number(),
  baseline: v.number(),
  loss: v.number(),
  interval: v.strictTuple([v.number(), v.number()]),
  classes: v.array(v.string()),
  confusion: v.array(v.array(v.number())),
  perClass: v.array(
    v.strictObject({ name: v.string(), support: v.number(), precision: share, recall: share, f1: share }),
  ),
  predictions: v.array(
    v.strictObject({
      path: v.string(),
      label: v.string(),
      predicted: v.string(),
      probabilities: v.array(v.number()),
      loss: v.number(),
    }),
  ),
  problems: v.array(
    v.strictObject({
      path: v.string(),
      code: v.string(),
      severity: v.picklist(['excluded', 'warning']),
      message: v.string(),
    }),
  ),
});

const fileSchema = v.strictObject({ key: v.string(), report: reportSchema });

/** The key of a report: everything that it depends on, as JSON-able values. */
export function evaluationKey(parts: readonly unknown[]): string {
  return createHash('sha256')
    .update(JSON.stringify([EVALUATION_VERSION, ...parts]))
    .digest('hex');
}

const fileName = (split: string): string => `evaluation-${split}.json`;

/** The report that a run folder keeps of a split, or null when there is none, or one of other weights or pictures. */
export async function readEvaluation(run: string, split: string, key: string): Promise<EvaluationReport | null> {
  const kept = v.safeParse(fileSchema, await readCachedJson(join(run, fileName(split))));
  return kept.success && kept.output.key === key ? kept.output.report : null;
}

/** Keeps a report in its run's folder; where that cannot be written to, it is computed again the next time. */
export async function writeEvaluation(
  run: string,
  split: string,
  key: string,
  report: EvaluationReport,
): Promise<void> {
  await writeCachedJson(run, fileName(split), { key, report });
}
