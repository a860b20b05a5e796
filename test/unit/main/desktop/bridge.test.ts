import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import ts from 'typescript';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { connect } from '../../../../src/shared/rpc.js';
import { type FakePage, openFakePage } from '../../../support/fake-electron/page.js';
import { FakeFrame } from '../../../support/fake-electron/window.js';
import { ROOT } from '../../../support/shared-data.js';
import { settle } from './fake-hub.js';
import { type StartedDesktop, startOnFakes } from './start.js';

const source = readFileSync(join(ROOT, 'src', 'preload', 'index.ts'), 'utf8');
const script = ts.transpileModule(source, {
  compilerOptions: { module: ts.ModuleKind.CommonJS, target: ts.ScriptTarget.ES2022 },
}).outputText;

let desktop: StartedDesktop;
afterEach(() => desktop.remove());

const openPage = async (frame?: FakeFrame): Promise<FakePage> => {
  desktop = await startOnFakes();
  return openFakePage(desktop, desktop.windows[0]!, script, frame);
};

/** A frame whose messages must be refused. */
function strange(url: string, parent: FakeFrame | null = null): FakeFrame {
  return Object.assign(new FakeFrame(), { url, parent });
}

describe('window.graft', () => {
  it('is all that the preload script adds to the page', async () => {
    const { exposed, bridge } = await openPage();
    expect(Object.keys(exposed)).toEqual(['graft']);
    expect(Object.keys(bridge).sort()).toEqual(['connect', 'onMenu', 'pathsForFiles', 'platform']);
    expect(bridge.platform).toBe('linux');
  });

  it('brings a port that speaks the contract', async () => {
    const page = await openPage();
    const client = connect(await page.connect());
    await expect(client.call('host.info', {})).resolves.toMatchObject({ kind: 'desktop' });
    const names: string[] = [];
    client.on('projects.changed', ({ project }) => names.push(project?.name ?? 'none'));
    desktop.hub.server.emit('projects.changed', { project: null });
    await client.call('host.info', {});
    expect(names).toEqual(['none']);
    client.close();
  });

  it('brings any number of ports, and a page that goes ends its own calls only', async () => {
    const page = await openPage();
    const first = connect(await page.connect());
    const second = connect(await page.connect());
    first.close();
    await expect(second.call('host.info', {})).resolves.toMatchObject({ kind: 'desktop' });
    second.close();
  });

  it('grants dropped files, without those that lie on no disk', async () => {
    const { bridge } = await openPage();
    const files = [
      { name: 'a.jpg', path: '/photos/a.jpg' },
      { name: 'made by a page', path: '' },
      { name: 'ants', path: '/photos/ants' },
    ];
    await expect(bridge.pathsForFiles(files)).resolves.toEqual(['/photos/a.jpg', '/photos/ants']);
    expect(desktop.hub.granted).toEqual(['/photos/a.jpg', '/photos/ants']);
  });

  it('passes on commands of the menu, without what Electron sends along, until it is told to stop', async () => {
    const { bridge } = await openPage();
    const heard: unknown[][] = [];
    const stop = bridge.onMenu((...args: unknown[]) => heard.push(args));
    const edit = desktop.menu().find(({ label }) => label === '&Edit')!.submenu!;
    edit.find(({ label }) => label === 'Undo')!.click!();
    stop();
    edit.find(({ label }) => label === 'Redo')!.click!();
    expect(heard).toEqual([['undo']]);
  });
});

describe('the main process', () => {
  it.each([
    ['another page', strange('https://example.org/')],
    ['another host of our scheme', strange('app://evil/')],
    ['a frame inside our page', strange('app://graft/', new FakeFrame())],
    ['a frame without an address', strange('')],
  ])('refuses %s', async (_name, frame) => {
    const { bridge } = await openPage(frame);
    let posts = 0;
    frame.on('post', () => posts++);
    bridge.connect();
    await expect(bridge.pathsForFiles([{ name: 'a', path: '/a' }])).rejects.toThrow(/app's own page/);
    await settle();
    expect(posts).toBe(0);
    expect(desktop.hub.granted).toEqual([]);
  });

  it('connects no page that goes while it asks, and does not fall over it', async () => {
    await openPage();
    const senderFrame = Object.assign(strange('app://graft/'), {
      postMessage() {
        throw new Error('Render frame was disposed before WebFrameMain could be accessed');
      },
    });
    const attach = vi.spyOn(desktop.hub.hub, 'attach');
    expect(() => desktop.ipcMain.emit('graft:connect', { senderFrame })).not.toThrow();
    expect(attach).not.toHaveBeenCalled();
  });

  it('refuses a frame that has gone', async () => {
    await openPage();
    const event = { senderFrame: null, sender: desktop.windows[0]!.webContents };
    expect(() => desktop.ipcMain.emit('graft:connect', event)).not.toThrow();
    await expect(desktop.ipcMain.handlers.get('graft:grant-paths')!(event, ['/a'])).rejects.toThrow(/own page/);
  });

  it.each([[null], [['']], [[7]], ['/a'], [{ 0: '/a' }]])('refuses %o for paths', async (given) => {
    await openPage();
    const event = { senderFrame: desktop.windows[0]!.webContents.mainFrame };
    const handler = desktop.ipcMain.handlers.get('graft:grant-paths')!;
    await expect(handler(event, given)).rejects.toMatchObject({ code: 'invalid-value' });
    expect(desktop.hub.granted).toEqual([]);
  });

  it('listens on these channels only', async () => {
    await openPage();
    expect(desktop.ipcMain.eventNames()).toEqual(['graft:connect']);
    expect([...desktop.ipcMain.handlers.keys()]).toEqual(['graft:grant-paths']);
  });
});
