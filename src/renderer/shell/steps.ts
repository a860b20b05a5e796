import { formatCount, formatPercent, formatPlural } from '../format.js';
import type { PageName } from '../state/router.svelte.js';
import type { Studio } from '../state/studio.svelte.js';

/** What the rail says about a step. */
export interface StepState {
  /** One short line below its name. */
  readonly line: string;
  /** `ready`: can be used; `done`: has a result; `busy`: works; `waiting`: needs an earlier step; `problem`: look here. */
  readonly mark: 'waiting' | 'ready' | 'busy' | 'done' | 'problem';
}

function dataState(studio: Studio): StepState {
  const { project, summary, isLoaded } = studio.project;
  if (!isLoaded) return { line: '', mark: 'ready' };
  if (project === null) return { line: 'No pictures yet', mark: 'ready' };
  if (summary === null) return { line: project.name, mark: 'busy' };
  const counts = `${formatPlural(summary.images, 'picture')}, ${formatPlural(summary.classes.length, 'class', 'classes')}`;
  if (summary.state === 'failed') return { line: "Can't be used", mark: 'problem' };
  if (summary.state === 'cancelled') return { line: 'Scan cancelled', mark: 'problem' };
  return { line: counts, mark: summary.state === 'scanning' ? 'busy' : 'done' };
}

function augmentState(studio: Studio): StepState {
  const { recipe } = studio.project;
  if (recipe === null) return { line: 'Needs pictures', mark: 'waiting' };
  const count = recipe.augment.steps.length + (recipe.augment.mix === null ? 0 : 1);
  return { line: count === 0 ? 'None' : formatPlural(count, 'operation'), mark: count === 0 ? 'ready' : 'done' };
}

function trainState(studio: Studio): StepState {
  const { training, project, runs } = studio;
  if (training.phase === 'failed') return { line: 'Ended with an error', mark: 'problem' };
  if (training.isRunning) {
    const { percent: done, latest, isPaused } = training;
    if (done === null) return { line: 'Preparing', mark: 'busy' };
    const percent = `${done} %`;
    const line = latest === null ? percent : `${percent}, ${formatPercent(latest.val.accuracy)} right`;
    return { line: isPaused ? `Paused at ${percent}` : line, mark: 'busy' };
  }
  if (project.recipe === null) return { line: 'Needs pictures', mark: 'waiting' };
  const finished = runs.finished.length;
  return finished === 0 ? { line: 'Ready', mark: 'ready' } : { line: formatPlural(finished, 'model'), mark: 'done' };
}

function evaluateState({ runs }: Studio): StepState {
  const best = runs.current?.best ?? null;
  if (best === null) return { line: 'Needs a trained model', mark: 'waiting' };
  return { line: `${formatPercent(best.val.accuracy)} right`, mark: 'done' };
}

function exportState({ runs }: Studio): StepState {
  const { current } = runs;
  if (current === null) return { line: 'Needs a trained model', mark: 'waiting' };
  const formats = [...new Set(current.exports.map(({ format }) => format))];
  return formats.length === 0
    ? { line: 'Ready', mark: 'ready' }
    : { line: formatPlural(formats.length, 'format'), mark: 'done' };
}

/** State of every page at a glance. */
export function stepStates(studio: Studio): Readonly<Record<PageName, StepState>> {
  return {
    data: dataState(studio),
    augment: augmentState(studio),
    train: trainState(studio),
    evaluate: evaluateState(studio),
    export: exportState(studio),
    runs: { line: studio.runs.list.length === 0 ? '' : formatCount(studio.runs.list.length), mark: 'ready' },
  };
}
