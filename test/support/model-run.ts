import { join } from 'node:path';
import { mkdirSync } from 'node:fs';
import { getBackbone } from '../../src/main/engine/backbones/registry.js';
import { withHead } from '../../src/main/engine/graph/head.js';
import { writeModel } from '../../src/main/engine/runs/run-folder.js';
import type { Framing } from '../../src/shared/input.js';
import { createRecipe, type Recipe } from '../../src/shared/recipe.js';
import { makePhoto, putFile, toSharp } from './images.js';
import { formulaWeights } from './networks.js';

/** Writes the folder of a run that was never trained: a model with made-up weights, and the recipe it would come from. */
export async function writeModelRun(
  run: string,
  options: {
    readonly backbone: string;
    readonly classes: readonly string[];
    readonly framing?: Framing;
    readonly data?: Recipe['data'];
  },
): Promise<void> {
  const { backbone, classes, framing = 'crop', data } = options;
  const definition = getBackbone(backbone);
  const { input } = definition;
  const network = withHead(definition.build(), definition.featuresNode, definition.featureSize, classes.length);
  mkdirSync(run, { recursive: true });
  const recipe = createRecipe('nowhere');
  putFile(
    join(run, 'recipe.json'),
    JSON.stringify({ ...recipe, backbone: { id: backbone, weightsFile: null }, data: data ?? recipe.data }),
  );
  await writeModel(
    run,
    {
      backbone,
      classes: [...classes],
      framing,
      input: { ...input, mean: [...input.mean], std: [...input.std] },
    },
    formulaWeights(network),
    await toSharp(makePhoto(input.size, input.size, 5))
      .png()
      .toBuffer(),
  );
}

/** A PNG's bytes of a photo of any size. */
export const photoPng = (width: number, height: number, seed: number): Promise<Buffer> =>
  toSharp(makePhoto(width, height, seed))
    .png()
    .toBuffer();
