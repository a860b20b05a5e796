import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { bundleFixture } from '../../../support/bundle.js';
import { ROOT } from '../../../support/shared-data.js';

const MAIN = join(ROOT, 'out', 'main', 'index.js');
const SUPPORT = join(ROOT, 'test', 'support', 'fake-electron');

let electron = '';
let home = '';
beforeAll(async () => {
  electron = await bundleFixture(join(SUPPORT, 'module.ts'));
  home = mkdtempSync(join(tmpdir(), 'graft-desktop-home-'));
});
afterAll(() => {
  for (const folder of [dirname(electron), home]) rmSync(folder, { recursive: true, force: true });
});

/** Runs the built app on the fake Electron until it has quit; see `fake-electron/module.ts` for what happens in it. */
async function runBuilt(env: Readonly<Record<string, string>>): Promise<Record<string, unknown>> {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    ['--import', pathToFileURL(join(SUPPORT, 'alias.mjs')).href, MAIN],
    {
      cwd: ROOT,
      timeout: 100_000,
      env: {
        ...process.env,
        GRAFT_HOME: home,
        GRAFT_TEST_ROOT: ROOT,
        GRAFT_FAKE_ELECTRON: pathToFileURL(electron).href,
        ...env,
      },
    },
  );
  return JSON.parse(stdout.trim().split('\n').at(-1)!) as Record<string, unknown>;
}

const expected = {
  exposed: ['graft'],
  bridge: ['connect', 'onMenu', 'pathsForFiles', 'platform'],
  kind: 'desktop',
  isProjectsArray: true,
  policy: expect.stringMatching(/^default-src 'none'; script-src 'self'/) as unknown,
  script: 'text/javascript; charset=utf-8',
  hasPreload: true,
};

describe('the built desktop app', () => {
  it('is built', () => {
    expect(existsSync(MAIN), 'run "npm run build" before this test').toBe(true);
  });

  it('has a preload script of one CommonJS file that needs nothing but Electron', () => {
    const script = readFileSync(join(ROOT, 'out', 'preload', 'index.cjs'), 'utf8');
    expect([...script.matchAll(/require\(([^)]*)\)/g)].map(([, name]) => name)).toEqual(['"electron"']);
    expect(script).not.toMatch(/^\s*(import|export)\b/m);
  });

  it('has the worker that draws under the name by which hosts know it', async () => {
    const names = await readdir(join(ROOT, 'out', 'renderer', 'assets'));
    expect(names.filter((name) => /worker/.test(name))).toEqual([
      expect.stringMatching(/^preview-worker-[\w-]{8,}\.js$/),
    ]);
  });

  it('opens its window, answers its page from utility processes, and quits', async () => {
    await expect(runBuilt({})).resolves.toEqual({
      ...expected,
      entries: expect.arrayContaining(['out/main/engine.js', 'out/main/library.js']) as unknown,
    });
  });

  it("does the same with a Node.js of the user's", async () => {
    const env = { GRAFT_ENGINE: 'node', GRAFT_NODE: process.execPath };
    await expect(runBuilt(env)).resolves.toEqual({ ...expected, entries: [] });
  });
});
