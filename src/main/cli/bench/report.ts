import * as v from 'valibot';
import { GraftError } from '../../../shared/errors.js';

/** What is measured, as the command line names it. */
export const ROW_GROUPS = ['frozen', 'finetune', 'job', 'second-run', 'cache', 'memory', 'many'] as const;
export type RowGroup = (typeof ROW_GROUPS)[number];

/**
 * Who is measured. `script`: PyTorch's tutorial as people write it; `tuned`: PyTorch float32 channels-last, compute alone;
 * `keras`: Keras with `tf.data`, cache and prefetch; `sharp`: bare decoding.
 */
export const SUBJECTS = ['graft', 'script', 'tuned', 'keras', 'sharp'] as const;
export type Subject = (typeof SUBJECTS)[number];
export type Peer = Exclude<Subject, 'graft'>;

/** Where more is better; of all other metrics less is. */
const MORE_IS_BETTER = ['imagesPerSecond', 'scanImagesPerSecond', 'accuracy'] as const;
const LESS_IS_BETTER = [
  /** Training an epoch, validation not included. */
  'epochSeconds',
  /** Time of {@link METRICS} `epochSeconds` that was spent waiting for batches. */
  'waitSeconds',
  /** From the process's start to its end. */
  'totalSeconds',
  /** Training and validating, without the preparation. */
  'trainSeconds',
  /** From the process's start until the validation accuracy first reached the target. */
  'secondsToAccuracy',
  'peakMemoryBytes',
  /** Resident memory at the end of an epoch against its first third; may be below 0. */
  'memoryGrowthBytes',
] as const;
export const METRICS = [...MORE_IS_BETTER, ...LESS_IS_BETTER] as const;
export type Metric = (typeof METRICS)[number];
/** What one round of one subject gave; what could not be measured is absent. */
export type Metrics = Readonly<Partial<Record<Metric, number>>>;

const number = v.number();
const metricsSchema = v.pipe(
  v.record(v.string(), number),
  v.transform((values): Metrics =>
    Object.fromEntries(METRICS.flatMap((id) => (id in values ? [[id, values[id]!]] : []))),
  ),
);

export const stepProfileSchema = v.object({
  steps: number,
  images: number,
  seconds: v.object({
    epoch: number,
    wait: number,
    frozen: number,
    forward: number,
    backward: number,
    update: number,
    decode: number,
    augment: number,
    probing: number,
  }),
});

const machineSchema = v.object({
  processor: v.string(),
  cores: number,
  memoryBytes: number,
  /** Of what numerics care about: AVX2, AVX-512, bfloat16, AMX. */
  features: v.array(v.string()),
  platform: v.string(),
  /** Name and version of everything that was measured. */
  software: v.array(v.string()),
});
export type Machine = v.InferOutput<typeof machineSchema>;

const rowSchema = v.object({
  id: v.string(),
  group: v.picklist(ROW_GROUPS),
  label: v.string(),
  /** What the row is about; its ratios are of this. */
  metric: v.picklist(METRICS),
  results: v.array(
    v.object({
      subject: v.picklist(SUBJECTS),
      rounds: v.array(metricsSchema),
      /** What must be known to read the numbers. */
      note: v.nullable(v.string()),
    }),
  ),
  /** Who was not measured, and why. */
  missing: v.array(v.object({ subject: v.picklist(SUBJECTS), reason: v.string() })),
});

const reportSchema = v.object({
  version: v.literal(1),
  graftVersion: v.string(),
  measuredAt: v.string(),
  machine: machineSchema,
  settings: v.object({
    preset: v.picklist(['quick', 'full']),
    data: v.string(),
    images: v.object({ train: number, val: number }),
    batchSize: number,
    threads: number,
    rounds: number,
    epochs: number,
    jobEpochs: number,
    /** Validation accuracy, 0..1, of `secondsToAccuracy`. */
    target: number,
  }),
  rows: v.array(rowSchema),
  profiles: v.array(v.object({ label: v.string(), profile: stepProfileSchema })),
});

/** What a call of `graft bench` found; `--json` prints it, `--report` reads it. */
export type BenchReport = v.InferOutput<typeof reportSchema>;
export type BenchRow = BenchReport['rows'][number];
export type BenchResult = BenchRow['results'][number];
export type BenchSettings = BenchReport['settings'];

/**
 * Reads a report that an earlier call wrote.
 *
 * @throws GraftError `invalid-value` naming what is wrong
 */
export function parseReport(value: unknown): BenchReport {
  const parsed = v.safeParse(reportSchema, value);
  if (parsed.success) return parsed.output;
  const issue = parsed.issues[0];
  throw new GraftError(
    'invalid-value',
    `--report: expected what \`graft bench --json\` prints, but ${v.getDotPath(issue) ?? 'it'}: ${issue.message}`,
  );
}

/** Middle of some numbers and the ends of their range. */
export interface Spread {
  readonly median: number;
  readonly low: number;
  readonly high: number;
}

/** Null of no numbers. The median of an even count is the mean of the middle two. */
export function spreadOf(values: readonly number[]): Spread | null {
  if (values.length === 0) return null;
  const sorted = [...values].sort((a, b) => a - b);
  const half = sorted.length / 2;
  const median = (sorted[Math.ceil(half) - 1]! + sorted[Math.floor(half)]!) / 2;
  return { median, low: sorted[0]!, high: sorted.at(-1)! };
}

/** A metric over the rounds in which it was measured. */
export function spreadOver({ rounds }: Pick<BenchResult, 'rounds'>, metric: Metric): Spread | null {
  return spreadOf(rounds.flatMap((round) => round[metric] ?? []));
}

/**
 * How many times better Graft is than a peer in a row's metric, by the medians: 2 is twice as fast, or half the memory.
 * Null where one of them was not measured.
 */
export function advantageOver(row: Pick<BenchRow, 'metric' | 'results'>, peer: Subject): number | null {
  const medianOf = (subject: Subject): number | undefined => {
    const result = row.results.find((one) => one.subject === subject);
    return result && spreadOver(result, row.metric)?.median;
  };
  const [ours, theirs] = [medianOf('graft'), medianOf(peer)];
  if (ours === undefined || theirs === undefined || ours === 0 || theirs === 0) return null;
  return MORE_IS_BETTER.some((metric) => metric === row.metric) ? ours / theirs : theirs / ours;
}
