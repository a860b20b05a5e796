import { formatBytes, formatPercent, formatSeconds } from '../format.js';
import { type Column, renderTable } from '../table.js';
import {
  advantageOver,
  type BenchReport,
  type BenchResult,
  type BenchRow,
  type Metric,
  METRICS,
  spreadOver,
  type Subject,
} from './report.js';

const NAMES: Readonly<Record<Subject, string>> = {
  graft: 'Graft',
  script: 'PyTorch script',
  tuned: 'PyTorch tuned',
  keras: 'Keras',
  sharp: 'sharp alone',
};

const formatImages = (value: number): string => value.toFixed(1);

/** Columns in this order; those that no row has are left out. */
const HEADERS: Readonly<Record<Metric, { readonly header: string; readonly format: (value: number) => string }>> = {
  imagesPerSecond: { header: 'images/s', format: formatImages },
  scanImagesPerSecond: { header: 'scanned/s', format: formatImages },
  accuracy: { header: 'accuracy', format: formatPercent },
  epochSeconds: { header: 'epoch', format: formatSeconds },
  waitSeconds: { header: 'waiting', format: formatSeconds },
  totalSeconds: { header: 'in all', format: formatSeconds },
  trainSeconds: { header: 'training', format: formatSeconds },
  secondsToAccuracy: { header: 'to target', format: formatSeconds },
  peakMemoryBytes: { header: 'peak memory', format: formatBytes },
  memoryGrowthBytes: {
    header: 'growth',
    format: (bytes) => `${bytes < 0 ? '−' : ''}${formatBytes(Math.abs(bytes))}`,
  },
};

/** A median, with the range where there were rounds to have one. */
function formatSpread(result: BenchResult, metric: Metric): string {
  const spread = spreadOver(result, metric);
  if (spread === null) return '';
  const { format } = HEADERS[metric];
  const middle = format(spread.median);
  return result.rounds.length > 1 ? `${middle} (${format(spread.low)}–${format(spread.high)})` : middle;
}

export interface Table {
  readonly columns: readonly Column[];
  readonly rows: readonly (readonly string[])[];
}

function cellsOf(row: BenchRow, metrics: readonly Metric[]): string[][] {
  return row.results.map((result, index) => {
    const advantage = result.subject === 'graft' ? null : advantageOver(row, result.subject);
    return [
      index === 0 ? row.label : '',
      NAMES[result.subject],
      ...metrics.map((metric) => formatSpread(result, metric)),
      advantage === null ? '' : `${advantage.toFixed(2)} ×`,
    ];
  });
}

/** One line a row and subject, one column a metric that was measured, and how many times better Graft is. */
export function resultTable(rows: readonly BenchRow[]): Table {
  const metrics = METRICS.filter((metric) =>
    rows.some(({ results }) => results.some(({ rounds }) => rounds.some((round) => metric in round))),
  );
  return {
    columns: [
      { header: '' },
      { header: '' },
      ...metrics.map((metric): Column => ({ header: HEADERS[metric].header, align: 'right' })),
      { header: 'Graft better', align: 'right' },
    ],
    rows: rows.flatMap((row) => cellsOf(row, metrics)),
  };
}

/** Parts of a training step in the order in which they happen; the rest of the epoch is `other`. */
const STEP_PARTS = ['wait', 'frozen', 'forward', 'backward', 'update'] as const;
/** What workers do meanwhile. */
const WORKER_PARTS = ['decode', 'augment'] as const;

/** Milliseconds a step. Decoding and drawing happen in workers beside the step; only the wait for them costs time. */
export function profileTable(profiles: BenchReport['profiles']): Table {
  return {
    columns: [
      { header: 'ms a step' },
      ...[...STEP_PARTS, 'other', 'step', ...WORKER_PARTS.map((part) => `(${part})`)].map((header): Column => ({
        header,
        align: 'right',
      })),
    ],
    rows: profiles.map(({ label, profile: { seconds, steps } }) => {
      const known = STEP_PARTS.reduce((sum, part) => sum + seconds[part], 0);
      const whole = seconds.epoch - seconds.probing;
      const parts = [...STEP_PARTS.map((part) => seconds[part]), Math.max(0, whole - known), whole];
      return [label, ...[...parts, ...WORKER_PARTS.map((part) => seconds[part])].map((x) => formatMs(x / steps))];
    }),
  };
}

const formatMs = (seconds: number): string => (seconds * 1000).toFixed(1);

/** A table in Markdown. */
export function markdownTable({ columns, rows }: Table): string[] {
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell) => cell.replaceAll('|', '\\|')).join(' | ')} |`;
  return [
    line(columns.map(({ header }) => header)),
    `|${columns.map(({ align }) => (align === 'right' ? '---:' : '---')).join('|')}|`,
    ...rows.map(line),
  ];
}

/** The machine in a sentence, for example `AMD EPYC, 2 cores, AVX2; linux-x64; PyTorch 2.13.0`. */
export function describeMachine({
  processor,
  cores,
  memoryBytes,
  features,
  platform,
  software,
}: BenchReport['machine']) {
  const processorParts = [processor, `${cores} cores`, formatBytes(memoryBytes), ...features];
  return [processorParts.join(', '), platform, ...software].join('; ');
}

function describeSettings({ settings }: BenchReport): string {
  const { images, batchSize, threads, rounds, epochs, jobEpochs, target, data } = settings;
  return [
    `${images.train} training and ${images.val} validation images (${data})`,
    `batch ${batchSize}`,
    `${threads} threads`,
    `${rounds} ${rounds === 1 ? 'round' : 'rounds, median and range'}`,
    `the last of ${epochs} epochs`,
    `jobs of ${jobEpochs} epochs, target ${formatPercent(target)}`,
  ].join(', ');
}

/** A report for people: lines of plain text, or of Markdown. */
export function renderReport(report: BenchReport, style: 'text' | 'markdown'): string[] {
  const draw = (table: Table): string[] =>
    style === 'markdown' ? markdownTable(table) : renderTable(table.columns, table.rows);
  const lines = [describeMachine(report.machine), `${describeSettings(report)}.`];
  if (report.rows.length > 0) lines.push('', ...draw(resultTable(report.rows)));
  if (report.profiles.length > 0) lines.push('', ...draw(profileTable(report.profiles)));
  const remarks = report.rows.flatMap(({ label, results, missing }) => [
    ...results.flatMap(({ subject, note }) => (note === null ? [] : [`${label}, ${NAMES[subject]}: ${note}`])),
    ...missing.map(({ subject, reason }) => `${label}, ${NAMES[subject]}: not measured: ${reason}`),
  ]);
  if (remarks.length > 0) lines.push('', ...remarks.map((remark) => (style === 'markdown' ? `- ${remark}` : remark)));
  return lines;
}
