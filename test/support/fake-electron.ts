import { EventEmitter } from 'node:events';
import type { ElectronMain } from '../../src/main/desktop/electron.js';
import { FakeChannel, type FakePort } from './fake-electron/ports.js';
import { FakeUtilityProcess } from './fake-electron/utility-process.js';
import { FakeWindow, type WindowOptions } from './fake-electron/window.js';

export interface FakeElectronOptions {
  readonly isPackaged?: boolean;
  readonly languages?: readonly string[];
  readonly userData?: string;
  /** Another start has the lock. */
  readonly isSecond?: boolean;
}

type Handler = (event: unknown, ...args: unknown[]) => unknown;
type RequestFilter = (details: { url: string }, callback: (response: { cancel: boolean }) => void) => void;

/** An event that can be prevented, as Electron passes them first. */
export function fakeEvent<T extends object>(fields: T): T & { defaultPrevented: boolean; preventDefault(): void } {
  const event = {
    ...fields,
    defaultPrevented: false,
    preventDefault() {
      event.defaultPrevented = true;
    },
  };
  return event;
}

class FakeApp extends EventEmitter {
  readonly calls: string[] = [];
  readonly recentDocuments: string[] = [];
  readonly paths = new Map<string, string>();
  readonly isPackaged: boolean;
  lockData: unknown = null;
  exitCode: number | null = null;

  constructor(
    private readonly options: FakeElectronOptions,
    private readonly windows: () => readonly FakeWindow[],
  ) {
    super();
    this.isPackaged = options.isPackaged ?? false;
    this.paths.set('userData', options.userData ?? '/fake/user-data');
  }

  enableSandbox = (): void => void this.calls.push('enableSandbox');
  setAppUserModelId = (id: string): void => void this.calls.push(`setAppUserModelId ${id}`);
  setPath = (name: string, path: string): void => void this.paths.set(name, path);
  getPath = (name: string): string => this.paths.get(name)!;
  getLocale = (): string => this.options.languages?.[0] ?? 'en-GB';
  getPreferredSystemLanguages = (): readonly string[] => this.options.languages ?? ['en-GB'];
  addRecentDocument = (path: string): void => void this.recentDocuments.push(path);
  requestSingleInstanceLock(data: unknown): boolean {
    this.lockData = data;
    return this.options.isSecond !== true;
  }
  async whenReady(): Promise<void> {
    await Promise.resolve();
    this.calls.push('ready');
  }
  /** Asks, closes the windows, and only then ends, as Electron does. */
  quit(): void {
    const event = fakeEvent({});
    this.emit('before-quit', event);
    if (event.defaultPrevented) return;
    for (const window of this.windows()) window.close();
    if (this.windows().length > 0) return;
    this.exitCode = 0;
    this.emit('quit');
  }
  exit(code: number): void {
    this.exitCode = code;
  }
}

class FakeIpcMain extends EventEmitter {
  readonly handlers = new Map<string, Handler>();
  handle = (channel: string, handler: Handler): void => void this.handlers.set(channel, handler);
}

class FakeDialog {
  readonly shown: { kind: string; options: Record<string, unknown> }[] = [];
  /** What the user picks next. */
  picks: (string | null)[] = [];
  /** Which buttons the user presses next; the first, unless said otherwise. */
  presses: number[] = [];

  #show(kind: string, args: readonly unknown[]): void {
    this.shown.push({ kind, options: args.at(-1) as Record<string, unknown> });
  }
  async showOpenDialog(...args: unknown[]): Promise<{ canceled: boolean; filePaths: string[] }> {
    this.#show('open', args);
    const path = this.picks.shift() ?? null;
    return { canceled: path === null, filePaths: path === null ? [] : [path] };
  }
  async showMessageBox(...args: unknown[]): Promise<{ response: number }> {
    this.#show('message', args);
    return { response: this.presses.shift() ?? 0 };
  }
  showErrorBox(title: string, content: string): void {
    this.#show('error', [{ title, content }]);
  }
}

class FakeSession extends EventEmitter {
  requestHandler: Handler = () => undefined;
  checkHandler: Handler = () => undefined;
  deviceHandler: Handler = () => undefined;
  filter: RequestFilter = () => undefined;
  setPermissionRequestHandler = (handler: Handler): void => void (this.requestHandler = handler);
  setPermissionCheckHandler = (handler: Handler): void => void (this.checkHandler = handler);
  setDevicePermissionHandler = (handler: Handler): void => void (this.deviceHandler = handler);
  readonly webRequest = { onBeforeRequest: (filter: RequestFilter): void => void (this.filter = filter) };
  /** Whether a page may send a request there. */
  lets(url: string): boolean {
    let isCancelled = false;
    this.filter({ url }, ({ cancel }) => (isCancelled = cancel));
    return !isCancelled;
  }
}

