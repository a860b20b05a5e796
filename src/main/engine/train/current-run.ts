import type { EventName, Events } from '../../../shared/contract.js';
import type { Recipe } from '../../../shared/recipe.js';
import type { CurrentRun } from '../../../shared/live-reports.js';
import type { BatchMetrics, EpochMetrics } from '../../../shared/reports.js';

/** What is remembered of batches: the last one in each of so many equal parts of the run. */
const MAX_BATCHES = 2000;

/** Listens to a run's events, so that a page that comes late can have what it missed. */
export interface CurrentRunRecord {
  hear<E extends EventName>(name: E, data: Events[E]): void;
  view(): CurrentRun;
}

/** @param epochs those that a run that goes on has behind it */
export function createCurrentRunRecord(run: string, recipe: Recipe, epochs: readonly EpochMetrics[]): CurrentRunRecord {
  const startedAt = new Date().toISOString();
  const batches: BatchMetrics[] = [];
  let lastPart = -1;
  let view: Omit<CurrentRun, 'batches'> = {
    run,
    recipe,
    startedAt,
    isPaused: false,
    started: null,
    progress: null,
    epochs: [...epochs],
    samples: [],
  };
  const listeners: { readonly [E in EventName]?: (data: Events[E]) => void } = {
    'train.progress': ({ progress }) => (view = { ...view, progress }),
    'train.started': ({ run: _run, ...started }) => (view = { ...view, started, progress: null }),
    'train.batch': ({ run: _run, ...batch }) => {
      const part = Math.floor(((batch.step - 1) * MAX_BATCHES) / batch.steps);
      if (part === lastPart) batches.pop();
      lastPart = part;
      batches.push(batch);
    },
    'train.epoch': ({ run: _run, ...epoch }) => (view = { ...view, epochs: [...view.epochs, epoch] }),
    'train.samples': ({ samples }) => (view = { ...view, samples }),
    'train.paused': ({ isPaused }) => (view = { ...view, isPaused }),
  };
  return {
    hear(name, data) {
      listeners[name]?.(data);
    },
    view: () => ({ ...view, batches: [...batches] }),
  };
}
