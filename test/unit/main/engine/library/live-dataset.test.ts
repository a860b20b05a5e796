import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { type LiveDataset, openLiveDataset } from '../../../../../src/main/engine/library/live-dataset.js';
import { createRecipe } from '../../../../../src/shared/recipe.js';
import type { DatasetSummary } from '../../../../../src/shared/studio.js';
import { makeFolder, photoBytes, putFile, removeFolder } from '../../../../support/images.js';

let home: string;
let folder: string;
let dataset: LiveDataset | null = null;
let told: DatasetSummary[] = [];
beforeEach(async () => {
  home = makeFolder('live-home');
  folder = makeFolder('live');
  vi.stubEnv('GRAFT_HOME', home);
  for (const name of ['a', 'b'])
    for (let i = 0; i < 6; i++)
      putFile(join(folder, name, `${i}.jpg`), await photoBytes(20, 20, i + name.charCodeAt(0)));
  told = [];
});
afterEach(async () => {
  await dataset?.close();
  dataset = null;
  vi.unstubAllEnvs();
  removeFolder(home);
  removeFolder(folder);
});

/** Opens the data set; its scan looks at so many files, then waits until it is let go. */
function open(looks: number): { readonly dataset: LiveDataset; readonly held: Promise<void>; letGo(): void } {
  let letGo = (): void => undefined;
  let reached = (): void => undefined;
  const gate = new Promise<void>((resolve) => (letGo = resolve));
  const held = new Promise<void>((resolve) => (reached = resolve));
  let left = looks;
  dataset = openLiveDataset({
    project: 'p',
    path: folder,
    arrangement: createRecipe(folder).data,
    cache: null,
    onChange: (summary) => told.push(summary),
    beforeExamining: () => {
      if (left-- > 0) return null;
      reached();
      return gate;
    },
  });
  return { dataset, held, letGo };
}

describe('a scan that is cancelled', () => {
  it('ends as cancelled, says how far it came, and never becomes the whole data set by itself', async () => {
    const { dataset: live, held, letGo } = open(5);
    await held;
    expect(live.summary.state).toBe('scanning');
    live.cancel();
    expect(told.at(-1)).toMatchObject({
      state: 'cancelled',
      error: null,
      fingerprint: null,
      scan: { total: 12 },
      images: 0,
      classes: [],
    });
    const { scan } = live.summary;
    expect(scan).toMatchObject({ secondsLeft: null });
    expect(scan!.done).toBeLessThan(12);
    const count = told.length;
    letGo();
    await live.ended;
    expect(live.summary).toMatchObject({ state: 'cancelled', scan });
    expect(told).toHaveLength(count);
    live.cancel();
    expect(told).toHaveLength(count);
  });

  it('is done by another, which cancelling does not reach any more', async () => {
    const { dataset: live, held, letGo } = open(5);
    await held;
    live.cancel();
    live.rescan();
    expect(live.summary).toMatchObject({ state: 'scanning', scan: { done: 0, total: null } });
    letGo();
    await live.ended;
    expect(live.summary).toMatchObject({ state: 'ready', images: 12, scan: null });
    expect(live.summary.fingerprint).not.toBeNull();
    live.cancel();
    expect(live.summary.state).toBe('ready');
  });

  it('before a file was found has nothing to show', async () => {
    const { dataset: live } = open(99);
    live.cancel();
    await live.ended;
    expect(live.summary).toMatchObject({ state: 'cancelled', images: 0, scan: { done: 0, total: null } });
    await live.placed;
    expect(live.view).toBeNull();
  });
});
