import { afterEach, describe, expect, it } from 'vitest';
import { isOwnAddress } from '../../../../src/main/desktop/own-address.js';
import { fakeEvent } from '../../../support/fake-electron.js';
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

const FOREIGN = [
  'https://example.org/',
  'http://graft/',
  'file:///etc/passwd',
  'app://graft.example.org/',
  'app://evil/',
  'app://graft:80/',
  'app://user@graft/',
  'other://graft/',
  'data:text/html,x',
  'about:blank',
  'javascript:alert(1)',
  'blob:https://example.org/1',
  'not an address',
];

describe('isOwnAddress', () => {
  it.each(['app://graft', 'app://graft/', 'app://graft/index.html?a=b#c'])('takes %s for ours', (address) => {
    expect(isOwnAddress(address)).toBe(true);
  });
  it.each([...FOREIGN, undefined])('does not take %s for ours', (address) => {
    expect(isOwnAddress(address)).toBe(false);
  });
});

describe('pages', () => {
  it('stay where they are', async () => {
    const { windows } = await start();
    const { webContents } = windows[0]!;
    for (const name of ['will-navigate', 'will-redirect', 'will-frame-navigate']) {
      for (const url of FOREIGN) {
        const event = fakeEvent({ url });
        webContents.emit(name, event);
        expect(event.defaultPrevented, `${name} ${url}`).toBe(true);
      }
      const own = fakeEvent({ url: 'app://graft/' });
      webContents.emit(name, own);
      expect(own.defaultPrevented).toBe(false);
    }
  });

  it('open no windows and embed no webview', async () => {
    const { windows } = await start();
    const { webContents } = windows[0]!;
    expect(webContents.openHandler!({ url: 'app://graft/' })).toEqual({ action: 'deny' });
    const event = fakeEvent({});
    webContents.emit('will-attach-webview', event);
    expect(event.defaultPrevented).toBe(true);
  });

  it('reach nothing but their own host', async () => {
    const { session } = await start({ env: { ELECTRON_RENDERER_URL: 'http://localhost:5173' }, isPackaged: true });
    for (const url of [...FOREIGN, 'http://localhost:5173/', 'ws://localhost:5173/', 'devtools://devtools/x.js']) {
      expect(session.lets(url), url).toBe(false);
    }
    for (const url of ['app://graft/media/thumbnail?image=a', 'blob:app://graft/1-2']) {
      expect(session.lets(url), url).toBe(true);
    }
  });

  it('reach the development server in development', async () => {
    const { session, fetched, windows } = await start({ env: { ELECTRON_RENDERER_URL: 'http://localhost:5173' } });
    expect(session.lets('ws://localhost:5173/?token=a')).toBe(true);
    expect(session.lets('http://localhost:5174/')).toBe(false);
    expect(session.lets('https://example.org/')).toBe(false);
    expect(fetched).toEqual(['http://localhost:5173/']);
    expect(windows[0]!.webContents.mainFrame.url).toBe('app://graft/');
  });

  it.each([
    ['clipboard-sanitized-write', {}, true],
    ['media', { mediaTypes: ['video'] }, true],
    ['media', { mediaTypes: ['video', 'audio'] }, false],
    ['media', {}, false],
    ['geolocation', {}, false],
    ['notifications', {}, false],
    ['fileSystem', {}, false],
  ])('are asked for %s %o', async (permission, details, expected) => {
    const { session } = await start();
    const ask = (requestingUrl: string): boolean => {
      let answer = false;
      session.requestHandler({}, permission, (granted: boolean) => (answer = granted), { requestingUrl, ...details });
      return answer;
    };
    expect(ask('app://graft/')).toBe(expected);
    expect(ask('https://example.org/')).toBe(false);
  });

  it('are checked for permissions and devices', async () => {
    const { session } = await start();
    const check = (permission: string, origin: string, mediaType?: string): unknown =>
      session.checkHandler(null, permission, origin, { mediaType });
    expect(check('clipboard-sanitized-write', 'app://graft/')).toBe(true);
    expect(check('media', 'app://graft', 'video')).toBe(true);
    expect(check('media', 'app://graft', 'audio')).toBe(false);
    expect(check('media', 'https://example.org', 'video')).toBe(false);
    expect(check('hid', 'app://graft')).toBe(false);
    expect(session.deviceHandler({})).toBe(false);
  });

  it('save what they made themselves only', async () => {
    const { session } = await start();
    const save = (url: string): boolean => {
      const event = fakeEvent({});
      session.emit('will-download', event, { getURL: () => url });
      return !event.defaultPrevented;
    };
    expect(save('blob:app://graft/1')).toBe(true);
    expect(save('app://graft/media/pixels?image=a')).toBe(false);
    expect(save('https://example.org/a.exe')).toBe(false);
  });
});
