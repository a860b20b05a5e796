import type { Events } from '../../../shared/contract.js';
import { formatCount, formatPercent, formatRate, formatSeconds } from '../format.js';
import type { Output } from '../output.js';
import { renderTable, type Column } from '../table.js';

/** Follows a run's events on the terminal. */
export interface TrainReport {
  started(event: Events['train.started']): void;
  batch(event: Events['train.batch']): void;
  epoch(event: Events['train.epoch']): void;
  ended(event: Events['train.ended']): void;
  failed(event: Events['train.failed']): void;
}

const COLUMNS: readonly Column[] = [
  { header: '  epoch', align: 'right' },
  { header: 'train loss', align: 'right' },
  { header: 'acc    ', align: 'right' },
  { header: 'val loss', align: 'right' },
  { header: 'acc    ', align: 'right' },
  { header: 'lr      ' },
  { header: 'images/s', align: 'right' },
  { header: 'left' },
];

/**
 * With `json` every event but the batches' is a line on stdout; otherwise each epoch is a line of a table. Within an
 * epoch the progress bar moves.
 *
 * @param options.epochs the recipe's, since batches don't say
 * @param nowMs a monotonic clock
 */
export function createTrainReport(
  output: Output,
  options: { readonly json: boolean; readonly epochs: number },
  nowMs: () => number,
): TrainReport {
  const { json, epochs } = options;
  let first: { readonly step: number; readonly atMs: number } | null = null;

  const event = (name: keyof Events, data: object): void => {
    if (json) output.json({ event: name, ...data });
  };
  return {
    started(data) {
      event('train.started', data);
      if (json) return;
      const { images, classes, epochsDone } = data;
      output.line(
        `${formatCount(images.train, 'training image')}, ${formatCount(images.val, 'validation image')}, ` +
          `${classes.length} classes: ${classes.join(', ')}`,
      );
      if (epochsDone > 0) output.line(`Going on after ${formatCount(epochsDone, 'epoch')}.`);
      output.line(renderTable(COLUMNS, [])[0]);
    },
    batch({ step, steps, epoch }) {
      const now = nowMs();
      first ??= { step, atMs: now };
      const done = step - first.step;
      const left = done > 0 ? ((steps - step) * (now - first.atMs)) / 1000 / done : undefined;
      const stepsPerEpoch = steps / epochs;
      output.progress.update(
        {
          task: 'train',
          done: step - (epoch - 1) * stepsPerEpoch,
          total: stepsPerEpoch,
          unit: 'steps',
          label: `epoch ${epoch}/${epochs}`,
        },
        left,
      );
    },
    epoch(data) {
      event('train.epoch', data);
      if (json) return;
      const { epoch, train, val, lr, imagesPerSecond, seconds } = data;
      const left = (data.epochs - epoch) * (seconds.train + seconds.validate);
      const row = [
        `${epoch}/${data.epochs}`,
        train.loss.toFixed(4),
        formatPercent(train.accuracy),
        val.loss.toFixed(4),
        formatPercent(val.accuracy),
        formatRate(lr),
        imagesPerSecond.toFixed(1),
        left > 0 ? formatSeconds(left) : '',
      ];
      output.line(renderTable(COLUMNS, [row])[1]);
    },
    ended: (data) => event('train.ended', data),
    failed: (data) => event('train.failed', data),
  };
}
