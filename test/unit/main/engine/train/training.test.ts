import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { isResumable, readEnd, readFailure, runningProcess } from '../../../../../src/main/engine/runs/run-status.js';
import type { Recipe } from '../../../../../src/shared/recipe.js';
import type { SamplePrediction } from '../../../../../src/shared/live-reports.js';
import { makeFolder, removeFolder } from '../../../../support/images.js';
import { fineTune, prepareRuns, recipeFor, resultOf, training } from './run-setting.js';
import { createDriver, type Driver } from './training-driver.js';

const root = makeFolder('training');
const data = join(root, 'data');
let runs = 0;
const newRun = (): string => join(root, `run-${runs++}`);

beforeAll(async () => {
  await prepareRuns(root, data, { train: 6, val: 5 });
});
afterAll(() => {
  delete process.env['GRAFT_HOME'];
  removeFolder(root);
});

const endless = recipeFor(data, training({ epochs: 5000 }));

/** Starts a run and waits for an epoch's end. */
async function startAndWait(driver: Driver, recipe: Recipe, epoch = 1): Promise<string> {
  const run = newRun();
  const there = driver.next('train.epoch', (event) => event.epoch >= epoch);
  await driver.training.start({ recipe, out: run });
  await there;
  return run;
}

describe('a run in hand', () => {
  it('tells its way from the first progress to its end, and lets go of it', async () => {
    const driver = await createDriver();
    const run = newRun();
    const ended = driver.ended();
    await driver.training.start({ recipe: recipeFor(data), out: run });
    expect(driver.training.run).toBe(run);
    expect(await runningProcess(run)).toBe(process.pid);
    expect(await ended).toMatchObject({ name: 'train.ended', data: { run, reason: 'completed' } });
    const names = driver.heard.map(({ name }) => name);
    expect([...new Set(names)]).toEqual(['train.progress', 'train.started', 'train.batch', 'train.epoch', 'train.samples', 'train.ended']); // prettier-ignore
    expect(driver.heard[0]).toMatchObject({ data: { run, progress: { task: 'prepare', label: 'Test net', done: 0 } } });
    expect(driver.heard.find(({ name }) => name === 'train.started')!.data).toMatchObject({ epochsDone: 0 });
    expect(driver.training.current()).toBeNull();
    expect(readdirSync(run).sort()).toEqual(['metrics.ndjson', 'model', 'recipe.json', 'summary.json']);
  });

  it('shows the same few validation pictures after every epoch', async () => {
    const driver = await createDriver();
    const ended = driver.ended();
    await driver.training.start({ recipe: recipeFor(data, training({ epochs: 3 })), out: newRun() });
    await ended;
    const shown = driver.heard.filter(({ name }) => name === 'train.samples').map((event) => event.data);
    const samples = shown.map((event) => ('samples' in event ? event.samples : []));
    expect(shown).toMatchObject([{ epoch: 1 }, { epoch: 2 }, { epoch: 3 }]);
    const pathsOf = (list: readonly SamplePrediction[]): string[] => list.map(({ path }) => path);
    expect(new Set(pathsOf(samples[0]!)).size).toBe(8);
    for (const list of samples) {
      expect(pathsOf(list)).toEqual(pathsOf(samples[0]!));
      for (const { path, label, predicted, confidence } of list) {
        expect(path).toContain(`val/${label}/`);
        expect(['a', 'b', 'c']).toContain(predicted);
        expect(confidence).toBeGreaterThan(1 / 3 - 1e-6);
      }
    }
    // Spread over the classes: 8 of 3 × 5.
    const counts = ['a', 'b', 'c'].map((name) => samples[0]!.filter(({ label }) => label === name).length);
    expect(counts.sort()).toEqual([2, 3, 3]);
  });

  it('gives a page that comes late all that it has missed', async () => {
    const driver = await createDriver();
    const run = await startAndWait(driver, endless, 3);
    const current = driver.training.current()!;
    expect(current).toMatchObject({ run, recipe: endless, isPaused: false, progress: null, started: { steps: 15000 } });
    expect(current.started).not.toHaveProperty('run');
    expect(current.epochs.map(({ epoch }) => epoch)).toEqual(current.epochs.map((_, index) => index + 1));
    expect(current.epochs.length).toBeGreaterThanOrEqual(3);
    const steps = current.batches.map(({ step }) => step);
    expect(steps.length).toBeGreaterThan(0);
    expect(steps).toEqual([...new Set(steps)].sort((a, b) => a - b));
    expect(current.samples).toHaveLength(8);
    const ended = driver.ended();
    driver.training.cancel({ run });
    await ended;
  });

  it('refuses a second one, and names that are not its own', async () => {
    const driver = await createDriver();
    const run = await startAndWait(driver, endless);
    const { training: engine } = driver;
    await expect(engine.start({ recipe: endless, out: newRun() })).rejects.toMatchObject({ code: 'engine-busy' });
    await expect(engine.resume({ run })).rejects.toMatchObject({ code: 'engine-busy' });
    for (const call of [engine.stop, engine.cancel]) {
      expect(() => call({ run: '/elsewhere' })).toThrow(expect.objectContaining({ code: 'not-found' }));
    }
    // Nor can another engine take it.
    const other = await createDriver();
    await expect(other.training.resume({ run })).rejects.toThrow(`process ${process.pid} is training`);
    const ended = driver.ended();
    engine.stop({ run });
    expect(await ended).toMatchObject({ name: 'train.ended', data: { reason: 'stopped' } });
    expect(() => engine.stop({ run })).toThrow(expect.objectContaining({ code: 'not-found' }));
  });
});

