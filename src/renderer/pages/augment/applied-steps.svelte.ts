import { untrack } from 'svelte';
import { REST_MS } from '../../preview/pace.js';
import { viewOfEpoch } from '../../preview/view.js';
import type { Studio } from '../../state/studio.svelte.js';
import type { PreviewState } from './preview-state.svelte.js';
import { planSteps } from './step-plans.js';

/** How many of the squares that show dice a step changes. */
export interface AppliedCount {
  readonly count: number;
  readonly of: number;
}

/**
 * Counts for each step of the policy the squares that it changes: once its settings rest, so that it takes no time from the
 * drawing of what moves.
 */
export class AppliedSteps {
  /** In the policy's order. */
  counts: readonly AppliedCount[] = $state.raw([]);

  readonly #studio: Studio;
  readonly #preview: PreviewState;
  /** Of the steps that are counted. */
  #ops = '';

  constructor(studio: Studio, preview: PreviewState) {
    this.#studio = studio;
    this.#preview = preview;
    $effect(() => this.#follow());
  }

  #follow(): (() => void) | undefined {
    const { settings, cells, drawn } = this.#preview;
    const training = this.#studio.project.recipe?.training;
    const count = (): void => {
      if (settings === null || training === undefined) {
        this.counts = [];
        return;
      }
      const { policy, seed, input, framing } = settings;
      const plans = cells.flatMap(({ key, epoch, image }) => {
        const source = drawn.get(key)?.source;
        if (source === undefined || epoch === null) return [];
        const dice = { seed, view: viewOfEpoch(epoch, training.views), imageId: image.hash };
        return [planSteps(policy, dice, source, input, framing)];
      });
      const changed = (index: number): number => plans.filter((plan) => plan[index]?.outcome === 'applied').length;
      const of = plans.length;
      this.counts = of === 0 ? [] : policy.steps.map((_, index) => ({ count: changed(index), of }));
    };
    const ops = JSON.stringify(settings?.policy.steps.map(({ op }) => op) ?? []);
    if (ops !== this.#ops) {
      // Counts of other steps must not stand at these.
      this.#ops = ops;
      untrack(count);
      return undefined;
    }
    const timer = setTimeout(count, REST_MS);
    return () => clearTimeout(timer);
  }
}
