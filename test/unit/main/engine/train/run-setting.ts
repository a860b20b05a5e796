import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { getBackbone } from '../../../../../src/main/engine/backbones/registry.js';
import { importBackbone } from '../../../../../src/main/engine/backbones/store.js';
import { presetPolicy } from '../../../../../src/shared/augment/presets.js';
import { createRecipe, type Recipe } from '../../../../../src/shared/recipe.js';
import type { EpochMetrics, RunSummary } from '../../../../../src/shared/reports.js';
import { writeClassFolder } from '../../../../support/class-folder.js';
import { putFile } from '../../../../support/images.js';
import { formulaWeights } from '../../../../support/networks.js';
import { encodeCheckpoint } from '../../../../support/torch-writer.js';

export type Change = (recipe: Recipe) => Recipe;

/** A short recipe on the test net; `changes` edit it. */
export function recipeFor(data: string, ...changes: readonly Change[]): Recipe {
  const recipe = createRecipe(data);
  const base: Recipe = {
    ...recipe,
    backbone: { id: 'test_tiny', weightsFile: null },
    augment: presetPolicy('none'),
    training: { ...recipe.training, epochs: 4, batchSize: 8, learningRate: 0.05, seed: 3 },
  };
  return changes.reduce((edited, change) => change(edited), base);
}

export const fineTune =
  (overrides: Partial<Recipe['fineTune']>): Change =>
  (recipe) => ({ ...recipe, mode: 'fine-tune', fineTune: { ...recipe.fineTune, ...overrides } });

export const training =
  (overrides: Partial<Recipe['training']>): Change =>
  (recipe) => ({ ...recipe, training: { ...recipe.training, ...overrides } });

/** Makes `root` a place to train in: weights of the test net in `root/home`, pictures of three classes in `data`. */
export async function prepareRuns(
  root: string,
  data: string,
  counts: { readonly train: number; readonly val: number },
): Promise<void> {
  mkdirSync(root, { recursive: true });
  process.env['GRAFT_HOME'] = join(root, 'home');
  await writeClassFolder(data, ['a', 'b', 'c'], counts);
  const definition = getBackbone('test_tiny');
  const file = join(root, 'tiny.pth');
  putFile(file, await encodeCheckpoint(formulaWeights(definition.build()), 'torch-zip'));
  await importBackbone(definition, file);
}

/** Everything in an epoch's line that is not a time. */
export const numbersOf = ({ epoch, train, val, lr }: EpochMetrics) => ({ epoch, train, val, lr });

/** What a run has left behind that must be the same however often it was interrupted. */
export function resultOf(run: string) {
  const read = (...path: string[]): string => readFileSync(join(run, ...path), 'utf8');
  const { best, last, reason, epochs } = JSON.parse(read('summary.json')) as RunSummary;
  return {
    metrics: read('metrics.ndjson')
      .trim()
      .split('\n')
      .map((line) => numbersOf(JSON.parse(line) as EpochMetrics)),
    weights: readFileSync(join(run, 'model', 'weights.safetensors')).toString('base64'),
    ...{ best, last, reason, epochs },
  };
}
