import { describe, expect, it } from 'vitest';
import { presetPolicy } from '../../../src/shared/augment/presets.js';
import {
  DEFAULT_OPTIMIZERS,
  RECIPE_PRESETS,
  type Recipe,
  type RecipePreset,
  createRecipe,
  parseRecipe,
} from '../../../src/shared/recipe.js';
import { DEFAULT_SCHEDULES } from '../../../src/shared/schedule.js';

const throughJson = (value: unknown): unknown => JSON.parse(JSON.stringify(value)) as unknown;
const base = createRecipe('/data');

/** The recipe with one field, given by its dotted path, replaced. */
function withField(path: string, value: unknown): unknown {
  const copy = throughJson(base) as Record<string, unknown>;
  const keys = path.split('.');
  const last = keys.pop()!;
  const target = keys.reduce((object, key) => object[key] as Record<string, unknown>, copy);
  if (value === undefined) delete target[last];
  else target[last] = value;
  return copy;
}

describe('parseRecipe', () => {
  it.each(Object.keys(RECIPE_PRESETS) as RecipePreset[])('reads back the %s recipe as it was written', (preset) => {
    const recipe = RECIPE_PRESETS[preset](base);
    expect(parseRecipe(throughJson(recipe))).toEqual(throughJson(recipe));
  });

  it('reads back every optimizer, schedule and choice', () => {
    const recipes: unknown[] = [
      ...Object.values(DEFAULT_OPTIMIZERS).map((optimizer) => withField('training.optimizer', optimizer)),
      ...Object.values(DEFAULT_SCHEDULES).map((schedule) => withField('training.schedule', schedule)),
      withField('mode', 'fine-tune'),
      withField('fineTune.stages', 3),
      withField('training.classWeights', 'balanced'),
      withField('training.classWeights', { ants: 1, bees: 0.5 }),
      withField('training.earlyStopping', { patience: 3, minDelta: 0 }),
      withField('training.views', 4),
      withField('backbone.weightsFile', '/w.pth'),
      withField('data.exclude', ['train/ants/a.jpg']),
      withField('data.move', { 'train/ants/a.jpg': 'bees' }),
      withField('data.rename', { ants: 'Ameisen' }),
    ];
    for (const recipe of recipes) expect(parseRecipe(recipe)).toEqual(recipe);
  });

  const wrong: readonly (readonly [field: string, value: unknown])[] = [
    ['data.path', ''],
    ['data.path', undefined],
    ['data.valFraction', 0],
    ['data.valFraction', 1],
    ['data.valFraction', '0.2'],
    ['data.splitSeed', -1],
    ['data.splitSeed', 2 ** 32],
    ['data.framing', 'stretch'],
    ['data.move', { 'train/ants/a.jpg': null }],
    ['data.rename', { ants: 1 }],
    ['data.extra', 1],
    ['backbone.id', ''],
    ['backbone.weightsFile', undefined],
    ['mode', 'thaw'],
    ['fineTune.stages', 0],
    ['fineTune.stages', 'some'],
    ['fineTune.lrDecay', 0],
    ['fineTune.lrDecay', 1.1],
    ['fineTune.batchNorm', 'on'],
    ['training.epochs', 0],
    ['training.epochs', 1.5],
    ['training.epochs', null],
    ['training.batchSize', 0],
    ['training.learningRate', 0],
    ['training.learningRate', -0.1],
    ['training.optimizer.momentum', 1],
    ['training.optimizer.beta1', 0.9],
    ['training.schedule.kind', 'linear'],
    ['training.warmupEpochs', -1],
    ['training.labelSmoothing', 1],
    ['training.classWeights', 'even'],
    ['training.classWeights', { ants: -1 }],
    ['training.dropout', 1],
    ['training.earlyStopping', { patience: 0, minDelta: 0 }],
    ['training.views', 0],
    ['training.seed', 0.5],
    ['extra', 1],
  ];
  it.each(wrong)('refuses %s = %j and names the field', (field, value) => {
    const parsing = (): Recipe => parseRecipe(withField(field, value));
    expect(parsing).toThrow(expect.objectContaining({ code: 'invalid-value' }));
    expect(parsing).toThrow(new RegExp(field.replaceAll('.', '\\.')));
  });

  it('reads a recipe from before there were moves and renames', () => {
    const { move: _move, rename: _rename, ...data } = base.data;
    expect(parseRecipe({ ...base, data })).toEqual(base);
  });

  it('says what came where a value is wrong', () => {
    expect(() => parseRecipe(withField('training.epochs', 0))).toThrow(/0/);
    expect(() => parseRecipe(withField('mode', 'thaw'))).toThrow(/freeze.*fine-tune.*thaw/);
  });

  it.each([2, 0, '1', null])('refuses version %j as another release', (version) => {
    expect(() => parseRecipe({ ...base, version })).toThrow(/version 1, received version .*another release/);
  });

  it.each([null, undefined, 7, 'text', [['array']], {}])('refuses %j', (value) => {
    expect(() => parseRecipe(value)).toThrow(expect.objectContaining({ code: 'invalid-value' }));
  });

  it('refuses an augmentation that is none', () => {
    expect(() => parseRecipe(withField('augment', { steps: 'many' }))).toThrow(
      expect.objectContaining({ code: 'invalid-value' }),
    );
    expect(() => parseRecipe(withField('augment', null))).toThrow(/augment/);
  });
});

describe('RECIPE_PRESETS', () => {
  it("holds the tutorial's numbers", () => {
    const recipe = RECIPE_PRESETS.tutorial(base);
    expect(recipe).toMatchObject({
      data: { path: '/data' },
      backbone: { id: 'resnet18' },
      mode: 'freeze',
      augment: presetPolicy('tutorial'),
      training: {
        epochs: 15,
        batchSize: 16,
        learningRate: 0.001,
        optimizer: { kind: 'sgd', momentum: 0.9, weightDecay: 0 },
        schedule: { kind: 'constant' },
      },
    });
  });

  it('leaves the recipe it is given as it was', () => {
    const before = throughJson(base);
    for (const preset of Object.values(RECIPE_PRESETS)) preset(base);
    expect(throughJson(base)).toEqual(before);
  });
});
