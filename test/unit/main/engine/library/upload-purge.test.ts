import { existsSync, mkdirSync, readdirSync, renameSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { purgeProjects } from '../../../../../src/main/engine/library/project-trash.js';
import { doomUploads, sweepUploads } from '../../../../../src/main/engine/library/upload-purge.js';
import { createRunFolder } from '../../../../../src/main/engine/runs/run-folder.js';
import { createRecipe } from '../../../../../src/shared/recipe.js';
import { makeFolder, photoBytes, putFile, removeFolder } from '../../../../support/images.js';
import { openLibrary, type TestLibrary } from '../../../../support/library.js';

const DAY_MS = 24 * 3600_000;
let home: string;
const open: TestLibrary[] = [];
beforeEach(() => {
  home = makeFolder('upload-purge');
  vi.stubEnv('GRAFT_HOME', home);
});
afterEach(async () => {
  for (const library of open.splice(0)) await library.close();
  vi.unstubAllEnvs();
  removeFolder(home);
});

const start = (): TestLibrary => {
  const library = openLibrary();
  open.push(library);
  return library;
};
const uploads = (): string[] => readdirSync(join(home, 'uploads')).sort();
const idOf = (digit: string): string => digit.repeat(24);

/** An upload of two classes that was finished so many days ago. @returns the data set */
async function upload(digit: string, days: number): Promise<string> {
  const folder = join(home, 'uploads', idOf(digit));
  const data = join(folder, 'photos');
  for (const name of ['a/1.jpg', 'a/2.jpg', 'b/1.jpg', 'b/2.jpg'])
    putFile(join(data, name), await photoBytes(30, 30, name.charCodeAt(0) + name.charCodeAt(2)));
  age(folder, days);
  return data;
}
function age(folder: string, days: number): void {
  const when = new Date(Date.now() - days * DAY_MS);
  utimesSync(folder, when, when);
}

async function purge(nowMs = Date.now()): Promise<void> {
  await purgeProjects(nowMs);
  await doomUploads(nowMs);
  await sweepUploads();
}

describe('an upload', () => {
  it('that was never opened is deleted after 30 days, and nothing else', async () => {
    await upload('1', 31);
    await upload('2', 29);
    for (const name of [`${idOf('3')}.part`, 'notes', `${idOf('4')}0`]) {
      mkdirSync(join(home, 'uploads', name));
      age(join(home, 'uploads', name), 400);
    }
    putFile(join(home, 'uploads', '.deleting-half', 'a.jpg'), 'x');
    await purge();
    expect(uploads()).toEqual([idOf('2'), `${idOf('3')}.part`, `${idOf('4')}0`, 'notes'].sort());
  });

  it('stays as long as its project does, on the list and in the trash, and goes with it', async () => {
    const data = await upload('1', 0);
    const first = start();
    const { id } = await first.call('projects.open', { path: data });
    age(join(data, '..'), 400);
    await purge();
    await first.call('projects.remove', { id });
    await purge(Date.now() + 29 * DAY_MS);
    expect(existsSync(data)).toBe(true);
    await first.call('projects.restore', { id });
    await purge(Date.now() + 100 * DAY_MS);
    expect(existsSync(data)).toBe(true);
    await first.call('projects.remove', { id });
    await purge(Date.now() + 31 * DAY_MS);
    expect(uploads()).toEqual([]);
  });

  it('stays while a run refers to it, or weights do, or a project file that is broken', async () => {
    const library = start();
    const [run, weights, broken] = [await upload('1', 0), await upload('2', 0), await upload('3', 0)];
    const pictures = join(home, 'pictures');
    renameSync(await upload('4', 0), pictures);
    const { id, recipe } = await library.call('projects.open', { path: pictures });
    const { run: deleted } = await library.call('runs.reserve', { name: 'Deleted' });
    await createRunFolder(deleted, createRecipe(run));
    await library.call('runs.delete', { run: deleted });
    const backbone = { ...recipe.backbone, weightsFile: join(weights, 'w.safetensors') };
    await library.call('projects.update', { recipe: { ...recipe, backbone }, revision: 0 });
    putFile(join(home, 'projects', id, 'project.broken-1.json'), `{"path": "${broken}", "na`);
    for (const digit of '1234') age(join(home, 'uploads', idOf(digit)), 40);
    await purge();
    expect(uploads()).toEqual([idOf('1'), idOf('2'), idOf('3')]);
  });

  it('stays where a file that may refer to it cannot be read', async () => {
    await upload('1', 40);
    const file = join(home, 'projects', 'p', 'project.json');
    putFile(file, '{}');
    const { doomUploads: doom } = await withUnreadable(file);
    await expect(doom()).rejects.toThrow(/EACCES/);
    expect(uploads()).toEqual([idOf('1')]);
  });
});

/** The module with one file that may not be read, also where tests run as a user who may read everything. */
async function withUnreadable(file: string): Promise<{ doomUploads: typeof doomUploads }> {
  vi.resetModules();
  vi.doMock('node:fs/promises', async (original) => {
    const fs = await original<{ readFile(path: string, encoding: 'utf8'): Promise<string> }>();
    return {
      ...fs,
      readFile: async (path: string, encoding: 'utf8') => {
        if (path === file) throw Object.assign(new Error('EACCES: permission denied'), { code: 'EACCES' });
        return await fs.readFile(path, encoding);
      },
    };
  });
  try {
    return await import('../../../../../src/main/engine/library/upload-purge.js');
  } finally {
    vi.doUnmock('node:fs/promises');
    vi.resetModules();
  }
}

it('a library that starts deletes what is due, and opens its project as before', async () => {
  const data = await upload('1', 0);
  const first = start();
  await first.call('projects.open', { path: data });
  await first.close();
  age(join(data, '..'), 40);
  await upload('2', 40);
  writeFileSync(join(home, 'uploads', 'stray'), 'x');
  const second = start();
  await expect.poll(() => uploads()).toEqual([idOf('1'), 'stray']);
  expect(await second.call('projects.current', {})).toMatchObject({ path: data });
});
