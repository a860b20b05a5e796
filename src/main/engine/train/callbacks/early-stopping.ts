import type { Callback } from '../fit.js';

/** What early stopping remembers between epochs. */
export interface EarlyStoppingMemory {
  /** Lowest validation loss so far; null before the first epoch. */
  readonly best: number | null;
  /** Epochs since. */
  readonly waited: number;
}

export interface EarlyStopping extends Callback {
  memory(): EarlyStoppingMemory;
}

/**
 * Ends the run when the validation loss has not fallen by more than `minDelta` for `patience` epochs.
 *
 * @param from what it remembers of an earlier part of the run
 */
export function createEarlyStopping(
  options: { readonly patience: number; readonly minDelta: number },
  from: EarlyStoppingMemory | null = null,
): EarlyStopping {
  let best = from?.best ?? null;
  let waited = from?.waited ?? 0;
  return {
    memory: () => ({ best, waited }),
    onEpochEnd(_state, logs, control) {
      if (logs.val.loss < (best ?? Infinity) - options.minDelta) {
        best = logs.val.loss;
        waited = 0;
      } else if (++waited >= options.patience) control.stop('early-stopping');
    },
  };
}
