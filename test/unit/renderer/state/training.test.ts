import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type TrainingPace, TrainingState } from '../../../../src/renderer/state/training.svelte.js';
import { GraftError } from '../../../../src/shared/errors.js';
import { createRecipe } from '../../../../src/shared/recipe.js';
import type { CurrentRun } from '../../../../src/shared/live-reports.js';
import type { EpochMetrics } from '../../../../src/shared/reports.js';
import { createFakeLine, settle, type FakeLine } from './fake-line.js';

const epoch = (number: number, accuracy: number, loss = 0.5): EpochMetrics => ({
  epoch: number,
  epochs: 4,
  train: { accuracy: 0.5, loss: 1 },
  val: { accuracy, loss },
  lr: 0.01,
  imagesPerSecond: 10,
  seconds: { train: 1, validate: 1, wait: 0 },
});
const batch = { run: '/r', epoch: 1, step: 3, steps: 12, loss: 1, accuracy: 0.5, lr: 0.01, imagesPerSecond: 10 };
const running: CurrentRun = {
  run: '/r',
  recipe: createRecipe('/photos'),
  startedAt: '2026-01-01T00:00:00Z',
  isPaused: false,
  started: { classes: ['a', 'b'], images: { train: 10, val: 5 }, steps: 12, epochsDone: 0 },
  progress: null,
  epochs: [epoch(1, 0.8)],
  batches: [],
  samples: [],
};

const AT_ONCE: TrainingPace = { batchMs: 0, epochMs: 0 };
const fail = (error: unknown): void => {
  throw error;
};

let current: CurrentRun | null;
let line: FakeLine;
let state: TrainingState;

beforeEach(async () => {
  current = null;
  line = createFakeLine({ 'train.current': async () => current });
  state = new TrainingState(line.connection, fail, AT_ONCE);
  await line.connection.open();
  await settle();
});

it('follows a run from its start to its end', async () => {
  expect(state.phase).toBe('idle');
  state.begin('/r', createRecipe('/photos'));
  expect(state.phase).toBe('starting');
  line.server.emit('train.started', { run: '/r', classes: [], images: { train: 1, val: 1 }, steps: 12, epochsDone: 0 });
  line.server.emit('train.batch', batch);
  line.server.emit('train.epoch', { run: '/r', ...epoch(1, 0.8) });
  line.server.emit('train.paused', { run: '/r', isPaused: true });
  await settle();
  expect(state.phase).toBe('paused');
  expect(state.percent).toBe(25);
  line.server.emit('train.failed', { run: '/r', error: { code: 'diverged', message: 'the loss is not a number' } });
  await settle();
  expect(state.phase).toBe('failed');
  expect(state.isRunning).toBe(false);
});

it('knows which epoch is kept: the most accurate, and of equals the one with less loss', async () => {
  state.begin('/r', createRecipe('/photos'));
  for (const metrics of [epoch(1, 0.8), epoch(2, 0.9, 0.4), epoch(3, 0.9, 0.3), epoch(4, 0.9, 0.35)]) {
    line.server.emit('train.epoch', { run: '/r', ...metrics });
  }
  await settle();
  expect(state.best?.epoch).toBe(3);
  expect(state.latest?.epoch).toBe(4);
});

it('asks for a run that another window has started', async () => {
  current = running;
  line.server.emit('train.batch', batch);
  await settle();
  expect(state.run).toBe('/r');
  expect(state.epochs).toHaveLength(1);
});

it('takes an epoch again that a resumed run repeats', async () => {
  current = running;
  await state.catchUp();
  line.server.emit('train.epoch', { run: '/r', ...epoch(2, 0.7) });
  line.server.emit('train.epoch', { run: '/r', ...epoch(2, 0.75) });
  await settle();
  expect(state.epochs.map(({ val }) => val.accuracy)).toEqual([0.8, 0.75]);
});

