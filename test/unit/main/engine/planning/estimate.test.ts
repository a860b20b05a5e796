import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { getBackbone } from '../../../../../src/main/engine/backbones/registry.js';
import { importBackbone } from '../../../../../src/main/engine/backbones/store.js';
import { scanDataset } from '../../../../../src/main/engine/dataset/scan.js';
import { estimateTraining } from '../../../../../src/main/engine/planning/estimate.js';
import { measureBackbone } from '../../../../../src/main/engine/planning/measure.js';
import { readKnownDataset } from '../../../../../src/main/engine/planning/known-dataset.js';
import { rememberSpeed, stepSpeed } from '../../../../../src/main/engine/planning/speed-record.js';
import { stageWork, sumOver } from '../../../../../src/main/engine/planning/work.js';
import { createRunFolder } from '../../../../../src/main/engine/runs/run-folder.js';
import { createRunControl } from '../../../../../src/main/engine/train/control.js';
import { loadTensorFlow } from '../../../../../src/main/engine/tf.js';
import { trainRun } from '../../../../../src/main/engine/train/run.js';
import { presetPolicy } from '../../../../../src/shared/augment/presets.js';
import { createRecipe, type Recipe } from '../../../../../src/shared/recipe.js';
import type { TrainEstimate } from '../../../../../src/shared/live-reports.js';
import { writeClassFolder } from '../../../../support/class-folder.js';
import { makeFolder, putFile, removeFolder } from '../../../../support/images.js';
import { formulaWeights } from '../../../../support/networks.js';
import { encodeCheckpoint } from '../../../../support/torch-writer.js';

const root = makeFolder('estimate');
const folder = join(root, 'data');
const tiny = getBackbone('test_tiny');
const context = () => ({ signal: new AbortController().signal, onProgress: () => undefined });

function recipeOf(change: (recipe: Recipe) => Recipe = (recipe) => recipe): Recipe {
  const recipe = createRecipe(folder);
  const backbone = { id: 'test_tiny', weightsFile: null };
  const training = { ...recipe.training, epochs: 4, batchSize: 5 };
  return change({ ...recipe, backbone, augment: presetPolicy('none'), training });
}

const estimate = (recipe: Recipe): Promise<TrainEstimate> => estimateTraining({ recipe }, context());
const partOf = ({ parts }: TrainEstimate, name: string): number => parts.find((part) => part.name === name)!.seconds;
const fineTune = (stages: Recipe['fineTune']['stages']) => (recipe: Recipe) =>
  ({ ...recipe, mode: 'fine-tune', fineTune: { ...recipe.fineTune, stages } }) satisfies Recipe;
const augmented = (views: number | null) => (recipe: Recipe) =>
  ({ ...recipe, augment: presetPolicy('light'), training: { ...recipe.training, views } }) satisfies Recipe;

