import { describe, expect, it } from 'vitest';
import { createCheckpointer } from '../../../../../src/main/engine/train/callbacks/checkpointer.js';
import { createCurrentRunRecord } from '../../../../../src/main/engine/train/current-run.js';
import type { EpochLogs, FitControl, FitPosition, FitState } from '../../../../../src/main/engine/train/fit.js';
import { resolveClassWeights } from '../../../../../src/main/engine/train/loss.js';
import type { TrainingSplit } from '../../../../../src/main/engine/train/prepare.js';
import { pickSamples, predictSamples } from '../../../../../src/main/engine/train/samples.js';
import { throttleProgress } from '../../../../../src/main/engine/train/throttle.js';
import type { Progress } from '../../../../../src/shared/progress.js';
import { createRecipe } from '../../../../../src/shared/recipe.js';

const at = (epochsDone: number, batches: number): FitPosition => ({
  ...{ epochsDone, batches, images: batches, lossSum: batches, hits: 0, seconds: batches },
});
const EPOCHS = 100;
const stateAt = (position: FitPosition): FitState => ({
  ...{ epoch: position.epochsDone + (position.batches > 0 ? 1 : 0), epochs: EPOCHS, step: 0, steps: 0, position },
});
const LOGS = { lr: 0, images: 0 } as EpochLogs;
const GOES_ON: FitControl = { ended: null, stop: () => undefined };

describe('createCheckpointer', () => {
  /** A checkpointer whose every save takes `costMs`. */
  function make(costMs: number, from: FitPosition | null = null) {
    const clock = { ms: 0 };
    const saved: FitPosition[] = [];
    const checkpointer = createCheckpointer({
      save: async (position) => {
        saved.push(position);
        clock.ms += costMs;
      },
      from,
      nowMs: () => clock.ms,
    });
    const epoch = async (number: number, ended: FitControl['ended'] = null): Promise<void> =>
      await checkpointer.onEpochEnd?.(stateAt(at(number, 0)), LOGS, { ...GOES_ON, ended });
    const batch = async (position: FitPosition): Promise<void> =>
      await checkpointer.onBatchEnd?.(stateAt(position), {} as never, GOES_ON);
    const interrupt = async (position: FitPosition): Promise<void> =>
      await checkpointer.onInterrupt?.(stateAt(position));
    return { clock, saved, epoch, batch, interrupt };
  }

  it('saves after epochs, but gives it at most a twentieth of the time', async () => {
    const { clock, saved, epoch } = make(10);
    for (let number = 1; number <= 50; number++) {
      clock.ms += 20;
      await epoch(number);
    }
    // After the first; then whenever 200 ms have gone by.
    expect(saved.map(({ epochsDone }) => epochsDone)).toEqual([1, 11, 21, 31, 41]);
  });

  it('saves every epoch of a minute, however much it costs', async () => {
    const { clock, saved, epoch } = make(9000);
    for (let number = 1; number <= 4; number++) {
      clock.ms += 60_000;
      await epoch(number);
    }
    expect(saved).toHaveLength(4);
  });

  it('saves once a minute within an epoch', async () => {
    const { clock, saved, batch } = make(1000);
    for (let step = 1; step <= 100; step++) {
      clock.ms += 2000;
      await batch(at(0, step));
    }
    expect(saved.map(({ batches }) => batches)).toEqual([30, 60, 90]);
  });

  it('saves at every interruption what is not saved yet', async () => {
    const { saved, interrupt } = make(5, at(3, 1));
    await interrupt(at(3, 1));
    await interrupt(at(3, 2));
    await interrupt(at(3, 2));
    expect(saved).toEqual([at(3, 2)]);
  });

  it('leaves out the last epoch, and one that a stop has cut short', async () => {
    const { saved, epoch } = make(0);
    await epoch(EPOCHS);
    await epoch(4, 'stopped');
    expect(saved).toEqual([]);
  });
});

describe('the record of the run in hand', () => {
  const recipe = createRecipe('/data');
  const batch = (step: number, steps: number) => ({
    ...{ run: '/r', epoch: 1, step, steps, loss: step, accuracy: 0, lr: 0, imagesPerSecond: 1 },
  });

  it('thins batches out evenly over the whole run, the latest always among them', () => {
    const record = createCurrentRunRecord('/r', recipe, []);
    for (let step = 1; step <= 50_000; step++) {
      record.hear('train.batch', batch(step, 100_000));
      if (step % 7919 === 0) expect(record.view().batches.at(-1)).toMatchObject({ step });
    }
    const { batches } = record.view();
    expect(batches).toHaveLength(1000);
    const gaps = batches.slice(1).map(({ step }, index) => step - batches[index]!.step);
    expect(new Set(gaps)).toEqual(new Set([50]));
    for (let step = 50_001; step <= 100_000; step++) record.hear('train.batch', batch(step, 100_000));
    expect(record.view().batches).toHaveLength(2000);
  });

  it('keeps every batch of a short run, without the run in each', () => {
    const record = createCurrentRunRecord('/r', recipe, []);
    for (let step = 1; step <= 1500; step++) record.hear('train.batch', batch(step, 1500));
    const { batches } = record.view();
    expect(batches.map(({ step }) => step)).toEqual(Array.from({ length: 1500 }, (_, index) => index + 1));
    expect(batches[0]).not.toHaveProperty('run');
  });
});

describe('samples', () => {
  const CLASSES = ['a', 'b', 'c'];
  const split = {
    classes: CLASSES,
    images: Array.from({ length: 40 }, (_, index) => ({ path: `p${index}`, classIndex: index % 3 === 2 ? 2 : 0 })),
    validation: Array.from({ length: 30 }, (_, index) => index + 5),
  } as unknown as TrainingSplit;

  it('are spread over the classes, go by the seed, and are fewer where there are fewer', () => {
    const picked = pickSamples(split, 1);
    expect(new Set(picked).size).toBe(8);
    const classesOf = picked.map((place) => split.images[split.validation[place]!]!.classIndex);
    expect(classesOf.filter((classIndex) => classIndex === 2)).toHaveLength(4);
    expect(pickSamples(split, 1)).toEqual(picked);
    expect(pickSamples(split, 2)).not.toEqual(picked);
    expect(pickSamples({ ...split, validation: [7, 8] }, 1)).toEqual([0, 1]);
  });

  it('say what the logits of their rows say', () => {
    const logits = new Float32Array(90);
    logits.set([0, Math.log(2), 0], 4 * 3);
    const [sample] = predictSamples(split, [4], logits);
    expect(sample).toMatchObject({ path: 'p9', label: 'a', predicted: 'b' });
    expect(sample!.confidence).toBeCloseTo(0.5, 6);
  });
});

describe('throttleProgress', () => {
  it("passes on a task's first and last report, and few between", () => {
    const sent: Progress[] = [];
    const report = throttleProgress((progress) => void sent.push(progress));
    const tell = (task: Progress['task'], done: number): void => report({ task, done, total: 1000, unit: 'images' });
    for (let done = 1; done <= 1000; done++) tell('scan', done);
    tell('features', 1);
    expect(sent[0]).toMatchObject({ task: 'scan', done: 1 });
    expect(sent.at(-2)).toMatchObject({ task: 'scan', done: 1000 });
    expect(sent.at(-1)).toMatchObject({ task: 'features', done: 1 });
    expect(sent.length).toBeLessThan(500);
  });
});

describe('resolveClassWeights', () => {
  it('takes class names that every object has for what they are', () => {
    expect([...resolveClassWeights({ a: 2 }, ['a', 'constructor'], [1, 1])]).toEqual([2, 1]);
  });
});
