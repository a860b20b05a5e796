import { EventEmitter } from 'node:events';
import type { MessagePort } from 'node:worker_threads';
import type { Bridge, PortMessage } from '../../../src/shared/bridge.js';
import { type Port, createMessagePort } from '../../../src/shared/port.js';
import type { FakeElectron } from '../fake-electron.js';
import type { FakeFrame, FramePost, FakeWindow } from './window.js';

const PORT: PortMessage = 'graft:port';

/** A file as a page has it; `path` is what only the preload script may learn. */
export interface FakeFile {
  readonly name: string;
  readonly path: string;
}

/** The page's side of a window: the preload script ran in it, and `window.graft` is its bridge. */
export interface FakePage {
  readonly bridge: Bridge<FakeFile>;
  /** What `window.graft` holds. */
  readonly exposed: Readonly<Record<string, unknown>>;
  /** Asks for a port and waits for it, as the page's host client does. */
  connect(): Promise<Port>;
}

/**
 * Runs a preload script as a sandboxed page does: CommonJS, with `require('electron')` alone.
 *
 * @param script the built script's text
 * @param frame whose messages the main process takes these for; by default the window's own
 */
export function openFakePage(
  { ipcMain }: Pick<FakeElectron, 'ipcMain'>,
  { webContents }: FakeWindow,
  script: string,
  frame: FakeFrame = webContents.mainFrame,
): FakePage {
  const renderer = new EventEmitter();
  const event = { sender: webContents, senderFrame: frame };
  frame.on('post', ({ channel, ports }: FramePost) =>
    renderer.emit(channel, { ports: ports.map((port) => port.node) }, null),
  );
  webContents.on('sent', (channel: string, data: unknown) => renderer.emit(channel, {}, data));
  const ipcRenderer = Object.assign(renderer, {
    send: (channel: string, ...args: unknown[]) => void ipcMain.emit(channel, event, ...args),
    invoke: async (channel: string, ...args: unknown[]): Promise<unknown> => {
      const handler = ipcMain.handlers.get(channel);
      if (handler === undefined) throw new Error(`No handler registered for '${channel}'`);
      return structuredClone(await handler(event, ...structuredClone(args)));
    },
  });
  const exposed: Record<string, unknown> = {};
  const electron = {
    contextBridge: { exposeInMainWorld: (name: string, value: unknown) => void (exposed[name] = value) },
    ipcRenderer,
    webUtils: { getPathForFile: (file: FakeFile) => file.path },
  };
  const window = new EventEmitter();
  const postMessage = (data: unknown, origin: string, ports: readonly MessagePort[]): void =>
    void window.emit('message', { data, origin, ports });
  const load = (name: string): unknown => {
    if (name === 'electron') return electron;
    throw new Error(`module not found: ${name}`);
  };
  // eslint-disable-next-line @typescript-eslint/no-implied-eval
  const run = new Function('require', 'module', 'exports', 'window', 'location', 'process', script) as (
    ...args: unknown[]
  ) => void;
  const exports = {};
  run(load, { exports }, exports, { postMessage }, { origin: 'app://graft' }, { platform: 'linux' });
  const bridge = exposed['graft'] as Bridge<FakeFile>;
  return {
    bridge,
    exposed,
    connect: () =>
      new Promise((resolve) => {
        window.once('message', ({ data, ports }: { data: unknown; ports: readonly MessagePort[] }) => {
          if (data === PORT) resolve(createMessagePort(ports[0]! as Parameters<typeof createMessagePort>[0]));
        });
        bridge.connect();
      }),
  };
}
