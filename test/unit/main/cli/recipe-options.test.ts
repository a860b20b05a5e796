import { describe, expect, it } from 'vitest';
import { type RecipeOptions, recipeFromOptions } from '../../../../src/main/cli/recipe-options.js';
import { presetPolicy } from '../../../../src/shared/augment/presets.js';
import { DEFAULT_OPTIMIZERS, RECIPE_PRESETS, type Recipe, createRecipe } from '../../../../src/shared/recipe.js';
import { DEFAULT_SCHEDULES } from '../../../../src/shared/schedule.js';

/** Resolves options where these files exist, in the folder `/home/me`. */
function recipeFrom(options: RecipeOptions, files: Readonly<Record<string, unknown>> = {}): Recipe {
  return recipeFromOptions(options, {
    cwd: '/home/me',
    readText(path) {
      if (!Object.hasOwn(files, path)) throw new Error(`ENOENT: no such file or directory, open '${path}'`);
      const content = files[path];
      return typeof content === 'string' ? content : JSON.stringify(content);
    },
  });
}
const throughJson = (recipe: Recipe): unknown => JSON.parse(JSON.stringify(recipe)) as unknown;
const code = (expected: string) => expect.objectContaining({ code: expected }) as unknown;

describe('recipeFromOptions without a recipe file', () => {
  it('is the default recipe of the data, whose path becomes absolute', () => {
    expect(recipeFrom({ data: 'photos' })).toEqual(createRecipe('/home/me/photos'));
    expect(recipeFrom({ data: '/elsewhere' }).data.path).toBe('/elsewhere');
    expect(recipeFrom({ data: '../photos/' }).data.path).toBe('/home/photos');
  });

  it('starts from a preset', () => {
    expect(recipeFrom({ data: '/d', preset: 'tutorial' })).toEqual(RECIPE_PRESETS.tutorial(createRecipe('/d')));
    expect(recipeFrom({ data: '/d', preset: 'default' })).toEqual(createRecipe('/d'));
  });

  it('wants the data', () => {
    expect(() => recipeFrom({ epochs: 3 })).toThrow(code('usage'));
    expect(() => recipeFrom({})).toThrow(/--data.*--recipe/);
  });

  const changes: readonly (readonly [options: RecipeOptions, field: string, value: unknown])[] = [
    [{ backbone: 'resnet18' }, 'backbone.id', 'resnet18'],
    [{ weights: 'w.pth' }, 'backbone.weightsFile', '/home/me/w.pth'],
    [{ mode: 'fine-tune' }, 'mode', 'fine-tune'],
    [{ mode: 'fine-tune', stages: 2 }, 'fineTune.stages', 2],
    [{ mode: 'fine-tune', stages: 'all' }, 'fineTune.stages', 'all'],
    [{ mode: 'fine-tune', lrDecay: 0.3 }, 'fineTune.lrDecay', 0.3],
    [{ mode: 'fine-tune', batchNorm: 'batch' }, 'fineTune.batchNorm', 'batch'],
    [{ framing: 'letterbox' }, 'data.framing', 'letterbox'],
    [{ valFraction: 0.3 }, 'data.valFraction', 0.3],
    [{ splitSeed: 7 }, 'data.splitSeed', 7],
    [{ epochs: 3 }, 'training.epochs', 3],
    [{ batch: 8 }, 'training.batchSize', 8],
    [{ lr: 0.05 }, 'training.learningRate', 0.05],
    [{ optimizer: 'adam' }, 'training.optimizer', DEFAULT_OPTIMIZERS.adam],
    [{ optimizer: 'adamw' }, 'training.optimizer', DEFAULT_OPTIMIZERS.adamw],
    [{ optimizer: 'adamw', weightDecay: 0.1 }, 'training.optimizer.weightDecay', 0.1],
    [{ momentum: 0.5 }, 'training.optimizer.momentum', 0.5],
    [{ momentum: 0 }, 'training.optimizer.momentum', 0],
    [{ nesterov: true }, 'training.optimizer.nesterov', true],
    [{ weightDecay: 1e-4 }, 'training.optimizer.weightDecay', 1e-4],
    [{ schedule: 'step' }, 'training.schedule', DEFAULT_SCHEDULES.step],
    [{ schedule: 'constant' }, 'training.schedule', DEFAULT_SCHEDULES.constant],
    [{ schedule: 'one-cycle' }, 'training.schedule', DEFAULT_SCHEDULES['one-cycle']],
    [{ warmup: 0.5 }, 'training.warmupEpochs', 0.5],
    [{ labelSmoothing: 0.1 }, 'training.labelSmoothing', 0.1],
    [{ classWeights: 'balanced' }, 'training.classWeights', 'balanced'],
    [{ dropout: 0.2 }, 'training.dropout', 0.2],
    [{ earlyStopping: 4 }, 'training.earlyStopping', { patience: 4, minDelta: 0 }],
    [{ views: 6 }, 'training.views', 6],
    [{ seed: 0xffffffff }, 'training.seed', 0xffffffff],
  ];
  it.each(changes)('%j sets %s', (options, field, value) => {
    const recipe = recipeFrom({ data: '/d', ...options });
    const found = field.split('.').reduce<unknown>((object, key) => (object as Record<string, unknown>)[key], recipe);
    expect(found).toEqual(value);
  });

  it('changes nothing else', () => {
    const recipe = recipeFrom({ data: '/d', epochs: 3 });
    const plain = createRecipe('/d');
    expect(recipe).toEqual({ ...plain, training: { ...plain.training, epochs: 3 } });
  });

  it('takes the fine-tuning learning rate unless one is given', () => {
    expect(recipeFrom({ data: '/d' }).training.learningRate).toBe(0.01);
    expect(recipeFrom({ data: '/d', mode: 'freeze' }).training.learningRate).toBe(0.01);
    expect(recipeFrom({ data: '/d', mode: 'fine-tune' }).training.learningRate).toBe(0.002);
    expect(recipeFrom({ data: '/d', mode: 'fine-tune', lr: 0.01 }).training.learningRate).toBe(0.01);
    expect(recipeFrom({ data: '/d', mode: 'fine-tune', preset: 'tutorial' }).training.learningRate).toBe(0.001);
  });

  it('checks the whole by the recipe schema', () => {
    expect(() => recipeFrom({ data: '/d', epochs: 0 })).toThrow(code('invalid-value'));
    expect(() => recipeFrom({ data: '/d', epochs: 0 })).toThrow(/training\.epochs/);
  });
});