class FakeProtocol {
  readonly privileged: { scheme: string; privileges: Record<string, boolean> }[] = [];
  readonly handlers = new Map<string, (request: Request) => Promise<Response>>();
  registerSchemesAsPrivileged = (schemes: typeof this.privileged): void => void this.privileged.push(...schemes);
  handle = (scheme: string, handler: (request: Request) => Promise<Response>): void =>
    void this.handlers.set(scheme, handler);
}

export interface FakeMenuItem {
  readonly label?: string;
  readonly role?: string;
  readonly enabled?: boolean;
  readonly checked?: boolean;
  readonly accelerator?: string;
  readonly submenu?: readonly FakeMenuItem[];
  readonly click?: () => void;
}

/** Everything that the fake remembers, and through which a test plays the user and the page. */
export interface FakeElectron {
  readonly electron: ElectronMain;
  readonly app: FakeApp;
  readonly windows: readonly FakeWindow[];
  readonly ipcMain: FakeIpcMain;
  readonly dialog: FakeDialog;
  readonly session: FakeSession;
  readonly protocol: FakeProtocol;
  readonly menu: () => readonly FakeMenuItem[];
  readonly notifications: (EventEmitter & { readonly options: { title: string; body: string } })[];
  readonly blockers: Set<number>;
  readonly shell: { readonly revealed: string[]; readonly opened: string[] };
  readonly fetched: string[];
  readonly objects: Readonly<Record<string, object>>;
}

/** A stand-in for Electron's main process with exactly what the desktop app uses. */
export function createFakeElectron(options: FakeElectronOptions = {}): FakeElectron {
  const windows: FakeWindow[] = [];
  const app = new FakeApp(options, () => windows);
  const protocol = new FakeProtocol();
  const dialog = new FakeDialog();
  const ipcMain = new FakeIpcMain();
  const session = new FakeSession();
  const notifications: FakeNotification[] = [];
  const blockers = new Set<number>();
  const shell = { revealed: [] as string[], opened: [] as string[] };
  const fetched: string[] = [];
  let menu: readonly FakeMenuItem[] = [];
  let nextBlocker = 1;

  class BrowserWindow extends FakeWindow {
    constructor(own: WindowOptions) {
      super(own, async (address) => {
        const handler = protocol.handlers.get(new URL(address).protocol.slice(0, -1));
        if (handler === undefined) throw new Error(`ERR_UNKNOWN_URL_SCHEME ${address}`);
        return await handler(new Request(address));
      });
      windows.push(this);
      app.emit('web-contents-created', fakeEvent({}), this.webContents);
      this.on('closed', () => {
        windows.splice(windows.indexOf(this), 1);
        if (windows.length === 0) app.emit('window-all-closed');
      });
    }
  }
  class FakeNotification extends EventEmitter {
    static isSupported = (): boolean => true;
    constructor(readonly options: { title: string; body: string }) {
      super();
    }
    show = (): void => void notifications.push(this);
  }
  const display = { id: 1, workArea: { x: 0, y: 0, width: 1920, height: 1040 } };
  const fake = {
    app,
    BrowserWindow,
    dialog,
    ipcMain,
    Menu: {
      buildFromTemplate: (template: readonly FakeMenuItem[]) => template,
      setApplicationMenu: (next: readonly FakeMenuItem[]) => void (menu = next),
    },
    MessageChannelMain: FakeChannel,
    nativeTheme: { themeSource: 'system', shouldUseDarkColors: false },
    net: {
      fetch: async (address: string) => {
        fetched.push(address);
        return new Response(`from ${address}`);
      },
    },
    Notification: FakeNotification,
    powerSaveBlocker: {
      start: () => {
        blockers.add(nextBlocker);
        return nextBlocker++;
      },
      stop: (id: number) => blockers.delete(id),
    },
    protocol,
    screen: { getPrimaryDisplay: () => display, getAllDisplays: () => [display] },
    session: { defaultSession: session },
    shell: {
      showItemInFolder: (path: string) => void shell.revealed.push(path),
      openExternal: async (address: string) => void shell.opened.push(address),
    },
    utilityProcess: FakeUtilityProcess,
  };
  return {
    electron: fake as unknown as ElectronMain,
    ...{ app, windows, ipcMain, dialog, session, protocol, notifications, blockers, shell, fetched },
    menu: () => menu,
    objects: fake,
  };
}

export type { FakePort };
