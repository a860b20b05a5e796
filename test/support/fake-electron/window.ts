import { EventEmitter } from 'node:events';
import type { FakePort } from './ports.js';

export interface WindowOptions {
  readonly width: number;
  readonly height: number;
  readonly webPreferences: Readonly<Record<string, unknown>>;
}

type Load = (address: string) => Promise<Response>;

/** What a page's frame was sent with a port. */
export interface FramePost {
  readonly channel: string;
  readonly ports: readonly FakePort[];
}

export class FakeFrame extends EventEmitter {
  readonly parent: FakeFrame | null = null;
  url = '';
  postMessage(channel: string, _message: unknown, ports: readonly FakePort[]): void {
    this.emit('post', { channel, ports } satisfies FramePost);
  }
}

export class FakeContents extends EventEmitter {
  readonly mainFrame = new FakeFrame();
  readonly sent: (readonly [channel: string, data: unknown])[] = [];
  openHandler: ((details: { url: string }) => { action: string }) | null = null;
  reloads = 0;
  setWindowOpenHandler = (handler: typeof this.openHandler): void => void (this.openHandler = handler);
  send(channel: string, data: unknown): void {
    this.sent.push([channel, data]);
    this.emit('sent', channel, data);
  }
  reload(): void {
    this.reloads++;
  }
}

/** Electron's `BrowserWindow`, which "shows" what its address answers. */
export class FakeWindow extends EventEmitter {
  readonly webContents = new FakeContents();
  readonly bars: (readonly [progress: number, mode: string | undefined])[] = [];
  page: Response | null = null;
  title = '';
  isShown = false;
  hasFocus = false;
  #isMaximized = false;
  #isMinimized = false;
  #isDestroyed = false;

  constructor(
    readonly options: WindowOptions,
    private readonly load: Load,
  ) {
    super();
  }

  async loadURL(address: string): Promise<void> {
    this.webContents.mainFrame.url = address;
    this.page = await this.load(address);
    this.emit('ready-to-show');
    this.webContents.emit('did-finish-load');
  }
  show = (): void => void (this.isShown = true);
  hide = (): void => void (this.isShown = false);
  focus = (): void => void (this.hasFocus = true);
  isFocused = (): boolean => this.hasFocus;
  isDestroyed = (): boolean => this.#isDestroyed;
  isMinimized = (): boolean => this.#isMinimized;
  minimize = (): void => void (this.#isMinimized = true);
  restore = (): void => void (this.#isMinimized = false);
  maximize = (): void => void (this.#isMaximized = true);
  isMaximized = (): boolean => this.#isMaximized;
  getNormalBounds = (): object => ({ x: 10, y: 20, width: this.options.width, height: this.options.height });
  setTitle = (title: string): void => void (this.title = title);
  setProgressBar = (progress: number, options?: { mode: string }): void =>
    void this.bars.push([progress, options?.mode]);
  close(): void {
    let isPrevented = false;
    this.emit('close', { preventDefault: () => (isPrevented = true) });
    if (isPrevented) return;
    this.#isDestroyed = true;
    this.emit('closed');
  }
}