describe('pausing', () => {
  it.each([
    ['a head', endless],
    ['fine-tuning', fineTune({ stages: 2 })(endless)],
  ])('holds %s and lets it go on; nothing grows', async (_what, recipe) => {
    const driver = await createDriver();
    const { training: engine, heard } = driver;
    const run = await startAndWait(driver, recipe, 2);
    for (let round = 0; round < 4; round++) {
      expect(engine.pause({ run, isPaused: true })).toBeNull();
      engine.pause({ run, isPaused: true });
      expect(engine.current()).toMatchObject({ isPaused: true });
      const before = heard.length;
      await new Promise((resolve) => setTimeout(resolve, 500));
      // A batch in hand may still end, or a validation, with its samples.
      expect(heard.length - before).toBeLessThanOrEqual(3);
      const going = driver.next('train.epoch');
      engine.pause({ run, isPaused: false });
      await going;
    }
    const paused = heard.filter(({ name }) => name === 'train.paused').map((event) => event.data);
    expect(paused).toEqual(Array.from({ length: 8 }, (_, index) => ({ run, isPaused: index % 2 === 0 })));
    const atEpochs = driver.tensors.filter((_, index) => heard[index]!.name === 'train.epoch');
    expect(new Set(atEpochs.slice(2)).size).toBe(1);
    engine.pause({ run, isPaused: true });
    const ended = driver.ended();
    engine.stop({ run });
    expect(await ended).toMatchObject({ name: 'train.ended', data: { reason: 'stopped' } });
    expect(heard.filter(({ name }) => name === 'train.paused').at(-1)!.data).toEqual({ run, isPaused: false });
    expect(await isResumable(run)).toBe(true);
  });

  it('leaves a checkpoint from which another engine goes on', async () => {
    const recipe = recipeFor(data, training({ epochs: 6 }));
    const whole = await createDriver();
    const wholeRun = newRun();
    const wholeEnd = whole.ended();
    await whole.training.start({ recipe, out: wholeRun });
    await wholeEnd;

    const driver = await createDriver();
    const run = newRun();
    driver.onEvent = ({ name }) => {
      if (name === 'train.epoch' && !driver.training.current()!.isPaused)
        driver.training.pause({ run, isPaused: true });
    };
    const held = driver.next('train.paused');
    await driver.training.start({ recipe, out: run });
    await held;
    await new Promise((resolve) => setTimeout(resolve, 300));
    const ended = driver.ended();
    // As when the host has gone.
    await driver.training.shutdown();
    expect(await ended).toMatchObject({ data: { reason: 'stopped' } });
    expect(await readEnd(run)).toBe('stopped');

    const next = await createDriver();
    const end = next.ended();
    await next.training.resume({ run });
    expect(next.training.current()!.epochs.length).toBeGreaterThan(0);
    expect(await end).toMatchObject({ name: 'train.ended', data: { reason: 'completed' } });
    expect(resultOf(run)).toEqual(resultOf(wholeRun));
    expect(await isResumable(run)).toBe(false);
  });
});

