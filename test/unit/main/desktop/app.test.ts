import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import type { FakeMenuItem } from '../../../support/fake-electron.js';
import { fakeEvent } from '../../../support/fake-electron.js';
import { projectCalled, settle } from './fake-hub.js';
import { type StartOptions, type StartedDesktop, startOnFakes } from './start.js';

const running: StartedDesktop[] = [];
async function start(options: StartOptions = {}): Promise<StartedDesktop> {
  const desktop = await startOnFakes(options);
  running.push(desktop);
  return desktop;
}
afterEach(() => {
  for (const desktop of running.splice(0)) desktop.remove();
});

/** A menu's item by its labels. */
function item({ menu }: StartedDesktop, ...labels: string[]): FakeMenuItem {
  let items = menu();
  let found: FakeMenuItem | undefined;
  for (const label of labels) {
    found = items.find((one) => one.label?.replace('&', '') === label);
    items = found?.submenu ?? [];
  }
  expect(found, labels.join(' > ')).toBeDefined();
  return found!;
}

describe('starting', () => {
  it('opens a window on its own page, sandboxed and without Node.js', async () => {
    const { app, windows, protocol, root } = await start();
    expect(app.calls).toEqual(['enableSandbox', 'setAppUserModelId org.graft.studio', 'ready']);
    expect(protocol.privileged.map(({ scheme }) => scheme)).toEqual(['app']);
    expect(windows).toHaveLength(1);
    const [window] = windows;
    expect(window!.webContents.mainFrame.url).toBe('app://graft/');
    expect(await window!.page!.text()).toContain('<title>page</title>');
    expect(window!.isShown).toBe(true);
    expect(window!.options.webPreferences).toEqual({
      preload: join(root, 'out', 'preload', 'index.cjs'),
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      webviewTag: false,
      spellcheck: false,
    });
  });

  it('gives the hub native dialogs, no roots and utility processes', async () => {
    const { hub, root } = await start();
    expect(hub.options).toMatchObject({
      kind: 'desktop',
      roots: [],
      capabilities: { nativeDialogs: true, reveal: true, uploads: false },
      engine: { entry: join(root, 'out', 'main', 'engine.js'), launch: expect.any(Function) as unknown },
      library: { entry: join(root, 'out', 'main', 'library.js'), launch: expect.any(Function) as unknown },
    });
  });

  it('hands over to a Graft that runs already', async () => {
    const { app, windows, hub } = await start({ isSecond: true, argv: ['electron', '.', 'photos'] });
    expect(app.lockData).toEqual({ path: expect.stringMatching(/[\\/]photos$/) as unknown });
    expect(windows).toHaveLength(0);
    expect(hub.options).toBeNull();
    expect(app.exitCode).toBe(0);
  });

  it('keeps apart what belongs to another data folder', async () => {
    const { app } = await start({ env: { GRAFT_HOME: '/elsewhere' } });
    expect(app.paths.get('userData')).toBe(join('/elsewhere', 'desktop'));
  });

  it('says why it cannot start, and ends', async () => {
    const { app, dialog, windows, lines } = await start({ hasPage: false });
    expect(dialog.shown).toMatchObject([
      {
        kind: 'error',
        options: { title: 'Graft could not start.', content: expect.stringMatching(/npm run build/) as unknown },
      },
    ]);
    expect(app.exitCode).toBe(1);
    expect(windows).toHaveLength(0);
    expect(lines.join('\n')).toMatch(/index\.html/);
  });

  it("speaks the user's language where it can", async () => {
    const chinese = await start({ languages: ['zh-Hant-TW', 'en-GB'] });
    expect(item(chinese, '檔案(F)').submenu).toBeDefined();
    const other = await start({ languages: ['fi-FI'] });
    expect(item(other, 'File', 'Open Folder…').accelerator).toBe('CmdOrCtrl+O');
  });
});

