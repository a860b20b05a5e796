import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { unpackArchive } from '../../../../../src/main/engine/dataset/archive.js';
import { scanDataset } from '../../../../../src/main/engine/dataset/scan.js';
import { makeFolder, photoBytes, putFile, removeFolder, zipBytes } from '../../../../support/images.js';
import { openLibrary } from '../../../../support/library.js';

let folder: string;
let archive: string;
beforeEach(() => {
  folder = makeFolder('archive-names');
  archive = join(folder, 'pictures.zip');
  vi.stubEnv('GRAFT_HOME', join(folder, 'home'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  removeFolder(folder);
});

const unpack = () => unpackArchive(archive, new AbortController().signal, () => undefined);

/** Content by path of every file that was unpacked. */
function filesIn(root: string): Record<string, string> {
  const files = readdirSync(root, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
  return Object.fromEntries(
    files.map(({ parentPath, name }) => [
      relative(root, join(parentPath, name)).split(sep).join('/'),
      readFileSync(join(parentPath, name), 'utf8'),
    ]),
  );
}

describe('names in an archive', () => {
  it('that some file system takes for one are kept apart, and all of it is unpacked', async () => {
    const names = ['ants/a.jpg', 'ants/A.JPG', 'Ants/a.jpg', 'caf\u00e9/1.jpg', 'cafe\u0301/1.jpg', 'cafe\u0301/2.jpg'];
    const once = [...names, 'ants', 'twice/x.jpg', 'twice/x.jpg'];
    putFile(archive, zipBytes(once.map((name, at) => ({ name, data: Buffer.from(`${at}`) }))));
    const { folder: root, renamed } = await unpack();
    expect(filesIn(root)).toEqual({
      ...{ 'ants/a.jpg': '0', 'ants/A (2).JPG': '1', 'Ants (2)/a.jpg': '2' },
      ...{ 'caf\u00e9/1.jpg': '3', 'caf\u00e9 (2)/1.jpg': '4', 'caf\u00e9 (2)/2.jpg': '5', 'ants (3)': '6' },
      ...{ 'twice/x.jpg': '7', 'twice/x (2).jpg': '8' },
    });
    expect(renamed).toEqual([
      { path: 'ants/A (2).JPG', was: 'A.JPG', kind: 'file' },
      { path: 'Ants (2)', was: 'Ants', kind: 'folder' },
      { path: 'caf\u00e9 (2)', was: 'cafe\u0301', kind: 'folder' },
      { path: 'ants (3)', was: 'ants', kind: 'file' },
      { path: 'twice/x (2).jpg', was: 'x.jpg', kind: 'file' },
    ]);
  });

  it('that Windows does not take are written as it takes them, with what is said of it also the next time', async () => {
    const names = ['CON/aux.jpg', 'at 12:30/a?.jpg', 'ends. /b.jpg', '.../c.jpg', `./d/${'\u87fb'.repeat(100)}.jpg`];
    putFile(archive, zipBytes(names.map((name) => ({ name, data: Buffer.from(name) }))));
    const { folder: root, renamed } = await unpack();
    const long = `d/${'\u87fb'.repeat(83)}.jpg`;
    expect(Object.keys(filesIn(root)).sort()).toEqual(
      ['_CON/_aux.jpg', 'at 12_30/a_.jpg', 'ends/b.jpg', '_/c.jpg', long].sort(),
    );
    expect(renamed.map(({ was, kind }) => `${kind} ${was}`)).toEqual([
      ...['folder CON', 'file aux.jpg', 'folder at 12:30', 'file a?.jpg', 'folder ends. ', 'folder ...'],
      `file ${'\u87fb'.repeat(100)}.jpg`,
    ]);
    expect(await unpack()).toEqual({ folder: root, renamed });
  });

  it('that need no other leave nothing to be said', async () => {
    putFile(archive, zipBytes([{ name: 'e\u0301/a b.jpg', data: Buffer.from('x') }]));
    const { folder: root, renamed } = await unpack();
    expect([Object.keys(filesIn(root)), renamed]).toEqual([['\u00e9/a b.jpg'], []]);
    expect(readdirSync(join(root, '..'))).toEqual([createHash('sha256').update(readFileSync(archive)).digest('hex')]);
  });
});

it('a scan lists what an archive could not keep the name of, for the command line and for the app', async () => {
  const names = ['ants/1.jpg', 'ants/1.JPG', 'ANTS/2.jpg', 'bees/3.jpg'];
  const data = await Promise.all(names.map((_, at) => photoBytes(30, 30, at)));
  putFile(archive, zipBytes(names.map((name, at) => ({ name, data: data[at]! }))));
  const { classes, images, problems } = await scanDataset(archive);
  expect(classes).toEqual(['ANTS (2)', 'ants', 'bees']);
  expect(images).toHaveLength(4);
  const renamed = problems.filter(({ code }) => code.startsWith('renamed'));
  expect(renamed).toMatchObject(
    [
      { path: 'ANTS (2)', code: 'renamed-folder', severity: 'warning', message: /^called "ANTS" in the archive/ },
      { path: 'ants/1 (2).JPG', code: 'renamed', severity: 'warning', message: /^called "1\.JPG" in the archive/ },
    ].map((problem) => ({ ...problem, message: expect.stringMatching(problem.message) as string })),
  );
  const library = openLibrary();
  try {
    await library.call('projects.open', { path: archive });
    expect((await library.scanned()).images).toBe(4);
    expect((await library.call('dataset.problems', { code: 'renamed', offset: 0, limit: 9 })).items).toEqual(
      renamed.slice(1),
    );
  } finally {
    await library.close();
  }
});