it('keeps the curve that a restarted engine does not know any more', async () => {
  current = { ...running, batches: [{ ...batch, step: 1 }, { ...batch, step: 2 }, { ...batch, step: 3 }, { ...batch, step: 5 }] }; // prettier-ignore
  await state.catchUp();
  // One epoch of three steps was kept; the fifth step is done again.
  current = { ...running, batches: [] };
  await state.catchUp();
  expect(state.batches.map(({ step }) => step)).toEqual([1, 2, 3]);
  for (const step of [4, 5, 4, 5, 6]) line.server.emit('train.batch', { ...batch, step });
  await settle();
  expect(state.batches.map(({ step }) => step)).toEqual([1, 2, 3, 4, 5, 6]);
});

it('lets go of a run that its engine took along', async () => {
  current = running;
  await state.catchUp();
  current = null;
  line.server.emit('host.engine', { process: 'engine', state: 'ready', message: null });
  await settle();
  expect(state.phase).toBe('idle');
});

it('keeps so many batches of a long run that a chart can show them, the latest among them', async () => {
  state.begin('/r', createRecipe('/photos'));
  const steps = 10_000;
  for (let step = 1; step <= steps; step += 3) line.server.emit('train.batch', { ...batch, step, steps });
  await settle();
  expect(state.batches.length).toBe(2000);
  expect(state.batches.at(-1)?.step).toBe(steps);
  const ascending = state.batches.every(({ step }, index) => index === 0 || state.batches[index - 1]!.step < step);
  expect(ascending).toBe(true);
});

it('forgets the batches that a run repeats', async () => {
  state.begin('/r', createRecipe('/photos'));
  for (const step of [1, 2, 3, 2]) line.server.emit('train.batch', { ...batch, step });
  await settle();
  expect(state.batches.map(({ step }) => step)).toEqual([1, 2]);
});

it('knows nothing before the engine has answered, and then whether a run goes on', async () => {
  let answer: (current: CurrentRun | null) => void = () => undefined;
  const slow = createFakeLine({ 'train.current': () => new Promise((resolve) => (answer = resolve)) });
  const fresh = new TrainingState(slow.connection, () => undefined, AT_ONCE);
  await slow.connection.open();
  await settle();
  expect(fresh.isKnown).toBe(false);
  answer(running);
  await settle();
  expect(fresh.isKnown).toBe(true);
  expect(fresh.run).toBe('/r');
});

it('takes an engine that cannot answer for one without a run', async () => {
  const broken = createFakeLine({
    'train.current': async () => {
      throw new GraftError('engine-crashed', 'it died');
    },
  });
  const errors: unknown[] = [];
  const fresh = new TrainingState(broken.connection, (error) => errors.push(error));
  await broken.connection.open();
  await settle();
  expect(fresh.isKnown).toBe(true);
  expect(fresh.phase).toBe('idle');
  expect(errors).toHaveLength(1);
});

/** A line whose answers are given by hand, in the order of the questions. */
async function openSlow(): Promise<{
  slow: FakeLine;
  fresh: TrainingState;
  answers: ((run: CurrentRun | null) => void)[];
}> {
  const answers: ((run: CurrentRun | null) => void)[] = [];
  const slow = createFakeLine({ 'train.current': () => new Promise((resolve) => answers.push(resolve)) });
  const fresh = new TrainingState(slow.connection, () => undefined, AT_ONCE);
  await slow.connection.open();
  await settle();
  return { slow, fresh, answers };
}

it('holds to what it has heard while an older answer was on its way', async () => {
  const { slow, fresh, answers } = await openSlow();
  slow.server.emit('train.batch', batch);
  slow.server.emit('train.paused', { run: '/r', isPaused: true });
  await settle();
  answers.shift()!(running);
  await settle();
  expect(fresh.phase).toBe('paused');
  expect(fresh.batches.map(({ step }) => step)).toEqual([3]);
  const again = fresh.catchUp();
  await settle();
  slow.server.emit('train.ended', {
    run: '/r',
    reason: 'completed',
    best: epoch(1, 0.8),
    seconds: { total: 1 },
  } as never);
  await settle();
  answers.shift()!({ ...running, isPaused: true });
  await again;
  expect(fresh.end?.kind).toBe('ended');
});

