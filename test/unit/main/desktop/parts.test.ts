import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { createHostHandlers } from '../../../../src/main/desktop/host-handlers.js';
import { findNode, isUsableVersion } from '../../../../src/main/desktop/node.js';
import { pathOfArguments } from '../../../../src/main/desktop/open-paths.js';
import { chooseProcesses } from '../../../../src/main/desktop/processes.js';
import { openSettings } from '../../../../src/main/desktop/settings.js';
import { placeWindow } from '../../../../src/main/desktop/window-place.js';
import { chooseWords } from '../../../../src/main/desktop/words.js';
import { createFakeElectron } from '../../../support/fake-electron.js';
import { createFakeHub } from './fake-hub.js';

const folder = mkdtempSync(join(tmpdir(), 'graft-desktop-parts-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('placeWindow', () => {
  const screen = { x: 0, y: 0, width: 1920, height: 1040 };
  const left = { x: -1280, y: 0, width: 1280, height: 1000 };
  const last = { x: 100, y: 50, width: 1200, height: 800, isMaximized: false };

  it('puts it where it was', () => {
    expect(placeWindow(last, [screen])).toEqual({ x: 100, y: 50, width: 1200, height: 800 });
    expect(placeWindow({ ...last, x: -1200 }, [screen, left])).toEqual({ x: -1200, y: 50, width: 1200, height: 800 });
  });

  it.each([
    ['on a screen that has gone', { x: -1200 }],
    ['beyond the right edge', { x: 1900 }],
    ['below the bottom', { y: 1030 }],
    ['with its title above the screen', { y: -40 }],
  ])('centres one that was %s', (_name, changes) => {
    expect(placeWindow({ ...last, ...changes }, [screen])).toEqual({ width: 1200, height: 800 });
  });

  it('keeps it between the least size and the screen', () => {
    expect(placeWindow({ ...last, width: 200, height: 100 }, [screen])).toMatchObject({ width: 960, height: 640 });
    expect(placeWindow({ ...last, width: 9000, height: 9000 }, [screen])).toMatchObject({ width: 1920, height: 1040 });
    expect(placeWindow(null, [{ x: 0, y: 0, width: 1000, height: 600 }])).toEqual({ width: 1000, height: 640 });
    expect(placeWindow(null, [])).toEqual({ width: 1320, height: 880 });
  });
});

describe('openSettings', () => {
  it('keeps what can be read of a broken file', () => {
    const file = join(folder, 'broken.json');
    writeFileSync(file, JSON.stringify({ theme: 'dark', lastFolder: 7, engine: 'none', window: { x: 'a' }, more: 1 }));
    const { values } = openSettings(file, () => undefined);
    expect(values).toEqual({ theme: 'dark', lastFolder: null, engine: 'electron', window: null });
    writeFileSync(file, '{');
    expect(openSettings(file, () => undefined).values.theme).toBe('system');
    writeFileSync(file, '7');
    expect(openSettings(file, () => undefined).values.theme).toBe('system');
  });

  it('writes changes, and lives with a disk that takes none', () => {
    const file = join(folder, 'below', 'settings.json');
    const store = openSettings(file, () => undefined);
    store.update({ lastFolder: '/photos' });
    store.update({ theme: 'light' });
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ lastFolder: '/photos', theme: 'light' });
    const lines: string[] = [];
    const stuck = openSettings(join(file, 'not-a-folder', 'settings.json'), (line) => lines.push(line));
    stuck.update({ theme: 'dark' });
    expect(stuck.values.theme).toBe('dark');
    expect(lines).toEqual([expect.stringMatching(/could not be written/)]);
  });
});

describe('pathOfArguments', () => {
  it.each([
    [['graft'], true, null],
    [['graft', 'photos'], true, resolve('/home', 'photos')],
    [['graft', '--enable-logging', '/data/a.zip', 'b'], true, resolve('/data/a.zip')],
    [['electron', '.'], false, null],
    [['electron', '.', 'photos'], false, resolve('/home', 'photos')],
  ])('finds the data set in %j', (argv, isPackaged, expected) => {
    expect(pathOfArguments(argv, isPackaged, '/home')).toBe(expected);
  });
});

describe('chooseWords', () => {
  it.each([
    [['zh-TW'], '檔案(&F)'],
    [['zh-Hant-HK', 'en'], '檔案(&F)'],
    [['zh-Hans-CN', 'en-US'], '&File'],
    [['zh-CN'], '&File'],
    [['fi', 'zh-Hant'], '檔案(&F)'],
    [[], '&File'],
  ])('for %j', (languages, file) => expect(chooseWords(languages).file).toBe(file));
});