describe('cancelling', () => {
  it.each(['while it trains', 'while it is held', 'while it prepares'])('deletes the run %s', async (when) => {
    const driver = await createDriver();
    const { training: engine } = driver;
    const recipe = fineTune({ stages: 'all' })(endless);
    let run = newRun();
    if (when === 'while it prepares') await engine.start({ recipe, out: run });
    else run = await startAndWait(driver, recipe);
    if (when === 'while it is held') engine.pause({ run, isPaused: true });
    const ended = driver.ended();
    engine.cancel({ run });
    expect(await ended).toEqual({ name: 'train.cancelled', data: { run } });
    expect(existsSync(run)).toBe(false);
    expect(engine.run).toBeNull();
    const after = driver.tensors.at(-1);
    const again = await startAndWait(driver, recipe);
    const end = driver.ended();
    engine.cancel({ run: again });
    await end;
    expect(driver.tensors.at(-1)).toBe(after);
  });
});

describe('a run that fails', () => {
  it('leaves the reason in its folder, and forgets it when it goes on', async () => {
    const driver = await createDriver();
    const run = newRun();
    const ended = driver.ended();
    const recipe = recipeFor(join(root, 'nowhere'));
    await driver.training.start({ recipe, out: run });
    const failed = await ended;
    expect(failed).toMatchObject({ name: 'train.failed', data: { run, error: { code: 'not-found' } } });
    expect((await readFailure(run))!.error).toEqual((failed.data as { error: object }).error);
    expect(await isResumable(run)).toBe(false);
    expect(readdirSync(run).sort()).toEqual(['failure.json', 'recipe.json']);
    await expect(driver.training.resume({ run })).rejects.toMatchObject({ code: 'not-found' });
    expect(await readFailure(run)).not.toBeNull();
    expect(driver.training.run).toBeNull();
    expect(await runningProcess(run)).toBeNull();
  });

  it('can go on once what was wrong is right again', async () => {
    const driver = await createDriver();
    const { training: engine } = driver;
    const run = await startAndWait(driver, recipeFor(data, training({ epochs: 3000 })), 2);
    const stopped = driver.ended();
    engine.stop({ run });
    await stopped;
    await rm(join(run, 'summary.json'));
    const photo = join(data, 'train', 'a', 'a-0.jpg');
    const bytes = readFileSync(photo);
    await rm(photo);
    const failed = driver.ended();
    await engine.resume({ run });
    expect(await failed).toMatchObject({ name: 'train.failed', data: { error: { code: 'conflict' } } });
    expect((await readFailure(run))!.error.message).toContain('holds others now');
    expect(await isResumable(run)).toBe(true);
    writeFileSync(photo, bytes);
    const going = driver.next('train.epoch');
    await engine.resume({ run });
    expect(await readFailure(run)).toBeNull();
    await going;
    const end = driver.ended();
    engine.cancel({ run });
    await end;
  });
});

describe('the overlay', () => {
  it('renames a class without computing a feature again, and with the same numbers', async () => {
    const train = async (recipe: Recipe): Promise<string> => {
      const driver = await createDriver();
      const run = newRun();
      const ended = driver.ended();
      await driver.training.start({ recipe, out: run });
      expect(await ended).toMatchObject({ name: 'train.ended' });
      return run;
    };
    const features = (): string[] =>
      readdirSync(join(root, 'home', 'cache', 'features'), { recursive: true }).map(String);
    const recipe = recipeFor(data);
    const plain = resultOf(await train(recipe));
    const before = features();
    const run = await train({ ...recipe, data: { ...recipe.data, rename: { a: 'zebra' } } });
    expect(features()).toEqual(before);
    expect(resultOf(run)).toEqual(plain);
    expect(JSON.parse(readFileSync(join(run, 'model', 'model.json'), 'utf8'))).toMatchObject({
      classes: ['zebra', 'b', 'c'],
    });
    const moved = await train({ ...recipe, data: { ...recipe.data, move: { 'train/a/a-0.jpg': 'b' } } });
    expect(features()).toEqual(before);
    expect(resultOf(moved).metrics).not.toEqual(plain.metrics);
  });
});
