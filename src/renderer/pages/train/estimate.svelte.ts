import type { Recipe } from '../../../shared/recipe.js';
import type { TrainEstimate } from '../../../shared/live-reports.js';
import { type Explanation, explainError, isCancelled } from '../../state/errors.js';
import type { Studio } from '../../state/studio.svelte.js';

/** Edits within this time are asked for once. */
const DEBOUNCE_MS = 400;

/** What of a recipe decides how long a run takes and how much memory. */
export function estimateKey({ data, backbone, mode, fineTune, augment, training }: Recipe): string {
  const { epochs, batchSize, views, dropout, optimizer } = training;
  return JSON.stringify([
    data,
    backbone,
    mode,
    fineTune,
    augment,
    epochs,
    batchSize,
    views,
    dropout > 0,
    optimizer.kind,
  ]);
}

/** The estimate of the recipe in hand, asked for again when it changes. */
export class Estimate {
  /** The latest; of an older recipe while `isBusy`. */
  value: TrainEstimate | null = $state.raw(null);
  isBusy: boolean = $state(false);
  failure: Explanation | null = $state.raw(null);
  readonly #studio: Studio;

  constructor(studio: Studio) {
    this.#studio = studio;
  }

  /** Asks after a moment. @returns gives it up */
  ask(): () => void {
    const controller = new AbortController();
    this.isBusy = true;
    const timer = setTimeout(() => void this.#ask(controller.signal), DEBOUNCE_MS);
    return () => {
      clearTimeout(timer);
      controller.abort();
    };
  }

  async #ask(signal: AbortSignal): Promise<void> {
    try {
      const recipe = await this.#studio.project.settledRecipe();
      const value = await this.#studio.connection.call('train.estimate', { recipe }, { signal });
      if (signal.aborted) return;
      this.value = value;
      this.failure = null;
    } catch (error) {
      if (signal.aborted || isCancelled(error)) return;
      this.value = null;
      this.failure = explainError(error);
    }
    this.isBusy = false;
  }

  /** There is nothing to estimate. */
  clear(): void {
    this.value = null;
    this.failure = null;
    this.isBusy = false;
  }
}
