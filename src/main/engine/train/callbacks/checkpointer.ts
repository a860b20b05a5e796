import type { Callback, FitPosition, FitState } from '../fit.js';

/** A run loses at most about this much training when its process dies. */
const MAX_INTERVAL_MS = 60_000;
/** Writing takes at most one part in so many of the time. */
const SHARE = 20;

/**
 * Saves where a run is: after an epoch unless that would come too often for what saving costs, within an epoch once a
 * minute, and whenever the run is about to be held or to end on demand. The last epoch needs none.
 *
 * @param options.from what is saved already
 * @param options.nowMs a clock that stands still while the run is held
 */
export function createCheckpointer(options: {
  save(position: FitPosition): Promise<void>;
  readonly from: FitPosition | null;
  nowMs(): number;
}): Callback {
  let saved = options.from;
  let savedAtMs = options.nowMs();
  let costMs = 0;
  const sinceMs = (): number => options.nowMs() - savedAtMs;

  const save = async ({ position }: FitState): Promise<void> => {
    if (saved?.epochsDone === position.epochsDone && saved.batches === position.batches) return;
    const started = options.nowMs();
    await options.save(position);
    saved = position;
    savedAtMs = options.nowMs();
    costMs = savedAtMs - started;
  };
  return {
    onFitStart() {
      savedAtMs = options.nowMs();
    },
    async onBatchEnd(state) {
      if (sinceMs() >= Math.max(MAX_INTERVAL_MS, SHARE * costMs)) await save(state);
    },
    async onEpochEnd(state, _logs, control) {
      if (control.ended !== null || state.epoch === state.epochs) return;
      if (sinceMs() >= Math.min(MAX_INTERVAL_MS, SHARE * costMs)) await save(state);
    },
    onInterrupt: save,
  };
}
