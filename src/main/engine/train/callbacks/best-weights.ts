import { isBetterEpoch } from '../../../../shared/metrics.js';
import type { LossAndAccuracy } from '../../../../shared/reports.js';
import type { Callback } from '../fit.js';

export interface BestEpoch {
  readonly epoch: number;
  readonly val: LossAndAccuracy;
}

export interface BestWeights<S> extends Callback {
  /** Null until an epoch has ended. */
  best(): BestEpoch | null;
  /** The copy that is kept, still its keeper's. */
  kept(): S | null;
  /** Releases the kept copy. */
  dispose(): void;
}

/**
 * Keeps the weights of the best epoch and puts them back at the end, however the run ends.
 *
 * @param model `snapshot` copies the weights, `restore` puts a copy back, `release` frees one
 * @param from the best epoch of an earlier part of the run; takes its weights over
 */
export function createBestWeights<S>(
  model: {
    snapshot(): Promise<S>;
    restore(snapshot: S): void;
    release(snapshot: S): void;
  },
  from: { readonly best: BestEpoch; readonly weights: S } | null = null,
): BestWeights<S> {
  let best: BestEpoch | null = from?.best ?? null;
  let kept: S | null = from?.weights ?? null;
  return {
    best: () => best,
    kept: () => kept,
    dispose: () => {
      if (kept !== null) model.release(kept);
      kept = null;
    },
    async onEpochEnd(state, logs) {
      if (best !== null && !isBetterEpoch(logs.val, best.val)) return;
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
