import type { BatchMetrics, EpochMetrics, StepProfile } from '../../../../shared/reports.js';
import type { Callback } from '../fit.js';

/** Batch events go out at most this often; epoch events always do. */
const BATCH_INTERVAL_MS = 100;

/**
 * Tells the outside how training goes.
 *
 * @param options.waitSeconds time that the trainer has spent waiting for batches since the run began
 * @param options.profile where the epoch's time went; null where nobody asked
 */
export function createReporter(options: {
  onBatch(metrics: BatchMetrics): void;
  onEpoch(metrics: EpochMetrics): Promise<void>;
  waitSeconds(): number;
  readonly profile?: (() => StepProfile) | null;
}): Callback {
  let lastBatchAt = -Infinity;
  let waitedBefore = 0;
  return {
    onBatchEnd(state, logs) {
      const now = performance.now();
      if (now - lastBatchAt < BATCH_INTERVAL_MS) return;
      lastBatchAt = now;
      options.onBatch({
        epoch: state.epoch,
        step: state.step,
        steps: state.steps,
        loss: logs.loss,
        accuracy: logs.hits / logs.count,
        lr: logs.lr,
        imagesPerSecond: logs.images / logs.seconds,
      });
    },
    async onEpochEnd(state, logs) {
      const waited = options.waitSeconds();
      const wait = waited - waitedBefore;
      waitedBefore = waited;
      await options.onEpoch({
        epoch: state.epoch,
        epochs: state.epochs,
        train: logs.train,
        val: logs.val,
        lr: logs.lr,
        imagesPerSecond: logs.images / logs.seconds.train,
        seconds: { ...logs.seconds, wait },
        ...(options.profile ? { profile: options.profile() } : {}),
      });
    },
  };
}
