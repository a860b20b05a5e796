import { describe, expect, it } from 'vitest';
import {
  adviseClassWeights,
  adviseViews,
  describeBatch,
  recommendMode,
  suggestLearningRate,
  warnOfMemory,
  withBackbone,
  withMode,
  withOptimizer,
} from '../../../../../src/renderer/pages/train/recommend.js';
import type { TrainEstimate } from '../../../../../src/shared/live-reports.js';
import { createRecipe, FINE_TUNE_LEARNING_RATE, parseRecipe, type Recipe } from '../../../../../src/shared/recipe.js';

const recipe = createRecipe('/photos');
const withRate = (learningRate: number): Recipe => ({ ...recipe, training: { ...recipe.training, learningRate } });

describe('learning rate', () => {
  it('is the default recipe’s for a frozen backbone', () => {
    expect(suggestLearningRate('freeze', 'sgd')).toBe(recipe.training.learningRate);
    expect(suggestLearningRate('fine-tune', 'sgd')).toBe(FINE_TUNE_LEARNING_RATE);
  });

  it('follows the mode and the optimizer, there and back', () => {
    const tuned = withMode(recipe, 'fine-tune');
    expect(tuned.training.learningRate).toBe(FINE_TUNE_LEARNING_RATE);
    const adam = withOptimizer(tuned, 'adamw');
    expect(adam.training.learningRate).toBe(0.0002);
    expect(withMode(withOptimizer(adam, 'sgd'), 'freeze')).toEqual(recipe);
  });

  it('stays where the user has set it', () => {
    const own = withRate(0.0042);
    expect(withMode(own, 'fine-tune').training.learningRate).toBe(0.0042);
    expect(withOptimizer(own, 'adam').training.learningRate).toBe(0.0042);
  });

  it('leaves a recipe that can be read', () => {
    const changed = withOptimizer(withMode(recipe, 'fine-tune'), 'adam');
    expect(parseRecipe(JSON.parse(JSON.stringify(changed)))).toEqual(changed);
  });
});

describe('withBackbone', () => {
  const tuned: Recipe = { ...recipe, fineTune: { ...recipe.fineTune, stages: 8 } };

  it('takes a choice of stages only where the backbone has them', () => {
    expect(withBackbone(tuned, 'resnet18', 5).fineTune.stages).toBe('all');
    expect(withBackbone(tuned, 'efficientnet_lite0', 9).fineTune.stages).toBe(8);
  });

  it('drops weights of the one before', () => {
    const own: Recipe = { ...recipe, backbone: { id: 'resnet18', weightsFile: '/w.pth' } };
    expect(withBackbone(own, 'resnet34', 5).backbone).toEqual({ id: 'resnet34', weightsFile: null });
  });
});

describe('recommendMode', () => {
  it('freezes for few pictures and says how many', () => {
    const advice = recommendMode([{ name: 'ants', train: 123 }, { name: 'bees', train: 121 }]); // prettier-ignore
    expect(advice?.mode).toBe('freeze');
    expect(advice?.reason).toContain('244 pictures');
  });

  it('tunes for many, unless a class is small', () => {
    expect(recommendMode([{ name: 'a', train: 1000 }, { name: 'b', train: 1000 }])?.mode).toBe('fine-tune'); // prettier-ignore
    const small = recommendMode([{ name: 'a', train: 9000 }, { name: 'rare', train: 12 }]); // prettier-ignore
    expect(small?.mode).toBe('freeze');
    expect(small?.reason).toContain('“rare”');
  });

  it('counts classes without training pictures for nothing', () => {
    expect(recommendMode([{ name: 'a', train: 2000 }, { name: 'empty', train: 0 }])?.mode).toBe('fine-tune'); // prettier-ignore
    expect(recommendMode([])).toBeNull();
  });
});

describe('advice', () => {
  it('speaks of class weights where classes are uneven', () => {
    expect(adviseClassWeights([{ name: 'a', train: 100 }, { name: 'b', train: 60 }])).toBeNull(); // prettier-ignore
    expect(adviseClassWeights([{ name: 'a', train: 30 }, { name: 'b', train: 90 }])).toContain('3.0 times'); // prettier-ignore
  });

  it('offers fewer views only where features can be kept', () => {
    expect(adviseViews(recipe)?.reason).toContain('2.5 times');
    expect(adviseViews(withMode(recipe, 'fine-tune'))).toBeNull();
    expect(adviseViews({ ...recipe, augment: { steps: [], mix: null } })).toBeNull();
    const mixed = { ...recipe, augment: { ...recipe.augment, mix: { kind: 'mixup', alpha: 0.2, p: 1 } as const } };
    expect(adviseViews(mixed)).toBeNull();
    expect(adviseViews({ ...recipe, training: { ...recipe.training, epochs: 4 } })).toBeNull();
  });
});

describe('memory', () => {
  const estimate = (changes: Partial<TrainEstimate>): TrainEstimate => ({
    steps: 1,
    seconds: 1,
    memoryBytes: 6e9,
    freeMemory: { bytes: 8e9, of: 'machine' },
    batchAdvice: null,
    basis: 'rough',
    trainableParameters: 1,
    parts: [],
    ...changes,
  });

  it('needs no word where it suffices, or where nobody knows', () => {
    for (const one of [estimate({}), estimate({ freeMemory: null })]) {
      expect(warnOfMemory(one)).toBeNull();
      expect(describeBatch(one)).toBe('Pictures for one step');
    }
    expect(describeBatch(null)).toBe('Pictures for one step');
  });

  it('asks for a smaller batch where it is short', () => {
    const short = estimate({ memoryBytes: 9e9, batchAdvice: { batchSize: 8, reason: 'too-large' } });
    expect(describeBatch(short)).toBe('Needs about 9.0 GB; 8.0 GB are free');
    expect(warnOfMemory(short)).toBe(
      'Only 8.0 GB are free on this computer: close other programs, or choose a batch of 8 to need less.',
    );
  });

  it('warns of the batch alone where it just about fits', () => {
    const tight = estimate({ memoryBytes: 7e9, batchAdvice: { batchSize: 8, reason: 'too-large' } });
    expect(describeBatch(tight)).toBe('Needs about 7.0 GB; 8.0 GB are free');
    expect(warnOfMemory(tight)).toBeNull();
  });

  it('asks for something smaller where no batch would do', () => {
    const card = { bytes: 2e9, of: 'card' } as const;
    expect(warnOfMemory(estimate({ freeMemory: card }))).toBe(
      'Only 2.0 GB are free on the graphics card: close other programs, or choose a smaller backbone, or fewer stages that train, to need less.',
    );
  });

  it('tells of room on a graphics card', () => {
    const card = { bytes: 80e9, of: 'card' } as const;
    const roomy = estimate({ freeMemory: card, batchAdvice: { batchSize: 64, reason: 'room' } });
    expect(describeBatch(roomy)).toBe('The graphics card has room for 64');
  });
});
