import type { LossAndAccuracy } from '../../../../shared/reports.js';
import type { Callback } from '../fit.js';

export interface BestEpoch {
  readonly epoch: number;
  readonly val: LossAndAccuracy;
}

/** Whether `a` is better than `b`: higher validation accuracy, and of equals the lower loss. */
export function isBetter(a: LossAndAccuracy, b: LossAndAccuracy): boolean {
  return a.accuracy > b.accuracy || (a.accuracy === b.accuracy && a.loss < b.loss);
}

export interface BestWeights extends Callback {
  /** Null until an epoch has ended. */
  best(): BestEpoch | null;
  /** Releases the kept copy. */
  dispose(): void;
}

/**
 * Keeps the weights of the best epoch and puts them back at the end, however the run ends.
 *
 * @param model `snapshot` copies the weights, `restore` puts a copy back, `release` frees one
 */
export function createBestWeights<S>(model: {
  snapshot(): Promise<S>;
  restore(snapshot: S): void;
  release(snapshot: S): void;
}): BestWeights {
  let best: BestEpoch | null = null;
  let kept: S | null = null;
  return {
    best: () => best,
    dispose: () => {
      if (kept !== null) model.release(kept);
      kept = null;
    },
    async onEpochEnd(state, logs) {
      if (best !== null && !isBetter(logs.val, best.val)) return;
      best = { epoch: state.epoch, val: logs.val };
      const previous = kept;
      kept = await model.snapshot();
      if (previous !== null) model.release(previous);
    },
    onFitEnd() {
      if (kept !== null) model.restore(kept);
    },
  };
}
