import type { AugmentRisk } from '../../../shared/live-reports.js';
import type { Studio } from '../../state/studio.svelte.js';

/** A policy has to rest for so long before the engine looks at it. */
const SETTLE_MS = 1200;

/**
 * Steps of the policy that may turn a picture's class into another, as the engine finds them when the backbone's weights
 * are here and no run needs it. A hint: where it can't be had, nothing is shown.
 */
export class RiskWatch {
  #found: { readonly about: string; readonly risks: readonly AugmentRisk[] } | null = $state.raw(null);
  readonly #studio: Studio;
  /** All that the answer depends on; null while there is nothing to ask or nobody to answer. */
  readonly #about: string | null = $derived.by(() => this.#describe());

  constructor(studio: Studio) {
    this.#studio = studio;
    $effect(() => this.#watch());
  }

  /** By the step's place in the policy. */
  of(step: number): AugmentRisk | null {
    const found = this.#found;
    if (found === null || found.about !== this.#about) return null;
    return found.risks.find((risk) => risk.step === step) ?? null;
  }

  #describe(): string | null {
    const { project, training, backbones, processes } = this.#studio;
    const { recipe, summary } = project;
    if (recipe === null || recipe.augment.steps.length === 0) return null;
    const backbone = backbones.find(({ id }) => id === recipe.backbone.id);
    const isInstalled = (backbone?.file ?? recipe.backbone.weightsFile ?? null) !== null;
    const isReady = processes.engine.state === 'ready' && !training.isRunning && summary?.state === 'ready';
    return isInstalled && isReady ? JSON.stringify([recipe.augment.steps, recipe.backbone, recipe.data]) : null;
  }

  #watch(): (() => void) | undefined {
    const about = this.#about;
    if (about === null) return undefined;
    const stop = new AbortController();
    const timer = setTimeout(() => void this.#ask(about, stop.signal), SETTLE_MS);
    return () => {
      clearTimeout(timer);
      stop.abort();
    };
  }

  async #ask(about: string, signal: AbortSignal): Promise<void> {
    const { connection, project } = this.#studio;
    try {
      const recipe = await project.settledRecipe();
      if (signal.aborted) return;
      const { risks } = await connection.call('augment.risks', { recipe }, { signal });
      if (!signal.aborted) this.#found = { about, risks };
    } catch {
      // Nobody asked for it: a run that has just begun, a cancelled look or a data set too small for one say nothing.
    }
  }
}
