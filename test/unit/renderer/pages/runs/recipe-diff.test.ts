import { describe, expect, it } from 'vitest';
import { diffRecipes } from '../../../../../src/renderer/pages/runs/recipe-diff.js';
import { presetPolicy } from '../../../../../src/shared/augment/presets.js';
import { DEFAULT_OPTIMIZERS, createRecipe } from '../../../../../src/shared/recipe.js';

const recipe = createRecipe('/data');

describe('what two recipes differ in', () => {
  it('is nothing for equal ones', () => expect(diffRecipes(recipe, structuredClone(recipe))).toEqual([]));

  it('names each setting in words, with both values', () => {
    const other = {
      ...recipe,
      augment: presetPolicy('none'),
      training: {
        ...recipe.training,
        epochs: 20,
        optimizer: DEFAULT_OPTIMIZERS.adam,
        earlyStopping: { patience: 3, minDelta: 0 },
      },
    };
    expect(diffRecipes(recipe, other)).toEqual([
      {
        field: 'augment.steps',
        label: 'Augmentation',
        before: 'random resized crop, horizontal flip, rotation, color jitter',
        after: 'none',
      },
      { field: 'training.epochs', label: 'Epochs', before: '10', after: '20' },
      {
        field: 'training.optimizer',
        label: 'Optimizer',
        before: 'sgd, momentum 0.9, nesterov false, weightDecay 0',
        after: 'adam, beta1 0.9, beta2 0.999, epsilon 1e-8, weightDecay 0',
      },
      { field: 'training.earlyStopping', label: 'Early stopping', before: 'off', after: 'patience 3, minDelta 0' },
    ]);
  });

  it('says so when only the numbers of augmentation differ', () => {
    const steps = recipe.augment.steps.map((step, index) => (index === 1 ? { ...step, p: 0.9 } : step));
    const [difference] = diffRecipes(recipe, { ...recipe, augment: { ...recipe.augment, steps } });
    expect(difference?.after).toMatch(/\(other numbers\)$/);
  });

  it('leaves out fine-tuning where neither fine-tunes', () => {
    const frozen = { ...recipe, fineTune: { ...recipe.fineTune, lrDecay: 0.1 } };
    expect(diffRecipes(recipe, frozen)).toEqual([]);
    const tuned = { ...frozen, mode: 'fine-tune' as const };
    expect(diffRecipes(recipe, tuned).map(({ field }) => field)).toEqual(['mode', 'fineTune.lrDecay']);
  });
});
