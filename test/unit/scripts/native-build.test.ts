import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { adoptBuild } from './load-scripts.js';

let home: string;
let places: { addon: string; deps: string };
const build = { name: 'build', wheels: [] };

/** What tfjs-node would load. */
const inUse = async (): Promise<string[]> => [
  await readFile(places.addon, 'utf8'),
  await readFile(join(places.deps, 'lib'), 'utf8'),
];

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'graft-native-'));
  vi.stubEnv('GRAFT_HOME', home);
  places = { addon: join(home, 'package', 'lib', 'addon.node'), deps: join(home, 'package', 'deps') };
  const folder = join(home, 'native', build.name);
  await mkdir(join(folder, 'deps'), { recursive: true });
  await mkdir(join(home, 'package'));
  await writeFile(join(folder, 'deps', 'lib'), 'new library');
  await writeFile(join(folder, 'tfjs_binding.node'), 'new addon');
});
afterEach(async () => {
  vi.unstubAllEnvs();
  await rm(home, { recursive: true, force: true });
});

it('takes a build that passes, where nothing was', async () => {
  await expect(adoptBuild(build, inUse, places)).resolves.toEqual(['new addon', 'new library']);
  expect(await inUse()).toEqual(['new addon', 'new library']);
});

it('replaces what was there, and leaves nothing of it', async () => {
  await mkdir(places.deps, { recursive: true });
  await writeFile(join(places.deps, 'lib'), 'old library');
  await adoptBuild(build, inUse, places);
  expect(await inUse()).toEqual(['new addon', 'new library']);
  expect((await readdir(join(home, 'package'))).sort()).toEqual(['deps', 'lib']);
});

it('leaves everything as it was where the build does not pass', async () => {
  await mkdir(places.deps, { recursive: true });
  await mkdir(join(places.addon, '..'), { recursive: true });
  await writeFile(places.addon, 'old addon');
  await writeFile(join(places.deps, 'lib'), 'old library');
  const test = async (): Promise<never> => {
    expect(await inUse()).toEqual(['new addon', 'new library']);
    throw new Error('no card');
  };
  await expect(adoptBuild(build, test, places)).rejects.toThrow('no card');
  expect(await inUse()).toEqual(['old addon', 'old library']);
  expect(await readFile(join(home, 'native', build.name, 'deps', 'lib'), 'utf8')).toBe('new library');
});