it('asks once for a run of which it hears much, and again for one that began meanwhile', async () => {
  const { slow, fresh, answers } = await openSlow();
  for (const step of [1, 2, 3]) slow.server.emit('train.batch', { ...batch, step });
  await settle();
  expect(answers).toHaveLength(1);
  answers.shift()!(null);
  await settle();
  expect(answers).toHaveLength(1);
  answers.shift()!(running);
  await settle();
  expect(fresh.run).toBe('/r');
  expect(answers).toHaveLength(0);
});

it('does not ask for a run that has come and gone meanwhile', async () => {
  const { slow, fresh, answers } = await openSlow();
  slow.server.emit('train.batch', batch);
  slow.server.emit('train.cancelled', { run: '/r' });
  await settle();
  answers.shift()!(null);
  await settle();
  expect(answers).toHaveLength(0);
  expect(fresh.phase).toBe('idle');
});

describe('at a pace that can be followed', () => {
  const pace: TrainingPace = { batchMs: 1000, epochMs: 80 };
  let paced: TrainingState;
  const shownSteps = (): number[] => paced.batches.map(({ step }) => step);
  const hear = (...steps: number[]): void => {
    for (const step of steps) line.server.emit('train.batch', { ...batch, step });
  };

  beforeEach(async () => {
    current = { ...running, epochs: [] };
    line = createFakeLine({ 'train.current': async () => current });
    paced = new TrainingState(line.connection, fail, pace);
    await line.connection.open();
    await settle();
    vi.useFakeTimers();
    hear(1);
    await vi.advanceTimersByTimeAsync(0);
  });
  afterEach(() => void vi.useRealTimers());

  it('shows batches together, the rail moving with the curves', async () => {
    expect(shownSteps()).toEqual([1]);
    hear(2, 3);
    await vi.advanceTimersByTimeAsync(900);
    expect(shownSteps()).toEqual([1]);
    expect(paced.percent).toBe(8);
    await vi.advanceTimersByTimeAsync(100);
    expect(shownSteps()).toEqual([1, 2, 3]);
    expect(paced.percent).toBe(25);
  });

  it('shows the end of an epoch soon, and after the batches before it', async () => {
    hear(2, 3);
    line.server.emit('train.epoch', { run: '/r', ...epoch(1, 0.8) });
    await vi.advanceTimersByTimeAsync(80);
    expect(shownSteps()).toEqual([1, 2, 3]);
    expect(paced.latest?.epoch).toBe(1);
  });

  it('shows at once what the user has asked for, and the end', async () => {
    hear(2);
    line.server.emit('train.paused', { run: '/r', isPaused: true });
    await vi.advanceTimersByTimeAsync(0);
    expect(paced.phase).toBe('paused');
    expect(shownSteps()).toEqual([1, 2]);
    hear(3);
    line.server.emit('train.cancelled', { run: '/r' });
    await vi.advanceTimersByTimeAsync(0);
    expect(paced.phase).toBe('ended');
    expect(shownSteps()).toEqual([1, 2, 3]);
  });

  it('loses nothing that it held when it catches up, and takes nothing in twice', async () => {
    hear(2);
    const known = [1, 2].map((step) => ({ ...batch, step }));
    current = { ...running, epochs: [], batches: known };
    const asking = paced.catchUp();
    hear(3);
    await vi.advanceTimersByTimeAsync(0);
    await asking;
    await vi.advanceTimersByTimeAsync(2000);
    expect(shownSteps()).toEqual([1, 2, 3]);
  });

  it('brings no news of an earlier run to the next one', async () => {
    line.server.emit('train.cancelled', { run: '/r' });
    hear(2);
    await vi.advanceTimersByTimeAsync(0);
    paced.begin('/next', createRecipe('/photos'));
    await vi.advanceTimersByTimeAsync(2000);
    expect(shownSteps()).toEqual([]);
  });
});
