import type { BatchMetrics, EpochMetrics } from '../../../shared/reports.js';

/** Batches are shown at most this often: the eye follows no more, and drawing takes time from training. */
const BATCH_PACE_MS = 300;
/** An epoch's end is shown at most this long after it. */
const EPOCH_PACE_MS = 80;

/** A run's curves at a pace that can be followed. What comes after a pause is shown at once, the latest never lost. */
export class LiveFeed {
  batches: readonly BatchMetrics[] = $state.raw([]);
  epochs: readonly EpochMetrics[] = $state.raw([]);
  #held: { readonly batches: readonly BatchMetrics[]; readonly epochs: readonly EpochMetrics[] } | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;
  #shownMs = -Infinity;

  /**
   * Takes what there is now.
   *
   * @param options.isOver there is nothing more to come
   * @param options.isHidden nobody looks: it waits for {@link show}
   */
  take(
    batches: readonly BatchMetrics[],
    epochs: readonly EpochMetrics[],
    { isOver = false, isHidden = false }: { readonly isOver?: boolean; readonly isHidden?: boolean } = {},
  ): void {
    this.#held = { batches, epochs };
    if (isHidden) return this.stop();
    const isUrgent = epochs.length !== this.epochs.length || batches.length === 0;
    const waitMs = isOver ? 0 : (isUrgent ? EPOCH_PACE_MS : BATCH_PACE_MS) - (performance.now() - this.#shownMs);
    this.stop();
    if (waitMs <= 0) this.show();
    else this.#timer = setTimeout(() => this.show(), waitMs);
  }

  /** Shows at once what is held. */
  show(): void {
    this.stop();
    if (this.#held === null) return;
    this.batches = this.#held.batches;
    this.epochs = this.#held.epochs;
    this.#held = null;
    this.#shownMs = performance.now();
  }

  /** Shows nothing more by itself. */
  stop(): void {
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#timer = null;
  }
}
