import { mkdirSync, readdirSync, readFileSync, realpathSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { scanDataset } from '../../../../../src/main/engine/dataset/scan.js';
import { splitForTraining } from '../../../../../src/main/engine/train/prepare.js';
import type { ImageFilter } from '../../../../../src/shared/contract.js';
import type { Project } from '../../../../../src/shared/studio.js';
import { makeFolder, photoBytes, putFile, removeFolder, zipBytes } from '../../../../support/images.js';
import { ALL, openLibrary, type TestLibrary } from '../../../../support/library.js';

let home: string;
let folder: string;
const open: TestLibrary[] = [];
beforeEach(() => {
  home = makeFolder('library-home');
  folder = realpathSync(makeFolder('library'));
  vi.stubEnv('GRAFT_HOME', home);
});
afterEach(async () => {
  for (const library of open.splice(0)) await library.close();
  vi.restoreAllMocks();
  vi.unstubAllEnvs();
  removeFolder(home);
  removeFolder(folder);
});

function start(): TestLibrary {
  const library = openLibrary();
  open.push(library);
  return library;
}

const put = (path: string, data: Uint8Array | string): void => putFile(join(folder, path), data);

/** Ten ants, six bees, a copy of an ant among the bees, and a text. */
async function putPictures(): Promise<void> {
  for (let i = 0; i < 10; i++) put(`ants/${i}.jpg`, await photoBytes(40, 30, i));
  for (let i = 0; i < 6; i++) put(`bees/${i}.jpg`, await photoBytes(30, 40, 100 + i));
  put('bees/ant.jpg', readFileSync(join(folder, 'ants', '0.jpg')));
  put('bees/words.jpg', 'no picture');
  mkdirSync(join(folder, 'wasps'));
}

describe('projects', () => {
  it('have on the disk what was asked for when their library ends', async () => {
    await putPictures();
    const library = start();
    const { id, recipe } = await library.call('projects.open', { path: folder });
    const { run } = await library.call('runs.reserve', { name: '' });
    const changes = [
      library.call('projects.update', { recipe: { ...recipe, mode: 'fine-tune' }, revision: 0 }),
      library.call('runs.reserve', { name: 'Named' }),
    ];
    // Messages arrive a moment later, and no more come once a library is to end.
    await new Promise((resolve) => setImmediate(resolve));
    await library.shutdown();
    const read = (name: string): unknown => JSON.parse(readFileSync(join(home, 'projects', id, name), 'utf8'));
    expect(read('project.json')).toMatchObject({ revision: 1, recipe: { mode: 'fine-tune' } });
    expect(Object.values(read('run-names.json') as object)).toEqual(['Named']);
    expect(run).toContain(id);
    await Promise.all(changes);
  });

  it('are made on opening, kept over restarts, and forgotten when asked', async () => {
    await putPictures();
    const first = start();
    expect(await first.call('projects.current', {})).toBeNull();
    expect(await first.call('dataset.summary', {})).toBeNull();
    const made = await first.call('projects.open', { path: `${folder}/../${folder.split('/').at(-1)}/` });
    expect(made).toMatchObject({ path: folder, revision: 0, recipe: { data: { path: folder } } });
    const recipe = { ...made.recipe, data: { ...made.recipe.data, path: '/elsewhere', splitSeed: 5 } };
    const updated = await first.call('projects.update', { recipe, revision: 0 });
    expect(updated).toMatchObject({ revision: 1, recipe: { data: { path: folder, splitSeed: 5 } } });
    await expect(first.call('projects.update', { recipe, revision: 0 })).rejects.toMatchObject({
      code: 'conflict',
      details: { revision: 1 },
    });
    await first.close();

    const second = start();
    expect(await second.call('projects.current', {})).toEqual(updated);
    expect((await second.scanned()).images).toBe(17);
    const again = await second.call('projects.open', { path: folder });
    expect(again).toEqual({ ...updated, openedAt: again.openedAt });
    expect(await second.call('projects.list', {})).toMatchObject([
      { id: made.id, path: folder, runs: 0, isMissing: false },
    ]);
    await second.call('projects.close', {});
    expect(await second.call('projects.current', {})).toBeNull();
    await expect(second.call('dataset.images', { filter: ALL, offset: 0, limit: 1 })).rejects.toMatchObject({
      code: 'not-found',
    });
    await second.call('projects.remove', { id: made.id });
    expect(await second.call('projects.list', {})).toEqual([]);
    for (const id of [made.id, '..', '../..', '']) {
      await expect(second.call('projects.remove', { id })).rejects.toMatchObject({ code: 'not-found' });
    }
    expect(await start().call('projects.current', {})).toBeNull();
    expect(readdirSync(join(folder, 'ants'))).toHaveLength(10);
  });

  it('set a broken file aside, and keep what can be kept of a strange one', async () => {
    await putPictures();
    const said = vi.spyOn(console, 'error').mockImplementation(() => undefined);
    const first = start();
    const { id } = await first.call('projects.open', { path: folder });
    const { run } = await first.call('runs.reserve', { name: 'kept' });
    await first.close();
    const file = join(home, 'projects', id, 'project.json');
    const whole = readFileSync(file, 'utf8');
    for (const text of ['{"version": 1, "na', '', '[]', whole.replace('"version": 1,', '"version": 99,')]) {
      writeFileSync(file, text);
      const library = start();
      expect(await library.call('projects.current', {})).toBeNull();
      expect(await library.call('projects.list', {})).toEqual([]);
      expect(await library.call('projects.open', { path: folder })).toMatchObject({ id, revision: 0 });
      await library.close();
    }
    const set = readdirSync(join(home, 'projects', id)).filter((name) => name.startsWith('project.broken-'));
    expect(set.length).toBeGreaterThan(0);
    expect(said.mock.calls.flat().join('\n')).toMatch(/project\.json: it is broken .* set aside as .*project\.broken-/);
    expect(run).toContain('kept');

    writeFileSync(file, whole.replace(/"epochs": \d+/, '"epochs": "many"').replace('"revision": 0', '"revision": 7'));
    writeFileSync(join(home, 'session.json'), JSON.stringify({ project: id }));
    const library = start();
    expect(await library.call('projects.current', {})).toMatchObject({
      revision: 7,
      recipe: { training: { epochs: 10 } },
    });
    writeFileSync(join(home, 'session.json'), '{{');
    expect(await start().call('projects.current', {})).toBeNull();
  });

  it('say what cannot be opened, and what has gone', async () => {
    await putPictures();
    const library = start();
    writeFileSync(join(home, 'a.txt'), 'x');
    await expect(library.call('projects.open', { path: join(home, 'nothing') })).rejects.toMatchObject({
      code: 'not-found',
    });
    await expect(library.call('projects.open', { path: join(home, 'a.txt') })).rejects.toMatchObject({
      code: 'dataset-unusable',
    });
    await library.call('projects.open', { path: folder });
    await library.close();
    rmSync(folder, { recursive: true });
    const later = start();
    expect(await later.call('projects.list', {})).toMatchObject([{ isMissing: true }]);
    expect(await later.scanned()).toMatchObject({ state: 'failed', error: { code: 'not-found' }, images: 0 });
    mkdirSync(folder);
    put('ants/notes.txt', 'x');
    await later.call('dataset.rescan', {});
    expect(await later.scanned()).toMatchObject({ state: 'failed', error: { code: 'dataset-unusable' } });
    expect((await later.call('dataset.problems', { code: 'not-an-image', offset: 0, limit: 9 })).items).toMatchObject([
      { path: 'ants/notes.txt', code: 'not-an-image' },
    ]);
  });

  it('open an archive', async () => {
    const archive = join(home, 'Some pictures.zip');
    const names = ['a/1.jpg', 'a/2.jpg', 'b/1.jpg', 'b/2.jpg'];
    const entries = await Promise.all(names.map(async (name, i) => ({ name, data: await photoBytes(30, 30, i) })));
    writeFileSync(archive, zipBytes(entries));
    const library = start();
    expect(await library.call('projects.open', { path: archive })).toMatchObject({ name: 'Some pictures' });
    expect(await library.scanned()).toMatchObject({ images: 4, state: 'ready', splits: { train: 2, val: 2, test: 0 } });
    const { file } = await library.call('dataset.file', { image: 'b/2.jpg' });
    expect(readFileSync(file).equals(entries[3]!.data)).toBe(true);
  });
});

describe('the data set', () => {
  const paths = async (library: TestLibrary, filter: Partial<ImageFilter>) => {
    const page = await library.call('dataset.images', { filter: { ...ALL, ...filter }, offset: 0, limit: 1000 });
    return page.items.map(({ path }) => path);
  };

  it('is summed up, listed and filtered', async () => {
    await putPictures();
    const library = start();
    const { id } = await library.call('projects.open', { path: folder });
    const summary = await library.scanned();
    expect(summary).toMatchObject({
      project: id,
      scan: null,
      error: null,
      layout: 'classes',
      hasOwnSplit: false,
      images: 17,
      excluded: 0,
      fingerprint: (await scanDataset(folder)).fingerprint,
    });
    expect(summary.problems).toEqual([
      { code: 'not-an-image', severity: 'excluded', count: 1 },
      { code: 'duplicate-label-conflict', severity: 'warning', count: 1 },
      { code: 'empty-class', severity: 'warning', count: 1 },
    ]);
    expect(
      summary.classes.map(({ name, folder: own, train, val, excluded }) => [name, own, train + val, excluded]),
    ).toEqual([
      ['ants', 'ants', 10, 0],
      ['bees', 'bees', 7, 0],
      ['wasps', 'wasps', 0, 0],
    ]);
    const all = await paths(library, {});
    expect(all).toHaveLength(17);
    expect(all.slice(9, 12)).toEqual(['ants/9.jpg', 'bees/0.jpg', 'bees/1.jpg']);
    expect(await paths(library, { className: 'bees', search: '/ANT' })).toEqual(['bees/ant.jpg']);
    expect(await paths(library, { problem: 'not-an-image' })).toEqual(['bees/words.jpg']);
    expect(await paths(library, { problem: 'duplicate-label-conflict' })).toEqual(['bees/ant.jpg']);
    expect(await paths(library, { className: 'nobody' })).toEqual([]);
    expect((await paths(library, { split: 'val' })).length).toBe(summary.splits.val);
    const page = await library.call('dataset.images', { filter: ALL, offset: 15, limit: 10 });
    expect([page.total, page.items.length, page.revision]).toEqual([17, 2, summary.revision]);
    expect(await library.call('dataset.image', { image: 'bees/ant.jpg' })).toMatchObject({
      folder: 'bees',
      width: 40,
      height: 30,
      format: 'jpeg',
      problems: [{ code: 'duplicate-label-conflict' }],
    });
    expect((await library.call('dataset.problems', { code: 'empty-class', offset: 0, limit: 5 })).total).toBe(1);
  });

  it('is split as training splits it, whatever the overlay', async () => {
    await putPictures();
    const library = start();
    await library.call('projects.open', { path: folder });
    await library.scanned();
    await library.call('dataset.edit', { edit: { kind: 'exclude', images: ['bees/ant.jpg', 'ants/3.jpg'] } });
    await library.call('dataset.edit', { edit: { kind: 'move', moves: [{ image: 'ants/1.jpg', className: 'wasps' }, { image: 'ants/2.jpg', className: 'wasps' }, { image: 'ants/3.jpg', className: 'wasps' }] } }); // prettier-ignore
    await library.call('dataset.edit', { edit: { kind: 'rename', from: 'ants', to: 'zebras' } });
    const { recipe } = (await library.call('projects.current', {}))!;
    const { images, classes } = splitForTraining(await scanDataset(folder), recipe.data);
    const expected = images.map(({ path, split, classIndex }) => `${path} ${split} ${classes[classIndex]}`).sort();
    const page = await library.call('dataset.images', { filter: { ...ALL, isExcluded: false }, offset: 0, limit: 99 });
    expect(page.items.map(({ path, split, className }) => `${path} ${split} ${className}`).sort()).toEqual(expected);
    const left = await library.call('dataset.images', { filter: { ...ALL, isExcluded: true }, offset: 0, limit: 99 });
    expect(left.items.map(({ path, className }) => `${path} ${className}`)).toEqual([
      'bees/ant.jpg bees',
      'ants/3.jpg wasps',
    ]);
    expect(await library.call('dataset.summary', {})).toMatchObject({
      images: 15,
      excluded: 2,
      classes: [{ name: 'zebras', folder: 'ants' }, { excluded: 1 }, { name: 'wasps', train: 1, val: 1, excluded: 1 }],
      problems: [{ code: 'not-an-image' }],
    });
  });

  it('tells of every edit, and takes it back', async () => {
    await putPictures();
    const library = start();
    const before = await library.call('projects.open', { path: folder });
    await library.scanned();
    const seen = library.events.length;
    const edit = { kind: 'exclude', images: ['ants/1.jpg'] } as const;
    const { undo } = await library.call('dataset.edit', { edit: { ...edit, images: [...edit.images] } });
    expect(library.events.slice(seen)).toMatchObject([
      { name: 'projects.changed', data: { project: { revision: 1, recipe: { data: { exclude: ['ants/1.jpg'] } } } } },
      { name: 'dataset.changed', data: { summary: { excluded: 1, images: 16 } } },
    ]);
    await library.call('dataset.edit', { edit: undo });
    const after = (await library.call('projects.current', {})) as Project;
    expect(after).toEqual({ ...before, revision: 2 });
    const refused = library.call('dataset.edit', { edit: { kind: 'exclude', images: ['ants/1.jpg', 'ants/99.jpg'] } });
    await expect(refused).rejects.toMatchObject({ code: 'not-found' });
    expect(await library.call('projects.current', {})).toEqual(after);
    const revisions = library.events.flatMap(({ name, data }) =>
      name === 'dataset.changed' ? (data as { summary: { revision: number } }).summary.revision : [],
    );
    expect(revisions).toEqual([...new Set(revisions)].sort((a, b) => a - b));
  });

  it('shows what was known while the folder is looked at again', async () => {
    await putPictures();
    const library = start();
    await library.call('projects.open', { path: folder });
    await library.scanned();
    put('ants/new.jpg', await photoBytes(50, 50, 77));
    rmSync(join(folder, 'bees', 'ant.jpg'));
    await library.call('dataset.rescan', {});
    const during = await library.call('dataset.images', { filter: ALL, offset: 0, limit: 99 });
    expect(during.items.filter(({ hash }) => hash !== '').length).toBeGreaterThanOrEqual(16);
    expect(await library.scanned()).toMatchObject({ state: 'ready', images: 17 });
    expect(await library.call('dataset.image', { image: 'ants/new.jpg' })).toMatchObject({ width: 50 });
  });
});