describe('findNode', () => {
  it.each([
    ['v20.19.0', true],
    ['v20.18.3', false],
    ['v22.12.0', true],
    ['v22.11.0', false],
    ['v21.7.0', false],
    ['v23.1.0', false],
    ['v24.0.0', true],
    ['v26.1.0', true],
    ['which does not start', false],
  ])('judges %s', (version, expected) => expect(isUsableVersion(version)).toBe(expected));

  it('takes the one that is named, or the first usable one in PATH', async () => {
    await expect(findNode({ GRAFT_NODE: process.execPath })).resolves.toBe(process.execPath);
    const posix = process.platform !== 'win32';
    if (!posix) return;
    const old = join(folder, 'node');
    writeFileSync(old, '#!/bin/sh\necho v18.0.0\n');
    chmodSync(old, 0o755);
    const own = join(process.execPath, '..');
    await expect(findNode({ PATH: [join(folder, 'none'), folder, own].join(':') })).resolves.toBe(join(own, 'node'));
    await expect(findNode({ PATH: folder })).rejects.toThrow(/found .*node \(v18\.0\.0\).*GRAFT_NODE/);
    await expect(findNode({ PATH: '' })).rejects.toMatchObject({ code: 'not-found' });
  });
});

describe('chooseProcesses', () => {
  const { electron } = createFakeElectron();
  const entry = (name: string): string => join('/app', 'app.asar', 'out', 'main', `${name}.js`);

  it('takes utility processes unless the environment or the settings ask for Node.js', async () => {
    const usual = await chooseProcesses(electron, { engine: 'electron' }, {}, entry);
    expect(usual.engine).toEqual({ entry: entry('engine'), launch: expect.any(Function) as unknown });
    const won = await chooseProcesses(electron, { engine: 'node' }, { GRAFT_ENGINE: 'electron' }, entry);
    expect(won.library.launch).toBeDefined();
  });

  it('runs what lies beside the archive, which Node.js cannot read', async () => {
    const env = { GRAFT_NODE: process.execPath };
    for (const chosen of [
      await chooseProcesses(electron, { engine: 'node' }, env, entry),
      await chooseProcesses(electron, { engine: 'electron' }, { ...env, GRAFT_ENGINE: 'node' }, entry),
    ]) {
      expect(chosen.library).toEqual({
        entry: join('/app', 'app.asar.unpacked', 'out', 'main', 'library.js'),
        execPath: process.execPath,
      });
    }
  });
});

describe('the handlers of the desktop', () => {
  const fake = createFakeElectron();
  const hub = createFakeHub();
  const settings = openSettings(join(folder, 'handlers.json'), () => undefined);
  const of = (platform: NodeJS.Platform) =>
    createHostHandlers(
      { electron: fake.electron, settings, words: chooseWords([]), platform, window: () => null },
      () => hub.hub,
    );
  const context = { signal: new AbortController().signal, onProgress: () => undefined };

  it('grant what the user picks', async () => {
    fake.dialog.picks = ['/photos/ants', null];
    await expect(of('linux')['host.pick']({ kind: 'dataset', title: 'Data' }, context)).resolves.toEqual({
      path: '/photos/ants',
    });
    await expect(of('darwin')['host.pick']({ kind: 'dataset', title: 'Data' }, context)).resolves.toBeNull();
    expect(hub.granted).toEqual(['/photos/ants']);
    expect(fake.dialog.shown.map(({ options }) => options)).toMatchObject([
      { properties: ['openDirectory'], title: 'Data' },
      { properties: ['openDirectory', 'openFile'], defaultPath: '/photos' },
    ]);
  });

  it('reveal files inside the grants only', async () => {
    const reveal = of('linux')['host.reveal'];
    await reveal({ target: { kind: 'image', image: 'ants/1.jpg' } }, context);
    expect(fake.shell.revealed).toEqual(['/data/ants/1.jpg']);
    await expect(reveal({ target: { kind: 'path', path: '/etc/passwd' } }, context)).rejects.toMatchObject({
      code: 'not-granted',
    });
    expect(fake.shell.revealed).toHaveLength(1);
  });

  it('open links', async () => {
    await of('linux')['host.openLink']({ link: 'backbones' }, context);
    expect(fake.shell.opened).toEqual([expect.stringMatching(/^https:\/\//)]);
  });
});