describe('train.estimate', () => {
  beforeAll(async () => {
    process.env['GRAFT_HOME'] = join(root, 'home');
    await writeClassFolder(folder, ['a', 'b', 'c'], { train: 6, val: 4 });
    putFile(join(folder, 'train', 'a', 'notes.txt'), 'no picture');
    const file = join(root, 'tiny.pth');
    putFile(file, await encodeCheckpoint(formulaWeights(tiny.build()), 'torch-zip'));
    await importBackbone(tiny, file);
  });
  afterAll(() => {
    delete process.env['GRAFT_HOME'];
    removeFolder(root);
  });

  it('counts pictures that no scan has opened, and opens none', async () => {
    putFile(join(folder, 'train', 'b', 'broken.jpg'), 'not what it says');
    const { signal, onProgress } = context();
    const before = await readKnownDataset(folder, signal, onProgress);
    expect(before.dataset.images).toHaveLength(31);
    expect(before.unseen.size).toBe(31);
    const scanned = await scanDataset(folder);
    const after = await readKnownDataset(folder, signal, onProgress);
    expect(after.unseen.size).toBe(0);
    const told = (images: readonly { path: string; id: string; classIndex: number; split: string }[]) =>
      images.map(({ path, id, classIndex, split }) => [path, id, classIndex, split]);
    expect(told(after.dataset.images)).toEqual(told(scanned.images));
  });

  it('adds up, and counts steps and what trains', async () => {
    const head = (32 + 1) * 3;
    const frozen = await estimate(recipeOf());
    expect(frozen.steps).toBe(4 * Math.ceil(18 / 5));
    expect(frozen.trainableParameters).toBe(head);
    expect(frozen.parts.map(({ name }) => name)).toEqual(['probe', 'decode', 'features', 'train', 'validate']);
    expect(frozen.seconds).toBeCloseTo(
      frozen.parts.reduce((sum, { seconds }) => sum + seconds, 0),
      9,
    );
    const all = await estimate(recipeOf(fineTune('all')));
    expect(all.trainableParameters).toBe(head + sumOver(stageWork(tiny), 'parameters'));
    expect(all.memoryBytes).toBeGreaterThan(frozen.memoryBytes);
    expect(all.freeMemory?.of).toBe('machine');
    expect(all.batchAdvice).toBeNull();
    const excluded = Array.from({ length: 6 }, (_, i) => `train/c/c-${i}.jpg`);
    const overlaid = await estimate(recipeOf((r) => ({ ...r, data: { ...r.data, exclude: excluded } })));
    expect(overlaid.steps).toBe(4 * Math.ceil(12 / 5));
  });

  it('knows what costs time: views, stages that train, epochs', async () => {
    const seconds = async (change: (recipe: Recipe) => Recipe): Promise<TrainEstimate> =>
      await estimate(recipeOf(change));
    const two = await seconds(augmented(2));
    const fresh = await seconds(augmented(null));
    // A frozen backbone computes two views once; with fresh dice every picture is computed in every epoch.
    expect(partOf(two, 'features')).toBeGreaterThan(partOf(await seconds(augmented(1)), 'features'));
    expect(partOf(fresh, 'train')).toBeGreaterThan(partOf(two, 'train'));
    expect(partOf(fresh, 'validate')).toBe(0);
    const [one, all] = [await seconds(fineTune(1)), await seconds(fineTune('all'))];
    expect(partOf(all, 'train')).toBeGreaterThan(partOf(one, 'train'));
    expect(partOf(all, 'validate')).toBeGreaterThan(0);
    const longer = await seconds((r) => fineTune('all')({ ...r, training: { ...r.training, epochs: 40 } }));
    expect(partOf(longer, 'validate')).toBeCloseTo(10 * partOf(all, 'validate'), 6);
  });

  it('goes by the measured speed once there is one', async () => {
    const rough = await estimate(recipeOf(fineTune('all')));
    expect(rough.basis).toBe('rough');
    await measureBackbone({ id: 'test_tiny' }, context(), () => null);
    const measured = await estimate(recipeOf(fineTune('all')));
    expect(measured.basis).toBe('measured');
    expect(measured.seconds).not.toBe(rough.seconds);
  });

  it('goes by the steps of earlier runs of the same kind, and of no other', async () => {
    const recipe = recipeOf(fineTune(1));
    const before = await estimate(recipe);
    // So slow that nothing else counts beside it.
    await rememberSpeed(await loadTensorFlow(), stepSpeed(recipe), 0.1);
    const after = await estimate(recipe);
    // 4 epochs of 18 or, with one that no scan has looked at, 19 pictures.
    expect(partOf(after, 'train')).toBeGreaterThan(700);
    expect(partOf(after, 'train')).toBeLessThan(800);
    expect(partOf(after, 'validate')).toBe(partOf(before, 'validate'));
    expect(partOf(await estimate(recipeOf(fineTune(2))), 'train')).toBeLessThan(partOf(after, 'train') / 10);
    expect(partOf(await estimate(recipeOf()), 'train')).toBeLessThan(partOf(after, 'train') / 10);
  });

  it('takes off what is on disk after a run', async () => {
    // So slow that nothing else counts beside it.
    removeFolder(join(root, 'home', 'cache', 'speeds'));
    await rememberSpeed(await loadTensorFlow(), 'test_tiny', 0.1);
    const recipe = recipeOf();
    const before = await estimate(recipe);
    expect(partOf(before, 'features')).toBeGreaterThan(0);
    expect(partOf(before, 'decode')).toBeGreaterThan(0);
    const run = join(root, 'run');
    await createRunFolder(run, recipe);
    await trainRun({ run, recipe, emit: () => undefined, control: createRunControl(), checkpoint: null });
    const after = await estimate(recipe);
    expect(partOf(after, 'probe')).toBe(0);
    expect(partOf(after, 'decode')).toBe(0);
    expect(partOf(before, 'features')).toBeGreaterThan(300);
    expect(partOf(after, 'features')).toBeLessThan(1);
    // Other pixels need other features, though nothing has to be decoded for them.
    const squashed = await estimate(recipeOf((r) => ({ ...r, data: { ...r.data, framing: 'squash' } })));
    expect(partOf(squashed, 'decode')).toBe(0);
    expect(partOf(squashed, 'features')).toBeGreaterThan(300);
  });

  it.each([
    ['unknown-backbone', (r: Recipe) => ({ ...r, backbone: { id: 'lenet', weightsFile: null } })],
    ['not-found', (r: Recipe) => ({ ...r, data: { ...r.data, path: join(root, 'nowhere') } })],
    ['invalid-value', fineTune(9)],
    ['dataset-unusable', (r: Recipe) => ({ ...r, data: { ...r.data, path: join(root, 'home') } })],
  ])('fails with %s, as the run would', async (code, change) => {
    await expect(estimate(recipeOf(change))).rejects.toMatchObject({ code });
  });

  it('answers without weights: a page asks before they are downloaded', async () => {
    const missing = await estimate(recipeOf((r) => ({ ...r, backbone: { id: 'resnet18', weightsFile: null } })));
    expect(missing).toMatchObject({ basis: 'rough', trainableParameters: 513 * 3 });
    expect(partOf(missing, 'features')).toBeGreaterThan(0);
  });
});
