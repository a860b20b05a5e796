import { chmodSync, mkdirSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { compareCodePoints } from '../../../../../src/main/engine/dataset/code-points.js';
import { placeFiles } from '../../../../../src/main/engine/dataset/layout.js';
import { listPictures } from '../../../../../src/main/engine/dataset/list-pictures.js';
import { walk, type WalkEntry } from '../../../../../src/main/engine/dataset/walk.js';
import type { SkippedFile } from '../../../../../src/shared/reports.js';
import { makeFolder, putFile, removeFolder } from '../../../../support/images.js';

let folder: string;
beforeEach(() => void (folder = makeFolder('layout')));
afterEach(() => removeFolder(folder));

async function list(root: string): Promise<WalkEntry[]> {
  const entries: WalkEntry[] = [];
  for await (const entry of walk(root)) entries.push(entry);
  return entries;
}

/** The entries that a walk gives for files at these paths and the folders above them. */
function entriesOf(...paths: readonly string[]): WalkEntry[] {
  const folders = new Set(
    paths.flatMap((path) => {
      const parts = path.split('/').slice(0, -1);
      return parts.map((_, depth) => parts.slice(0, depth + 1).join('/'));
    }),
  );
  const entry = (path: string, kind: WalkEntry['kind']): WalkEntry => ({ path, file: `/photos/${path}`, kind });
  return [...[...folders].map((path) => entry(path, 'folder')), ...paths.map((path) => entry(path, 'file'))];
}

const place = (...paths: readonly string[]) => {
  const { layout, classes, files, stray } = placeFiles('/root', entriesOf(...paths));
  return {
    layout,
    classes,
    files: files.map(({ entry, className, split }) => `${split}:${className}:${entry.path}`),
    stray: stray.map(({ path }) => path),
  };
};

describe('placeFiles', () => {
  it('takes folders as classes', () => {
    expect(place('bees/b.jpg', 'ants/a.jpg', 'ants/deep/er/c.jpg', 'readme.txt')).toEqual({
      layout: 'classes',
      classes: ['ants', 'bees'],
      files: ['train:bees:bees/b.jpg', 'train:ants:ants/a.jpg', 'train:ants:ants/deep/er/c.jpg'],
      stray: ['readme.txt'],
    });
  });

  it.each([
    ['train', 'val', 'test'],
    ['TRAIN', 'Valid', 'Testing'],
    ['training', 'validation', 'TEST'],
  ])('takes %s, %s and %s as splits', (train, val, test) => {
    expect(place(`${train}/ants/a.jpg`, `${val}/ants/b.jpg`, `${test}/bees/deep/c.jpg`, `${test}/d.jpg`)).toEqual({
      layout: 'splits',
      classes: ['ants', 'bees'],
      files: [`train:ants:${train}/ants/a.jpg`, `val:ants:${val}/ants/b.jpg`, `test:bees:${test}/bees/deep/c.jpg`],
      stray: [`${test}/d.jpg`],
    });
  });

  it('leaves folders beside the splits out', () => {
    expect(place('train/a/1.jpg', 'val/a/2.jpg', 'labels/a.txt')).toMatchObject({
      layout: 'splits',
      classes: ['a'],
      stray: ['labels/a.txt'],
    });
  });

  it('knows splits without a training set, for a model to be measured on', () => {
    expect(place('val/a/1.jpg', 'test/a/2.jpg')).toMatchObject({
      layout: 'splits',
      classes: ['a'],
      files: ['val:a:val/a/1.jpg', 'test:a:test/a/2.jpg'],
    });
  });

  it('does not take a class of trains for a split', () => {
    expect(place('bus/1.jpg', 'car/2.jpg', 'train/3.jpg')).toMatchObject({
      layout: 'classes',
      classes: ['bus', 'car', 'train'],
      stray: [],
    });
  });

  it('goes through folders around the layout', () => {
    expect(place('data/readme.txt', 'data/train/a/1.jpg', 'data/val/a/2.jpg', 'licence.txt')).toMatchObject({
      layout: 'splits',
      classes: ['a'],
      files: ['train:a:data/train/a/1.jpg', 'val:a:data/val/a/2.jpg'],
      stray: ['data/readme.txt', 'licence.txt'],
    });
    expect(place('one/two/a/1.jpg', 'one/two/b/2.jpg')).toMatchObject({ layout: 'classes', classes: ['a', 'b'] });
    expect(place('train/a/1.jpg', 'train/b/1.jpg')).toMatchObject({ layout: 'classes', classes: ['a', 'b'] });
    expect(place('ants/1.JPG', 'ants/more/2.jpg')).toMatchObject({ classes: ['ants'], stray: [] });
    expect(place('lonely/1.jpg')).toMatchObject({ layout: 'classes', classes: ['lonely'], stray: [] });
  });

  it('keeps classes without files', () => {
    const entries = [...entriesOf('train/a/1.jpg', 'val/a/1.jpg'), ...entriesOf('val/empty/x').slice(0, 2)];
    expect(placeFiles('/root', entries).classes).toEqual(['a', 'empty']);
  });

  it.each([
    [['a.jpg', 'b.jpg'], 'found a.jpg, b.jpg'],
    [['train/a.jpg', 'val/b.jpg'], 'found train, val'],
    [[], 'found an empty folder'],
    [['1', '2', '3', '4', '5', '6'], '… (6 in all)'],
  ])('says what was expected where there are no classes: %s', (paths, found) => {
    expect(() => place(...paths)).toThrow(/\/root: expected a folder with one folder of pictures for each class/);
    expect(() => place(...paths)).toThrow(found);
  });

  it('sorts classes by code point, as Python does', () => {
    const names = ['é', 'e\u0301', 'z', 'Z', '10', '9', '一', '\u{1f41c}', '\uff21', '\u{20000}'];
    // python3: sorted([...])
    const sorted = ['10', '9', 'Z', 'e\u0301', 'z', 'é', '一', '\uff21', '\u{1f41c}', '\u{20000}'];
    expect(place(...names.map((name) => `${name}/1.jpg`)).classes).toEqual(sorted);
    expect([...sorted].reverse().sort(compareCodePoints)).toEqual(sorted);
    expect(compareCodePoints('a', 'ab')).toBeLessThan(0);
    expect(compareCodePoints('ab', 'ab')).toBe(0);
  });
});

describe('walk', () => {
  it('lists everything in order, enters neither links nor hidden folders, and passes over systems files', async () => {
    const outside = makeFolder('outside');
    putFile(join(outside, 'secret.jpg'), 'x');
    for (const path of ['b/2.jpg', 'b/10.jpg', 'a/x/y.jpg', 'a/.hidden.jpg', '.git/config', 'a/._1.jpg']) {
      putFile(join(folder, path), 'x');
    }
    for (const path of ['.DS_Store', 'a/Thumbs.db', '__MACOSX/a/1.jpg']) putFile(join(folder, path), 'x');
    symlinkSync(outside, join(folder, 'a', 'link'));
    symlinkSync(join(outside, 'secret.jpg'), join(folder, 'a', 'link.jpg'));
    symlinkSync(folder, join(folder, 'b', 'loop'));
    symlinkSync(join(folder, 'nowhere'), join(folder, 'b', 'torn'));
    expect((await list(folder)).map(({ path, kind }) => `${kind} ${path}`)).toEqual([
      'hidden .git',
      'folder a',
      'hidden a/.hidden.jpg',
      'symlink a/link',
      'symlink a/link.jpg',
      'folder a/x',
      'file a/x/y.jpg',
      'folder b',
      'file b/10.jpg',
      'file b/2.jpg',
      'symlink b/loop',
      'symlink b/torn',
    ]);
    removeFolder(outside);
  });

  it('refuses folders that are too deep', async () => {
    mkdirSync(join(folder, ...Array.from({ length: 40 }, () => 'd')), { recursive: true });
    await expect(list(folder)).rejects.toMatchObject({ code: 'dataset-unusable' });
  });

  // The superuser reads everything.
  it.skipIf(process.getuid?.() === 0)('names folders that it may not read', async () => {
    mkdirSync(join(folder, 'locked'));
    chmodSync(join(folder, 'locked'), 0);
    expect((await list(folder)).map(({ path, kind }) => `${kind} ${path}`)).toContain('unreadable locked');
    chmodSync(join(folder, 'locked'), 0o700);
  });

  it('hears an abort', async () => {
    const abort = new AbortController();
    abort.abort();
    await expect(walk(folder, abort.signal)[Symbol.asyncIterator]().next()).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});

describe('listPictures', () => {
  it('gives files as they are and folders with all that is in them, and says what it leaves out', async () => {
    for (const path of ['one.jpg', 'many/b.jpg', 'many/a/c.jpg', 'many/.d.jpg']) putFile(join(folder, path), 'x');
    symlinkSync(join(folder, 'one.jpg'), join(folder, 'many', 'link.jpg'));
    const skipped: SkippedFile[] = [];
    const files = await listPictures([join(folder, 'many'), join(folder, 'one.jpg')], skipped);
    expect(files).toEqual(['many/a/c.jpg', 'many/b.jpg', 'one.jpg'].map((path) => join(folder, path)));
    expect(skipped).toMatchObject([
      { path: join(folder, 'many', '.d.jpg'), code: 'hidden' },
      { path: join(folder, 'many', 'link.jpg'), code: 'symlink' },
    ]);
  });

  it('names a path that is not there', async () => {
    await expect(listPictures([join(folder, 'none')], [])).rejects.toMatchObject({
      code: 'not-found',
      message: expect.stringContaining(join(folder, 'none')) as string,
    });
  });
});