describe('opening a data set', () => {
  const opened = ({ hub }: StartedDesktop): unknown[] =>
    hub.calls.filter(({ method }) => method === 'projects.open').map(({ params }) => params);

  it('opens what it was started with', async () => {
    const desktop = await start({ argv: ['graft', '--flag', 'photos'], isPackaged: true });
    const path = join(desktop.root, 'photos');
    expect(opened(desktop)).toEqual([{ path }]);
    expect(desktop.hub.granted).toEqual([path]);
  });

  it('opens what a second start or the system asks for, and shows the window', async () => {
    const desktop = await start();
    const window = desktop.windows[0]!;
    window.minimize();
    desktop.app.emit('second-instance', fakeEvent({}), ['graft', '--x'], '/', { path: '/data/bees' });
    await settle();
    expect(window.isMinimized()).toBe(false);
    expect(window.hasFocus).toBe(true);
    const event = fakeEvent({});
    desktop.app.emit('open-file', event, '/data/ants.zip');
    await settle();
    expect(event.defaultPrevented).toBe(true);
    desktop.app.emit('second-instance', fakeEvent({}), [], '/', { path: 7 });
    await settle();
    expect(opened(desktop)).toEqual([{ path: '/data/bees' }, { path: '/data/ants.zip' }]);
  });

  it('opens a folder by the menu and remembers where dialogs ended', async () => {
    const desktop = await start();
    desktop.dialog.picks = ['/data/photos/ants', null];
    item(desktop, 'File', 'Open Folder…').click!();
    await settle();
    item(desktop, 'File', 'Open Zip Archive…').click!();
    await settle();
    expect(opened(desktop)).toEqual([{ path: '/data/photos/ants' }]);
    expect(desktop.dialog.shown.map(({ options }) => [options['properties'], options['defaultPath']])).toEqual([
      [['openDirectory', 'createDirectory'], undefined],
      [['openFile'], '/data/photos'],
    ]);
  });

  it('says why a data set cannot be opened', async () => {
    const { GraftError } = await import('../../../../src/shared/errors.js');
    const desktop = await start({
      handlers: {
        'projects.open': async () => {
          throw new GraftError('not-found', 'there is nothing at /gone');
        },
      },
    });
    desktop.app.emit('open-file', fakeEvent({}), '/gone');
    await settle();
    expect(desktop.dialog.shown).toMatchObject([{ kind: 'message', options: { detail: 'there is nothing at /gone' } }]);
  });

  it('shows the project in the title, the menu and the recent documents', async () => {
    const recent = { id: 'a', name: 'ants & bees', path: '/data/ab', openedAt: '', runs: 0, isMissing: false };
    const desktop = await start({
      handlers: { 'projects.list': async () => [recent, { ...recent, id: 'b', name: 'gone', isMissing: true }] },
    });
    expect(item(desktop, 'File', 'Close Project').enabled).toBe(false);
    desktop.hub.server.emit('projects.changed', { project: projectCalled('photos') });
    await settle();
    expect(desktop.windows[0]!.title).toBe('photos — Graft');
    expect(desktop.app.recentDocuments).toEqual(['/data/photos']);
    expect(item(desktop, 'File', 'Open Recent').submenu!.map(({ label }) => label)).toEqual(['ants && bees']);
    item(desktop, 'File', 'Open Recent').submenu![0]!.click!();
    await settle();
    expect(opened(desktop)).toEqual([{ path: '/data/ab' }]);
    desktop.hub.server.emit('projects.changed', { project: null });
    await settle();
    expect(desktop.windows[0]!.title).toBe('Graft');
  });
});

describe('the menu', () => {
  it('keeps the theme and tells the page', async () => {
    const desktop = await start({ settings: { theme: 'light', window: 'nonsense' } });
    expect(desktop.electron.nativeTheme.themeSource).toBe('light');
    item(desktop, 'View', 'Theme', 'Dark').click!();
    expect(desktop.electron.nativeTheme.themeSource).toBe('dark');
    expect(item(desktop, 'View', 'Theme', 'Dark').checked).toBe(true);
    expect(desktop.windows[0]!.webContents.sent).toEqual([['graft:menu', 'theme.dark']]);
    const file = join(desktop.root, 'user-data', 'settings.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ theme: 'dark' });
  });

  it('opens links by id only, and hides developer tools from users', async () => {
    const desktop = await start({ isPackaged: true });
    item(desktop, 'Help', 'Help with TensorFlow').click!();
    await settle();
    expect(desktop.shell.opened).toEqual([expect.stringMatching(/^https:\/\/www\.tensorflow\.org\//)]);
    expect(item(desktop, 'View').submenu!.some(({ role }) => role === 'toggleDevTools')).toBe(false);
  });

  it('has the app and window menus on macOS only', async () => {
    const roles = async (platform: NodeJS.Platform): Promise<unknown[]> =>
      (await start({ platform })).menu().map(({ role }) => role);
    expect(await roles('darwin')).toEqual(expect.arrayContaining(['appMenu', 'windowMenu']));
    expect(await roles('win32')).not.toContain('appMenu');
  });
});

describe('the window', () => {
  it('remembers its place', async () => {
    const desktop = await start();
    desktop.app.quit();
    await settle();
    desktop.hub.finishClosing();
    await settle();
    const file = join(desktop.root, 'user-data', 'settings.json');
    expect(JSON.parse(readFileSync(file, 'utf8'))).toMatchObject({ window: { x: 10, y: 20, isMaximized: false } });
  });

  it('loads the page again when its process dies, and asks when that goes on', async () => {
    const { windows, dialog } = await start();
    const { webContents } = windows[0]!;
    for (let death = 0; death < 4; death++) {
      webContents.emit('render-process-gone', fakeEvent({}), { reason: 'crashed', exitCode: 5 });
    }
    expect(webContents.reloads).toBe(3);
    expect(dialog.shown).toHaveLength(1);
    await settle();
    expect(webContents.reloads).toBe(4);
  });

  it('loads the page again also where it cannot ask', async () => {
    const { windows, dialog } = await start();
    const { webContents } = windows[0]!;
    dialog.showMessageBox = async () => await Promise.reject(new Error('no room for a dialog'));
    for (let death = 0; death < 4; death++) {
      webContents.emit('render-process-gone', fakeEvent({}), { reason: 'crashed', exitCode: 5 });
    }
    await settle();
    expect(webContents.reloads).toBe(4);
  });

  it('comes back on macOS, where the app outlives it', async () => {
    const { app, windows } = await start({ platform: 'darwin' });
    windows[0]!.close();
    expect(windows).toHaveLength(0);
    expect(app.exitCode).toBeNull();
    app.emit('activate');
    expect(windows).toHaveLength(1);
  });
});
