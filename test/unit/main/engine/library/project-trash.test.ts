import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { discardProject, purgeProjects, restoreProject } from '../../../../../src/main/engine/library/project-trash.js';
import { createRunFolder } from '../../../../../src/main/engine/runs/run-folder.js';
import { createRecipe } from '../../../../../src/shared/recipe.js';
import { makeFolder, photoBytes, putFile, removeFolder } from '../../../../support/images.js';
import { openLibrary, type TestLibrary } from '../../../../support/library.js';

let home: string;
let folder: string;
const open: TestLibrary[] = [];
beforeEach(async () => {
  home = makeFolder('trash-home');
  folder = makeFolder('trash');
  vi.stubEnv('GRAFT_HOME', home);
  for (const name of ['a/1.jpg', 'a/2.jpg', 'b/1.jpg', 'b/2.jpg'])
    putFile(join(folder, name), await photoBytes(30, 30, name.charCodeAt(0) + name.charCodeAt(2)));
});
afterEach(async () => {
  for (const library of open.splice(0)) await library.close();
  vi.unstubAllEnvs();
  removeFolder(home);
  removeFolder(folder);
});

function start(): TestLibrary {
  const library = openLibrary();
  open.push(library);
  return library;
}

const trash = (): string[] => readdirSync(join(home, 'projects', '.trash'));

it('keeps a removed project with its recipe and runs, and gives it back to a library that was started since', async () => {
  const first = start();
  const made = await first.call('projects.open', { path: folder });
  const recipe = { ...made.recipe, data: { ...made.recipe.data, splitSeed: 9 } };
  await first.call('projects.update', { recipe, revision: 0 });
  const { run } = await first.call('runs.reserve', { name: 'Kept' });
  await createRunFolder(run, createRecipe(folder));
  const deleted = (await first.call('runs.reserve', { name: 'Thrown away' })).run;
  await createRunFolder(deleted, createRecipe(folder));
  await first.call('runs.delete', { run: deleted });

  await first.call('projects.remove', { id: made.id });
  expect(await first.call('projects.current', {})).toBeNull();
  expect(await first.call('projects.list', {})).toEqual([]);
  expect(existsSync(dirname(dirname(run)))).toBe(false);
  expect(first.events.filter(({ name }) => name === 'projects.listed')).toHaveLength(1);
  await expect(first.call('projects.remove', { id: made.id })).rejects.toMatchObject({ code: 'not-found' });
  await first.close();

  const second = start();
  expect(await second.call('projects.list', {})).toEqual([]);
  const restored = await second.call('projects.restore', { id: made.id });
  expect(restored).toMatchObject({ id: made.id, revision: 1, recipe: { data: { splitSeed: 9 } } });
  expect(second.events.at(-1)).toEqual({ name: 'projects.listed', data: {} });
  expect(await second.call('projects.current', {})).toBeNull();
  expect(await second.call('projects.list', {})).toMatchObject([{ id: made.id, runs: 1 }]);
  await second.call('projects.open', { path: folder });
  expect(await second.call('runs.list', {})).toMatchObject([{ run, name: 'Kept' }]);
  expect(await second.call('runs.restore', { run: deleted })).toMatchObject({ name: 'Thrown away' });
  expect(readdirSync(join(folder, 'a'))).toHaveLength(2);
});

it('gives back the one that was removed last, and none over a project that was opened since', async () => {
  const library = start();
  const { id } = await library.call('projects.open', { path: folder });
  await library.call('projects.remove', { id });
  const again = await library.call('projects.open', { path: folder });
  await library.call('projects.update', { recipe: { ...again.recipe, mode: 'fine-tune' }, revision: 0 });
  await expect(library.call('projects.restore', { id })).rejects.toMatchObject({ code: 'already-exists' });
  await library.call('projects.remove', { id });
  expect(trash()).toHaveLength(2);
  expect(await library.call('projects.restore', { id })).toMatchObject({ recipe: { mode: 'fine-tune' } });
  expect(trash()).toHaveLength(1);
  for (const other of ['nothing', '..', '../..', '', '.trash', trash()[0]!]) {
    await expect(library.call('projects.restore', { id: other })).rejects.toMatchObject({ code: 'not-found' });
  }
});

it('deletes for good what was removed 30 days ago, also where a crash has left it half deleted', async () => {
  const put = (id: string): void => putFile(join(home, 'projects', id, 'project.json'), id);
  const dayMs = 86_400_000;
  const now = Date.now();
  for (const [id, days] of [
    ['old', 30],
    ['young', 29],
  ] as const) {
    put(id);
    await discardProject(id, now - days * dayMs);
  }
  putFile(join(home, 'projects', '.trash', '.deleting-half~5', 'runs', 'x'), '');
  writeFileSync(join(home, 'projects', '.trash', 'of somebody else'), '');
  await purgeProjects(now);
  expect(trash().sort()).toEqual(['of somebody else', `young~${now - 29 * dayMs}`]);
  await restoreProject('young');
  expect(readFileSync(join(home, 'projects', 'young', 'project.json'), 'utf8')).toBe('young');
});

it('says when a removed project can not be read any more', async () => {
  const library = start();
  const { id } = await library.call('projects.open', { path: folder });
  await library.call('projects.remove', { id });
  rmSync(join(home, 'projects', '.trash', trash()[0]!, 'project.json'));
  await expect(library.call('projects.restore', { id })).rejects.toMatchObject({ code: 'not-found' });
});
