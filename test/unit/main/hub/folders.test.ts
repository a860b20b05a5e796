import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listFolders, makeFolder } from '../../../../src/main/hub/folders.js';
import { createGrants } from '../../../../src/main/hub/grants.js';
import type { Grants } from '../../../../src/main/hub/types.js';

let folder = '';
let root = '';
let grants: Grants;
beforeAll(async () => {
  folder = realpathSync(mkdtempSync(join(tmpdir(), 'graft-folders-')));
  root = join(folder, 'root');
  for (const name of ['photo 10', 'photo 2', 'Äpfel', '.hidden']) mkdirSync(join(root, name), { recursive: true });
  for (const name of ['b.ZIP', 'a.zip', 'notes.txt', '.secret.zip']) writeFileSync(join(root, name), '');
  mkdirSync(join(folder, 'outside'));
  symlinkSync(join(folder, 'outside'), join(root, 'way out'));
  symlinkSync(join(root, 'photo 2'), join(root, 'shortcut'));
  symlinkSync(join(root, 'nowhere'), join(root, 'dead'));
  grants = await createGrants([root]);
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('listFolders', () => {
  it('lists folders and archives in natural order, without what is hidden or leads out', async () => {
    const { path, parent, entries } = await listFolders(root, [root], grants);
    expect({ path, parent }).toEqual({ path: root, parent: null });
    expect(entries.map(({ name, kind }) => `${kind} ${name}`)).toEqual([
      'archive a.zip',
      'folder Äpfel',
      'archive b.ZIP',
      'folder photo 2',
      'folder photo 10',
      'folder shortcut',
    ]);
    expect(entries[0]!.path).toBe(join(root, 'a.zip'));
  });

  it('knows the way back up', async () => {
    expect((await listFolders(join(root, 'photo 2'), [root], grants)).parent).toBe(root);
  });

  it('lists the roots for null', async () => {
    expect(await listFolders(null, [root], grants)).toEqual({
      path: null,
      parent: null,
      entries: [{ name: 'root', path: root, kind: 'folder' }],
    });
  });

  it('says why a folder has no list', async () => {
    const list = (name: string) => listFolders(join(root, name), [root], grants);
    await expect(list('gone')).rejects.toMatchObject({ code: 'not-found' });
    await expect(list('a.zip')).rejects.toThrow(/it is not a folder/);
  });
});

describe('makeFolder', () => {
  it('makes a folder once', async () => {
    expect(await makeFolder(root, 'new one')).toEqual({ path: join(root, 'new one') });
    await expect(makeFolder(root, 'new one')).rejects.toMatchObject({ code: 'already-exists' });
    rmSync(join(root, 'new one'), { recursive: true });
  });

  it.each(['', '.', '..', '.x', 'a/b', 'a\\b', '../x', 'a\0', 'con', 'x '])('refuses the name %j', async (name) => {
    await expect(makeFolder(root, name)).rejects.toMatchObject({ code: 'invalid-value' });
  });

  it('needs a parent', async () => {
    await expect(makeFolder(join(root, 'gone'), 'x')).rejects.toMatchObject({ code: 'not-found' });
  });
});
