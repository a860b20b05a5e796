import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { GraftError } from '../../../shared/errors.js';
import { FRAMINGS } from '../../../shared/input.js';
import { parseWith } from '../../../shared/parse.js';
import { parseRecipe, type Recipe } from '../../../shared/recipe.js';
import type { RunSummary } from '../../../shared/reports.js';
import { getBackbone } from '../backbones/registry.js';
import { safetensorsParts } from '../backbones/safetensors.js';
import { readCheckpoint } from '../backbones/checkpoint.js';
import { loadWeights } from '../backbones/load.js';
import { writeFileAtomic, writeJsonAtomic } from '../files.js';
import { withHead } from '../graph/head.js';
import type { Network, WeightMap } from '../graph/types.js';

const triple = v.tuple([v.number(), v.number(), v.number()]);

const modelSchema = v.strictObject({
  format: v.literal('graft-model'),
  version: v.literal(1),
  backbone: v.string(),
  classes: v.pipe(v.array(v.string()), v.minLength(2)),
  framing: v.picklist(FRAMINGS),
  input: v.strictObject({
    size: v.number(),
    resize: v.number(),
    interpolation: v.picklist(['bilinear', 'bicubic']),
    mean: triple,
    std: triple,
  }),
  weights: v.strictObject({ file: v.literal('weights.safetensors'), sha256: v.string() }),
});

/** One of the user's validation pictures, framed, in `model/`: exports test themselves on it. */
export const SELF_TEST_IMAGE = 'self-test.png';

/** `model/model.json` of a run: all that is needed to run `model/weights.safetensors`. */
export type ModelDescription = v.InferOutput<typeof modelSchema>;

/** A trained classifier in memory: pixels 0..255 in, probabilities out. */
export interface ClassifierModel {
  readonly description: ModelDescription;
  readonly network: Network;
  readonly weights: WeightMap;
}

/**
 * Makes the folder of a new run and writes its recipe.
 *
 * @throws GraftError `already-exists` when the folder holds something
 */
export async function createRunFolder(run: string, recipe: Recipe): Promise<void> {
  await mkdir(run, { recursive: true });
  const existing = await readdir(run);
  if (existing.length > 0) {
    throw new GraftError(
      'already-exists',
      `expected an empty or new folder for the run, but ${run} holds ${existing.length} entries: choose another --out`,
    );
  }
  await writeJsonAtomic(join(run, 'recipe.json'), recipe);
}

/**
 * Writes `model/`: the weights first, then the description that names their hash. One that is there already, from before
 * the run went on, is taken away first, so that no description ever stands beside the weights of another.
 */
export async function writeModel(
  run: string,
  description: Omit<ModelDescription, 'format' | 'version' | 'weights'>,
  weights: WeightMap,
  selfTestPng: Uint8Array,
): Promise<void> {
  const folder = join(run, 'model');
  await mkdir(folder, { recursive: true });
  await rm(join(folder, 'model.json'), { force: true });
  await writeFileAtomic(join(folder, SELF_TEST_IMAGE), selfTestPng);
  const hash = createHash('sha256');
  const hashed = function* (): Generator<Uint8Array> {
    for (const part of safetensorsParts(weights, { format: 'pt', graft: 'model' })) {
      hash.update(part);
      yield part;
    }
  };
  await writeFileAtomic(join(folder, 'weights.safetensors'), hashed());
  const full: ModelDescription = {
    format: 'graft-model',
    version: 1,
    ...description,
    weights: { file: 'weights.safetensors', sha256: hash.digest('hex') },
  };
  await writeJsonAtomic(join(folder, 'model.json'), full);
}

/** Writes `summary.json`. */
export async function writeSummary(run: string, summary: RunSummary): Promise<void> {
  await writeJsonAtomic(join(run, 'summary.json'), summary);
}

async function readJson(path: string, what: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause: unknown) => {
    throw new GraftError('not-found', `expected ${what} at ${path}, but it cannot be read`, { cause });
  });
  try {
    return JSON.parse(text) as unknown;
  } catch (cause) {
    throw new GraftError('unreadable-file', `expected JSON in ${path}: ${String(cause)}`, { cause });
  }
}

/**
 * Reads a run's recipe.
 *
 * @throws GraftError `not-found`, `unreadable-file`, `invalid-value`
 */
export async function readRecipe(run: string): Promise<Recipe> {
  return parseRecipe(await readJson(join(run, 'recipe.json'), "a run's recipe"));
}

/**
 * Loads a run's trained model.
 *
 * @throws GraftError `not-found` when there is no finished model, `checksum-mismatch` when the weights are not those that
 * were written, `unreadable-file`, `weights-mismatch`
 */
export async function readModel(run: string): Promise<ClassifierModel> {
  const file = join(run, 'model', 'model.json');
  const description = parseWith(modelSchema, await readJson(file, 'a finished run with a model'), file);
  const weightsFile = join(run, 'model', description.weights.file);
  const sha256 = createHash('sha256')
    .update(await readFile(weightsFile))
    .digest('hex');
  if (sha256 !== description.weights.sha256) {
    throw new GraftError(
      'checksum-mismatch',
      `expected ${weightsFile} with sha256 ${description.weights.sha256}, received ${sha256}: the file has changed since the run`,
    );
  }
  const definition = getBackbone(description.backbone);
  const network = withHead(
    definition.build(),
    definition.featuresNode,
    definition.featureSize,
    description.classes.length,
  );
  const target = { id: description.backbone, params: network.params, ignore: [] };
  return { description, network, weights: loadWeights(target, await readCheckpoint(weightsFile)) };
}