describe('options that contradict each other', () => {
  const contradictions: readonly (readonly [options: RecipeOptions, message: RegExp])[] = [
    [{ stages: 2 }, /--stages.*--mode fine-tune/],
    [{ lrDecay: 0.5 }, /--lr-decay.*--mode fine-tune/],
    [{ batchNorm: 'frozen' }, /--batch-norm.*--mode fine-tune/],
    [{ optimizer: 'adam', momentum: 0.9 }, /--momentum.*sgd.*adam/],
    [{ optimizer: 'adamw', nesterov: true }, /--nesterov.*sgd.*adamw/],
    [{ nesterov: true, momentum: 0 }, /--nesterov.*--momentum above 0/],
    [{ recipe: 'r.json', preset: 'tutorial' }, /--recipe or --preset/],
  ];
  it.each(contradictions)('refuses %j', (options, message) => {
    expect(() => recipeFrom({ data: '/d', ...options })).toThrow(code('usage'));
    expect(() => recipeFrom({ data: '/d', ...options })).toThrow(message);
  });
});

describe('--recipe', () => {
  const written: Recipe = {
    ...createRecipe('/data/insects'),
    mode: 'fine-tune',
    backbone: { id: 'resnet18', weightsFile: '/weights/a.pth' },
    training: {
      ...createRecipe('/d').training,
      epochs: 4,
      learningRate: 0.01,
      earlyStopping: { patience: 2, minDelta: 0.01 },
    },
  };
  const files = { '/home/me/run/recipe.json': written };

  it("replays a run's recipe exactly", () => {
    expect(recipeFrom({ recipe: 'run/recipe.json' }, files)).toEqual(throughJson(written));
  });

  it('resolves relative paths in it against its own folder', () => {
    const relative = {
      ...written,
      data: { ...written.data, path: '../photos' },
      backbone: { id: 'a', weightsFile: 'w.pth' },
    };
    const recipe = recipeFrom({ recipe: '/shared/r/recipe.json' }, { '/shared/r/recipe.json': relative });
    expect(recipe.data.path).toBe('/shared/photos');
    expect(recipe.backbone.weightsFile).toBe('/shared/r/w.pth');
  });

  it('lets options override it', () => {
    const recipe = recipeFrom({ recipe: 'run/recipe.json', data: 'mine', epochs: 9, stages: 1 }, files);
    expect(recipe).toMatchObject({ data: { path: '/home/me/mine' }, fineTune: { stages: 1 }, training: { epochs: 9 } });
  });

  it('keeps its learning rate when it fine-tunes already', () => {
    expect(recipeFrom({ recipe: 'run/recipe.json', mode: 'fine-tune' }, files).training.learningRate).toBe(0.01);
  });

  it("drops another backbone's checkpoint, and keeps the same one's", () => {
    const other = recipeFrom({ recipe: 'run/recipe.json', backbone: 'mobilenet_v2' }, files);
    expect(other.backbone).toEqual({ id: 'mobilenet_v2', weightsFile: null });
    const same = recipeFrom({ recipe: 'run/recipe.json', backbone: 'resnet18' }, files);
    expect(same.backbone.weightsFile).toBe('/weights/a.pth');
  });

  it('keeps what an option does not say', () => {
    expect(recipeFrom({ recipe: 'run/recipe.json', earlyStopping: 5 }, files).training.earlyStopping).toEqual({
      patience: 5,
      minDelta: 0.01,
    });
    const cosine = { ...written, training: { ...written.training, schedule: { kind: 'cosine', floor: 0.2 } } };
    expect(recipeFrom({ recipe: '/c.json', schedule: 'cosine' }, { '/c.json': cosine }).training.schedule).toEqual({
      kind: 'cosine',
      floor: 0.2,
    });
  });

  it('names the file when it cannot be used', () => {
    expect(() => recipeFrom({ recipe: 'none.json' })).toThrow(code('not-found'));
    expect(() => recipeFrom({ recipe: 'none.json' })).toThrow(/--recipe.*\/home\/me\/none\.json/);
    expect(() => recipeFrom({ recipe: '/r.json' }, { '/r.json': '{' })).toThrow(code('unreadable-file'));
    expect(() => recipeFrom({ recipe: '/r.json' }, { '/r.json': { version: 2 } })).toThrow(/version 1.*version 2/);
  });
});

