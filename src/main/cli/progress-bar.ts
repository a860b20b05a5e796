import { type Progress, secondsLeft } from '../../shared/progress.js';
import { formatBytes, formatSeconds } from './format.js';

/** The part of a stream that the command line writes to. */
export interface TextStream {
  write(text: string): unknown;
  readonly isTTY?: boolean;
  readonly columns?: number;
}

export interface ProgressBar {
  /** Shows how far a task is; `left` overrides the time left that the speed so far suggests. */
  update(progress: Progress, left?: number): void;
  /** Takes the bar off the terminal, so that a line can be written in its place. */
  clear(): void;
}

const TASKS: Readonly<Record<Progress['task'], string>> = {
  scan: 'Looking through the images',
  decode: 'Reading images',
  download: 'Downloading',
  prepare: 'Preparing',
  features: 'Computing features',
  train: 'Training',
  evaluate: 'Evaluating',
  export: 'Exporting',
  render: 'Rendering',
  probe: 'Trying out the fastest way to run the backbone',
  measure: 'Measuring speed',
  sample: 'Making the sample',
  upload: 'Copying',
};

const BAR_CELLS = 24;
/** Without a terminal a line is for a log, where one every ten seconds is enough. */
const INTERVAL_MS = { terminal: 100, log: 10_000 } as const;

function describe(progress: Progress, left: number | null): string {
  const { done, total, unit } = progress;
  const amount = (value: number): string => (unit === 'bytes' ? formatBytes(value) : String(value));
  const parts = [progress.label === undefined ? TASKS[progress.task] : `${TASKS[progress.task]}: ${progress.label}`];
  if (total !== null && total > 0) {
    const share = Math.min(1, done / total);
    const filled = Math.round(share * BAR_CELLS);
    parts.push(`[${'#'.repeat(filled)}${'-'.repeat(BAR_CELLS - filled)}] ${Math.floor(share * 100)} %`);
  }
  parts.push(`${amount(done)}${total === null ? '' : `/${amount(total)}`}${unit === 'bytes' ? '' : ` ${unit}`}`);
  if (left !== null) parts.push(`${formatSeconds(left)} left`);
  return parts.join('  ');
}

/**
 * Draws progress on one line of a terminal, or writes a line now and then where there is none.
 *
 * @param nowMs a monotonic clock
 */
export function createProgressBar(stream: TextStream, nowMs: () => number): ProgressBar {
  const terminal = stream.isTTY === true;
  const intervalMs = terminal ? INTERVAL_MS.terminal : INTERVAL_MS.log;
  let drawnAt = -Infinity;
  let drawn = false;
  let key = '';
  let startedAt = 0;
  return {
    update(progress, left) {
      const now = nowMs();
      const nextKey = `${progress.task} ${progress.label ?? ''}`;
      if (nextKey !== key) {
        key = nextKey;
        startedAt = now;
        // A log's first line about a task can wait: most tasks end within the interval.
        drawnAt = terminal ? -Infinity : now;
      }
      if (now - drawnAt < intervalMs) return;
      drawnAt = now;
      const text = describe(progress, left ?? secondsLeft(progress, (now - startedAt) / 1000));
      // A line as wide as the terminal would wrap, and `\r` would return to its second half.
      stream.write(terminal ? `\r${text.slice(0, (stream.columns ?? 80) - 1)}\u001b[K` : `${text}\n`);
      drawn = terminal;
    },
    clear() {
      if (drawn) stream.write('\r\u001b[K');
      drawn = false;
    },
  };
}
