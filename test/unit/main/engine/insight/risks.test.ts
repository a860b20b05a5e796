import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getBackbone } from '../../../../../src/main/engine/backbones/registry.js';
import { importBackbone } from '../../../../../src/main/engine/backbones/store.js';
import { augmentRisks, measureSteps } from '../../../../../src/main/engine/insight/risks.js';
import { loadTensorFlow } from '../../../../../src/main/engine/tf.js';
import { parsePolicy } from '../../../../../src/shared/augment/policy.js';
import { createRecipe, type Recipe } from '../../../../../src/shared/recipe.js';
import type { Progress } from '../../../../../src/shared/progress.js';
import { makeShape, writeDrawnFolder } from '../../../../support/glyphs.js';
import { makeFolder, putFile, removeFolder } from '../../../../support/images.js';
import { formulaWeights } from '../../../../support/networks.js';
import { encodeCheckpoint } from '../../../../support/torch-writer.js';

const root = makeFolder('risks');
const data = join(root, 'shapes');
const INKS = [[40, 60, 230], [40, 190, 60], [230, 40, 40]] as const; // prettier-ignore

function recipeOf(steps: readonly unknown[], change: (recipe: Recipe) => Recipe = (recipe) => recipe): Recipe {
  const backbone = { id: 'test_tiny', weightsFile: null };
  return change({ ...createRecipe(data), backbone, augment: parsePolicy({ steps, mix: null }) });
}

const HUE = { op: 'color_jitter', p: 0.3, params: { brightness: 0, contrast: 0, saturation: 0, hue: 0.5 } };
const FLIP = { op: 'horizontal_flip', p: 0.5 };

const look = async (recipe: Recipe, signal = new AbortController().signal) => {
  const seen: Progress[] = [];
  const report = await augmentRisks({ recipe }, { signal, onProgress: (progress) => seen.push(progress) });
  return { report, features: seen.filter(({ task }) => task === 'features') };
};

describe('augment.risks', () => {
  beforeAll(async () => {
    process.env['GRAFT_HOME'] = join(root, 'home');
    await writeDrawnFolder(data, ['blue', 'green', 'red'], { train: 24, val: 2 }, (classIndex, seed) =>
      makeShape(INKS[classIndex]!, 48, seed),
    );
    const definition = getBackbone('test_tiny');
    const file = join(root, 'tiny.pth');
    putFile(file, await encodeCheckpoint(formulaWeights(definition.build()), 'torch-zip'));
    await importBackbone(definition, file);
  });
  afterAll(() => {
    delete process.env['GRAFT_HOME'];
    removeFolder(root);
  });

  it('warns of any hue where classes are colours, and of no flip', async () => {
    const tf = await loadTensorFlow();
    const before = tf.memory().numTensors;
    const { report, features } = await look(recipeOf([FLIP, HUE]));
    // 21 of each class, so that 64 are not exceeded.
    expect(report.images).toBe(63);
    expect(report.risks).toHaveLength(1);
    const [risk] = report.risks;
    expect(risk).toMatchObject({ step: 1, op: 'color_jitter' });
    expect(risk!.share).toBeGreaterThan(0.15);
    expect(['blue', 'green', 'red']).toContain(risk!.from);
    expect(risk!.to).not.toBe(risk!.from);
    // A flip at probability 1 has one way to fall: it is looked at once a picture, the hue three times.
    expect(features.at(-1)).toMatchObject({ done: 63 * 5, total: 63 * 5, unit: 'images' });
    expect(tf.memory().numTensors).toBe(before);
  });

  it('says the same again, with features that were kept or not', async () => {
    const recipe = recipeOf([HUE, FLIP]);
    const first = (await look(recipe)).report;
    expect((await look(recipe)).report).toEqual(first);
    removeFolder(join(root, 'home', 'cache'));
    expect((await look(recipe)).report).toEqual(first);
  });

  it('passes over steps that are never applied, and over a policy without steps', async () => {
    expect((await look(recipeOf([{ ...HUE, p: 0 }]))).report).toEqual({ images: 0, risks: [] });
    expect((await look(recipeOf([]))).report).toEqual({ images: 0, risks: [] });
  });

  it('gives names as the user has changed them', async () => {
    const renamed = recipeOf([HUE], (recipe) => ({
      ...recipe,
      data: { ...recipe.data, rename: { blue: 'B', green: 'G', red: 'R' } },
    }));
    const { risks } = (await look(renamed)).report;
    expect(['B', 'G', 'R']).toContain(risks[0]!.from);
  });

  it('looks at pictures that have no close company in their class, too', async () => {
    const few = recipeOf([HUE], (recipe) => ({
      ...recipe,
      data: { ...recipe.data, exclude: Array.from({ length: 23 }, (_, i) => `train/red/${i}.png`) },
    }));
    const { images, classes } = await measureSteps(
      { recipe: few },
      { signal: new AbortController().signal, onProgress: () => undefined },
    );
    expect(classes).toEqual(['blue', 'green', 'red']);
    // A single picture of a class has no mean but itself.
    expect(images).toBe(48);
  });

  it('needs the weights, and can be cancelled', async () => {
    const missing = recipeOf([HUE], (recipe) => ({ ...recipe, backbone: { id: 'resnet18', weightsFile: null } }));
    await expect(look(missing)).rejects.toMatchObject({ code: 'weights-missing' });
    const abort = new AbortController();
    const recipe = recipeOf([HUE], (base) => ({ ...base, training: { ...base.training, seed: 99 } }));
    const running = augmentRisks(
      { recipe },
      {
        signal: abort.signal,
        onProgress: ({ task, done }) => {
          if (task === 'features' && done === 70) abort.abort();
        },
      },
    );
    await expect(running).rejects.toMatchObject({ code: 'cancelled' });
  });
});
