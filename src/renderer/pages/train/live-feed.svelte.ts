import type { BatchMetrics } from '../../../shared/reports.js';

/** Batches are shown at most this often: the eye follows no more, and drawing takes time from training. */
const PACE_MS = 300;

/** The batches of a run at a pace that can be followed; the latest is never held back for long. */
export class LiveFeed {
  batches: readonly BatchMetrics[] = $state.raw([]);
  #held: readonly BatchMetrics[] | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  /** Takes what there is now. `isUrgent` shows it at once, as at the end of an epoch. */
  take(batches: readonly BatchMetrics[], isUrgent: boolean): void {
    this.#held = batches;
    if (isUrgent || this.#timer === null) this.#show();
  }

  #show(): void {
    this.stop();
    if (this.#held === null) return;
    this.batches = this.#held;
    this.#held = null;
    this.#timer = setTimeout(() => {
      this.#timer = null;
      this.#show();
    }, PACE_MS);
  }

  /** Shows nothing more by itself. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
