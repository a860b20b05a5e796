import { describe, expect, it } from 'vitest';
import { baselineOf, describeOutcome, formatInterval } from '../../../../../src/renderer/pages/train/outcome.js';
import { lowerRate, remediesFor } from '../../../../../src/renderer/pages/train/remedies.js';
import { createRecipe } from '../../../../../src/shared/recipe.js';

const recipe = createRecipe('/photos');
const end = (reason: 'completed' | 'early-stopping' | 'stopped' | 'diverged', accuracy: number) =>
  ({
    kind: 'ended',
    reason,
    best: { epoch: 6, val: { loss: 0.2, accuracy }, interval: [0.9, 0.98] },
    seconds: { prepare: 1, train: 60, validate: 10, total: 75 },
  }) as const;

describe('baselineOf', () => {
  it('is the share of the most frequent class among validation pictures', () => {
    expect(baselineOf([{ name: 'ants', val: 70 }, { name: 'bees', val: 83 }])).toEqual({ share: 83 / 153, name: 'bees' }); // prettier-ignore
    expect(baselineOf([{ name: 'ants', val: 0 }])).toBeNull();
  });
});

describe('describeOutcome', () => {
  const baseline = { share: 0.542, name: 'bees' };

  it('says how good it is, how sure that is, and against what', () => {
    const outcome = describeOutcome({ end: end('completed', 144 / 153), valImages: 153, baseline, epochsDone: 10 });
    expect(outcome.kind).toBe('success');
    expect(outcome.title).toContain('94.1 % of 153 validation pictures');
    expect(outcome.title).toContain(formatInterval(144 / 153, 153));
    expect(outcome.text).toContain('“bees” would be right 54.2 % of the time');
    expect(outcome.text).toContain('1 min 15 s');
  });

  it('warns of a model that may have learned nothing', () => {
    const outcome = describeOutcome({ end: end('completed', 0.6), valImages: 20, baseline, epochsDone: 10 });
    expect(outcome.kind).toBe('warning');
    expect(outcome.text).toContain('learned nothing');
  });

  it('says why it ended', () => {
    const of = (reason: Parameters<typeof end>[0]) =>
      describeOutcome({ end: end(reason, 0.95), valImages: 153, baseline, epochsDone: 8 });
    expect(of('stopped').text).toContain('You stopped it after 8 epochs');
    expect(of('early-stopping').text).toContain('after epoch 8');
    expect(of('diverged').kind).toBe('warning');
  });
});

describe('remediesFor', () => {
  const labels = (code: 'out-of-memory' | 'engine-crashed' | 'diverged' | 'disk-full', isResumable = false) =>
    remediesFor({ code, message: '' }, recipe, isResumable).map(({ label }) => label);

  it('halves the batch when the memory ran out', () => {
    const [remedy] = remediesFor({ code: 'out-of-memory', message: '' }, recipe, false);
    expect(remedy).toMatchObject({ label: 'Use batch 8 and try again', action: 'retry' });
    expect(remedy!.change(recipe).training).toEqual({ ...recipe.training, batchSize: 8 });
    const one = { ...recipe, training: { ...recipe.training, batchSize: 1 } };
    expect(remediesFor({ code: 'out-of-memory', message: '' }, one, false)[0]!.action).toBe('set-up');
  });

  it('lowers the rate when it diverged', () => {
    expect(labels('diverged')).toEqual(['Use learning rate 0.002 and try again']);
    expect(lowerRate(recipe).change(recipe).training.learningRate).toBe(0.002);
  });

  it('goes on with a run that has a checkpoint', () => {
    expect(labels('engine-crashed', true)).toEqual(['Resume the run', 'Use batch 8 and try again']);
    expect(labels('disk-full', true)).toEqual(['Resume the run', 'Try again']);
    expect(labels('disk-full')).toEqual(['Try again']);
  });
});
