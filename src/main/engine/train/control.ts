import { throwIfAborted } from '../../../shared/errors.js';

/** How the outside steers a run. */
export interface RunControl {
  /** Aborted once the run is to end, kept or not: what comes before the first step gives up. */
  readonly ending: AbortSignal;
  /** Aborted once the run is to end without a trace. */
  readonly cancelled: AbortSignal;
  readonly isPaused: boolean;
  /** Ends the run after the batch in hand and keeps it. */
  stop(): void;
  /** Ends the run after the batch in hand and gives it up. */
  cancel(): void;
  /** Holds the run after the batch in hand, or lets it go on. */
  pause(isPaused: boolean): void;
  /**
   * Resolves at once, or when a paused run goes on or ends.
   *
   * @throws GraftError `cancelled` when the run is given up
   */
  held(): Promise<void>;
  /** A monotonic clock in milliseconds that stands still while the run is held. */
  nowMs(): number;
}

export function createRunControl(): RunControl {
  const ending = new AbortController();
  const cancelled = new AbortController();
  let paused: { readonly over: Promise<void>; end(): void } | null = null;
  let heldMs = 0;

  const pause = (isPaused: boolean): void => {
    if (isPaused === (paused !== null)) return;
    if (paused !== null) {
      paused.end();
      paused = null;
      return;
    }
    let end = (): void => undefined;
    const over = new Promise<void>((resolve) => (end = resolve));
    paused = { over, end };
  };
  const end = (...controllers: readonly AbortController[]): void => {
    for (const controller of controllers) controller.abort();
    pause(false);
  };

  return {
    ending: ending.signal,
    cancelled: cancelled.signal,
    get isPaused() {
      return paused !== null;
    },
    stop: () => end(ending),
    cancel: () => end(ending, cancelled),
    pause(isPaused) {
      if (!ending.signal.aborted) pause(isPaused);
    },
    async held() {
      const started = performance.now();
      // Let go and held again in the same moment, it is still held.
      while (paused !== null) await paused.over;
      heldMs += performance.now() - started;
      throwIfAborted(cancelled.signal);
    },
    nowMs: () => performance.now() - heldMs,
  };
}