describe('--augment and --class-weights', () => {
  it('takes a preset by name', () => {
    expect(recipeFrom({ data: '/d', augment: 'strong' }).augment).toEqual(presetPolicy('strong'));
  });

  it('takes a file', () => {
    const policy = JSON.parse(JSON.stringify(presetPolicy('tutorial'))) as unknown;
    expect(recipeFrom({ data: '/d', augment: 'mine.json' }, { '/home/me/mine.json': policy }).augment).toEqual(policy);
  });

  it('lists the presets where it is neither', () => {
    expect(() => recipeFrom({ data: '/d', augment: 'stronk' })).toThrow(
      /preset \(.*strong.*\).*"stronk", which is neither/,
    );
    expect(() => recipeFrom({ data: '/d', augment: 'toString' })).toThrow(code('not-found'));
  });

  it('refuses a file that holds something else', () => {
    expect(() => recipeFrom({ data: '/d', augment: '/a.json' }, { '/a.json': [1] })).toThrow(code('invalid-value'));
  });

  it('reads class weights from a file', () => {
    const weights = { ants: 1, bees: 2 };
    const recipe = recipeFrom({ data: '/d', classWeights: 'w.json' }, { '/home/me/w.json': weights });
    expect(recipe.training.classWeights).toEqual(weights);
    expect(() => recipeFrom({ data: '/d', classWeights: '/w.json' }, { '/w.json': { ants: 'many' } })).toThrow(
      /training\.classWeights/,
    );
    expect(() => recipeFrom({ data: '/d', classWeights: 'even' })).toThrow(/--class-weights.*\/home\/me\/even/);
  });
});
