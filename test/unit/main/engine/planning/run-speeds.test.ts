import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRunSpeeds } from '../../../../../src/main/engine/planning/run-speeds.js';
import {
  rememberedSpeed,
  rememberSpeed,
  stepSpeed,
  typicalSpeed,
} from '../../../../../src/main/engine/planning/speed-record.js';
import { typicalSeconds } from '../../../../../src/main/engine/planning/typical-seconds.js';
import { loadTensorFlow } from '../../../../../src/main/engine/tf.js';
import { createRecipe } from '../../../../../src/shared/recipe.js';
import { makeFolder, removeFolder } from '../../../../support/images.js';

let home: string;
beforeEach(() => {
  home = makeFolder('speeds');
  vi.stubEnv('GRAFT_HOME', home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  removeFolder(home);
});

const recipe = createRecipe('/data');
const fineTuned = { ...recipe, mode: 'fine-tune' } as const;
const { batchSize } = recipe.training;

describe('a remembered speed', () => {
  it('is the upper quartile, so that a busy machine does not spoil it, nor one lucky moment make it', () => {
    expect(typicalSpeed([5])).toBe(5);
    expect(typicalSpeed([5, 50, 7])).toBe(50);
    expect(typicalSpeed([50, 4, 5, 6, 49, 48, 5, 4])).toBe(48);
  });

  it('gets better by a later finding, and is forgotten after eight others', async () => {
    const tf = await loadTensorFlow();
    await rememberSpeed(tf, 'b', 20);
    expect(await rememberedSpeed('b')).toBe(20);
    await rememberSpeed(tf, 'b', 100);
    expect(await rememberedSpeed('b')).toBe(100);
    for (let count = 0; count < 8; count++) await rememberSpeed(tf, 'b', 30);
    expect(await rememberedSpeed('b')).toBe(30);
    expect(await rememberedSpeed('other')).toBeNull();
    expect(readdirSync(join(home, 'cache', 'speeds'))).toHaveLength(1);
  });

  it('of steps goes by what makes them cost what they do', () => {
    const other = { ...fineTuned, fineTune: { ...fineTuned.fineTune, stages: 2 } };
    expect(stepSpeed(other)).not.toBe(stepSpeed(fineTuned));
    expect(stepSpeed({ ...fineTuned, training: { ...fineTuned.training, epochs: 99 } })).toBe(stepSpeed(fineTuned));
  });
});

it('the typical time is that of the faster half', () => {
  expect(typicalSeconds([9, 1, 9, 3])).toBe(2);
  expect(typicalSeconds([4])).toBe(4);
  expect(typicalSeconds([9, 9, 1, 2, 3])).toBe(2);
});

describe('a run', () => {
  it('tells how fast its backbone and its steps are, warm-up and short batches aside', async () => {
    const tf = await loadTensorFlow();
    const speeds = createRunSpeeds(fineTuned, 16);
    for (let batch = 0; batch < 12; batch++) {
      speeds.addFrozen(16, batch < 2 ? 100 : batch % 2 === 0 ? 2 : 7);
      speeds.addStep(batchSize, batch < 2 ? 100 : 4);
      speeds.addStep(batchSize - 1, 0.001);
    }
    await speeds.remember(tf);
    expect(await rememberedSpeed(recipe.backbone.id)).toBe(8);
    expect(await rememberedSpeed(stepSpeed(fineTuned))).toBe(batchSize / 4);
  });

  it('tells nothing after a few batches, and of a head nothing about steps', async () => {
    const tf = await loadTensorFlow();
    const short = createRunSpeeds(fineTuned, 16);
    for (let batch = 0; batch < 7; batch++) short.addFrozen(16, 2);
    await short.remember(tf);
    const head = createRunSpeeds(recipe, 16);
    for (let batch = 0; batch < 50; batch++) head.addStep(batchSize, 0.001);
    await head.remember(tf);
    expect(await rememberedSpeed(recipe.backbone.id)).toBeNull();
    expect(await rememberedSpeed(stepSpeed(recipe))).toBeNull();
  });
});
