import { beforeEach, describe, expect, it } from 'vitest';
import { stepStates, type StepFacts } from '../../../../src/renderer/shell/steps.js';
import { History } from '../../../../src/renderer/state/history.svelte.js';
import { ProjectState } from '../../../../src/renderer/state/project.svelte.js';
import { RunsState } from '../../../../src/renderer/state/runs.svelte.js';
import { TrainingState } from '../../../../src/renderer/state/training.svelte.js';
import { createRecipe } from '../../../../src/shared/recipe.js';
import type { DatasetSummary } from '../../../../src/shared/studio.js';
import { createFakeLine } from '../state/fake-line.js';

const classOf = (name: string, train: number, val: number) => ({
  name,
  folder: name,
  train,
  val,
  test: 0,
  excluded: 0,
});
const summary: DatasetSummary = {
  project: 'p',
  revision: 1,
  state: 'ready',
  scan: null,
  error: null,
  layout: 'classes',
  hasOwnSplit: false,
  classes: [classOf('ants', 40, 10), classOf('bees', 40, 10)],
  images: 100,
  excluded: 0,
  splits: { train: 80, val: 20, test: 0 },
  problems: [],
  fingerprint: 'f',
};

let facts: StepFacts;

beforeEach(() => {
  const { connection } = createFakeLine({});
  const fail = (error: unknown): void => {
    throw error;
  };
  const project = new ProjectState(connection, new History(), fail);
  facts = { project, training: new TrainingState(connection, fail), runs: new RunsState(connection, project, fail) };
  const recipe = createRecipe('/photos');
  project.isLoaded = true;
  project.project = {
    id: 'p',
    name: 'insects',
    path: '/photos',
    openedAt: '2026-01-01T00:00:00Z',
    revision: 1,
    recipe,
  };
  project.recipe = recipe;
  project.summary = summary;
  facts.training.isKnown = true;
});

const shows = (changed: Partial<DatasetSummary>) => {
  facts.project.summary = { ...summary, ...changed };
  const { data, train } = stepStates(facts);
  return { data, train };
};

describe('the states of the steps', () => {
  it('count pictures and classes in few words', () => {
    expect(shows({ images: 12_345 })).toEqual({
      data: { line: '12,345 pictures · 2 classes', mark: 'done' },
      train: { line: 'Ready', mark: 'ready' },
    });
  });

  it('say what a data set lacks that cannot be trained on', () => {
    expect(shows({ images: 50, classes: [classOf('ants', 40, 10)] })).toEqual({
      data: { line: '50 pictures · 1 class', mark: 'problem' },
      train: { line: 'Needs two classes', mark: 'waiting' },
    });
    const splits = { train: 100, val: 0, test: 0 };
    expect(shows({ splits }).train).toEqual({ line: 'Needs validation pictures', mark: 'waiting' });
    expect(shows({ state: 'failed' }).train).toEqual({ line: 'Needs pictures', mark: 'waiting' });
    expect(shows({ state: 'cancelled' }).train).toEqual({ line: 'Needs a whole scan', mark: 'waiting' });
    expect(shows({ state: 'scanning' }).train).toEqual({ line: 'After the scan', mark: 'waiting' });
  });

  it('say nothing of training before the engine has said whether a run goes on', () => {
    facts.training.isKnown = false;
    expect(stepStates(facts).train).toEqual({ line: '', mark: 'ready' });
  });
});
