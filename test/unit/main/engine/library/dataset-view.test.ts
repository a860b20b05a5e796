import { expect, it } from 'vitest';
import { createCatalog } from '../../../../../src/main/engine/library/catalog.js';
import { createView } from '../../../../../src/main/engine/library/dataset-view.js';
import { createImageList } from '../../../../../src/main/engine/library/image-list.js';
import { placeFiles } from '../../../../../src/main/engine/dataset/layout.js';
import type { WalkEntry } from '../../../../../src/main/engine/dataset/walk.js';
import { createRecipe } from '../../../../../src/shared/recipe.js';
import { ALL } from '../../../../support/library.js';

const { data } = createRecipe('/set');

function catalogOf(classes: Readonly<Record<string, number>>) {
  const entries: WalkEntry[] = [];
  for (const [name, count] of Object.entries(classes)) {
    entries.push({ path: name, file: `/set/${name}`, kind: 'folder' });
    for (let i = 0; i < count; i++) {
      entries.push({ path: `${name}/${i}.jpg`, file: `/set/${name}/${i}.jpg`, kind: 'file' });
    }
    entries.push({ path: `${name}/labels.csv`, file: `/set/${name}/labels.csv`, kind: 'file' });
  }
  const placed = placeFiles('/set', entries);
  return { placed, catalog: createCatalog('/set', placed, null, []) };
}

it('lists files by their names until they are looked at', () => {
  const { placed, catalog } = catalogOf({ a: 10, b: 5 });
  const early = createView(catalog, data, true);
  expect(early.facts).toMatchObject({ images: 15, splits: { train: 12, val: 3, test: 0 }, problems: [] });
  const { items } = createImageList(early).images(ALL, 0, 99);
  expect(items.every(({ hash, width }) => hash === '' && width === 0)).toBe(true);
  const problem = { path: 'b/0.jpg', code: 'truncated', severity: 'excluded', message: 'cut off' } as const;
  catalog.enter(
    placed.files.find(({ entry }) => entry.path === 'b/0.jpg')!,
    problem,
  );
  const csv = placed.files.find(({ entry }) => entry.path === 'a/labels.csv')!;
  const picture = { id: 'f', path: 'a/labels.csv', file: '/set/a/labels.csv', classIndex: 0, split: 'train', width: 5, height: 6, sizeBytes: 7, format: 'png' } as const; // prettier-ignore
  catalog.enter(csv, picture);
  const list = createImageList(createView(catalog, data, true));
  expect(list.images(ALL, 0, 99).total).toBe(15);
  expect(list.images({ ...ALL, search: 'LABELS' }, 0, 99).items).toMatchObject([{ hash: 'f', width: 5 }]);
  expect(list.image('b/0.jpg')).toMatchObject({ hash: '', problems: [{ code: 'truncated' }] });
});

it('shows a data set whose overlay does not fit it, and says what does not', () => {
  const { catalog } = catalogOf({ a: 4, b: 4 });
  const clash = createView(catalog, { ...data, rename: { a: 'b' } }, false);
  expect(clash.facts).toMatchObject({
    images: 8,
    classes: [{ name: 'a' }, { name: 'b' }],
    error: { code: 'conflict' },
  });
  const gone = createView(catalog, { ...data, rename: { a: 'A' }, move: { 'a/0.jpg': 'c', 'a/1.jpg': 'b' } }, false);
  expect(gone.facts.error).toMatchObject({ code: 'invalid-value' });
  expect(gone.facts.classes.map(({ name, train, val }) => [name, train + val])).toEqual([['A', 3], ['b', 5]]); // prettier-ignore
  // The class may come yet.
  expect(createView(catalog, { ...data, move: { 'a/0.jpg': 'c' } }, true).facts.error).toBeNull();
});
