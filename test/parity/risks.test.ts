import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { downloadBackbone } from '../../src/main/engine/backbones/download-backbone.js';
import { getBackbone } from '../../src/main/engine/backbones/registry.js';
import { augmentRisks } from '../../src/main/engine/insight/risks.js';
import { parsePolicy } from '../../src/shared/augment/policy.js';
import { createRecipe } from '../../src/shared/recipe.js';
import type { AugmentRisks } from '../../src/shared/live-reports.js';
import { makeDigit, writeDrawnFolder } from '../support/glyphs.js';
import { makeFolder, removeFolder } from '../support/images.js';
import { sharedPath } from '../support/shared-data.js';

const photos = sharedPath('data', 'hymenoptera');
const root = makeFolder('digits');
const ID = 'efficientnet_lite0';

function look(path: string, steps: readonly unknown[]): Promise<AugmentRisks> {
  const augment = parsePolicy({ steps, mix: null });
  const recipe = { ...createRecipe(path), backbone: { id: ID, weightsFile: null }, augment };
  return augmentRisks({ recipe }, { signal: new AbortController().signal, onProgress: () => undefined });
}

/** The threshold, on features of published weights. */
describe.skipIf(photos === null)('augment.risks on published weights', () => {
  beforeAll(async () => {
    await downloadBackbone(getBackbone(ID));
    await writeDrawnFolder(join(root, 'digits'), ['nine', 'six'], { train: 16, val: 2 }, (classIndex, seed) =>
      makeDigit(classIndex === 0 ? 9 : 6, 160, seed),
    );
  });
  afterAll(() => removeFolder(root));

  it('warns of sixes upside down, and not of slight turns', { timeout: 300_000 }, async () => {
    const { images, risks } = await look(join(root, 'digits'), [
      { op: 'vertical_flip' },
      { op: 'rotation', params: { degrees: [-10, 10] } },
    ]);
    expect(images).toBe(32);
    expect(risks.map(({ step, op }) => [step, op])).toEqual([[0, 'vertical_flip']]);
    expect(risks[0]!.share).toBeGreaterThan(0.9);
    expect([risks[0]!.from, risks[0]!.to].sort()).toEqual(['nine', 'six']);
  });

  it('does not warn of ants and bees in a mirror', { timeout: 300_000 }, async () => {
    expect(await look(photos!, [{ op: 'horizontal_flip' }])).toEqual({ images: 64, risks: [] });
  });
});
