import type { Callback } from '../fit.js';

/**
 * Ends the run when the validation loss has not fallen by more than `minDelta` for `patience` epochs.
 */
export function createEarlyStopping(options: { readonly patience: number; readonly minDelta: number }): Callback {
  let best = Infinity;
  let waited = 0;
  return {
    onEpochEnd(_state, logs, control) {
      if (logs.val.loss < best - options.minDelta) {
        best = logs.val.loss;
        waited = 0;
      } else if (++waited >= options.patience) control.stop('early-stopping');
    },
  };
}
