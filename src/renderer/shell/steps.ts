import { formatCount, formatPercent, formatPlural } from '../format.js';
import { findDataGap } from '../pages/train/readiness.js';
import type { PageName } from '../state/router.svelte.js';
import type { Studio } from '../state/studio.svelte.js';

/** What the rail says about a step. */
export interface StepState {
  /** One short line below its name; empty while nothing is known. */
  readonly line: string;
  /** `ready`: can be used; `done`: has a result; `busy`: works; `waiting`: needs an earlier step; `problem`: look here. */
  readonly mark: 'waiting' | 'ready' | 'busy' | 'done' | 'problem';
}

/** What the states follow from. */
export type StepFacts = Pick<Studio, 'project' | 'training' | 'runs'>;

function dataState(studio: StepFacts): StepState {
  const { project, summary, isLoaded } = studio.project;
  if (!isLoaded) return { line: '', mark: 'ready' };
  if (project === null) return { line: 'No pictures yet', mark: 'ready' };
  if (summary === null) return { line: project.name, mark: 'busy' };
  const counts = `${formatPlural(summary.images, 'picture')} · ${formatPlural(summary.classes.length, 'class', 'classes')}`;
  if (summary.state === 'failed') return { line: "Can't be used", mark: 'problem' };
  if (summary.state === 'cancelled') return { line: 'Scan cancelled', mark: 'problem' };
  if (summary.state === 'scanning') return { line: counts, mark: 'busy' };
  return { line: counts, mark: findDataGap(summary) === null ? 'done' : 'problem' };
}

function augmentState(studio: StepFacts): StepState {
  const { recipe } = studio.project;
  if (recipe === null) return { line: 'Needs pictures', mark: 'waiting' };
  const count = recipe.augment.steps.length + (recipe.augment.mix === null ? 0 : 1);
  return { line: count === 0 ? 'None' : formatPlural(count, 'operation'), mark: count === 0 ? 'ready' : 'done' };
}

function trainState(studio: StepFacts): StepState {
  const { training, project, runs } = studio;
  if (!training.isKnown) return { line: '', mark: 'ready' };
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
  if (finished > 0) return { line: formatPlural(finished, 'model'), mark: 'done' };
  const gap = findDataGap(project.summary);
  return gap === null ? { line: 'Ready', mark: 'ready' } : { line: gap.short, mark: 'waiting' };
}

function evaluateState({ runs }: StepFacts): StepState {
  const best = runs.current?.best ?? null;
  if (best === null) return { line: 'Needs a trained model', mark: 'waiting' };
  return { line: `${formatPercent(best.val.accuracy)} right`, mark: 'done' };
}

function exportState({ runs }: StepFacts): StepState {
  const { current } = runs;
  if (current === null) return { line: 'Needs a trained model', mark: 'waiting' };
  const formats = [...new Set(current.exports.map(({ format }) => format))];
  return formats.length === 0
    ? { line: 'Ready', mark: 'ready' }
    : { line: formatPlural(formats.length, 'format'), mark: 'done' };
}

/** State of every page at a glance. */
export function stepStates(studio: StepFacts): Readonly<Record<PageName, StepState>> {
  return {
    data: dataState(studio),
    augment: augmentState(studio),
    train: trainState(studio),
    evaluate: evaluateState(studio),
    export: exportState(studio),
    runs: { line: studio.runs.list.length === 0 ? '' : formatCount(studio.runs.list.length), mark: 'ready' },
  };
}
