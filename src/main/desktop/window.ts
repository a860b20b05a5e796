import type { BrowserWindow } from 'electron';
import { messageOf } from '../../shared/errors.js';
import type { ElectronMain } from './electron.js';
import { APP_ADDRESS } from './own-address.js';
import type { SettingsStore } from './settings.js';
import { MIN_SIZE, placeWindow } from './window-place.js';
import type { Words } from './words.js';

/** The page's own background colours, shown until it has drawn itself. */
const BACKGROUND = { light: '#f6f7f7', dark: '#121514' } as const;
/** A page that dies more often is not loaded again unasked. */
const MAX_RELOADS = 3;

export interface WindowOptions {
  readonly electron: ElectronMain;
  readonly settings: SettingsStore;
  readonly words: Words;
  /** The preload script. */
  readonly preload: string;
  /** The taskbar's icon, where the system doesn't take it from the program; a PNG. */
  readonly icon: string;
  /** Whether the window may close now; otherwise it stays, and the app ends first. */
  readonly mayClose: () => boolean;
  readonly log: (line: string) => void;
}

/** Loads the page again when its process dies; training goes on meanwhile. */
function reviveWhenGone(window: BrowserWindow, { electron: { dialog }, words, log }: WindowOptions): void {
  const { webContents } = window;
  let reloads = 0;
  webContents.on('render-process-gone', (_event, { reason, exitCode }) => {
    if (reason === 'clean-exit' || window.isDestroyed()) return;
    log(`graft: the page's process has gone: ${reason}, exit code ${exitCode}`);
    reloads++;
    if (reloads <= MAX_RELOADS) return webContents.reload();
    reloads = 0;
    void dialog
      .showMessageBox(window, {
        type: 'error',
        message: words.pageGone,
        detail: words.pageGoneDetail,
        buttons: [words.reload],
      })
      .catch((error: unknown) => log(`graft: ${messageOf(error)}`))
      .then(() => {
        if (!window.isDestroyed()) webContents.reload();
      });
  });
}

/** Opens the app's window where it was last, and loads the page. */
export function openWindow(options: WindowOptions): BrowserWindow {
  const { electron, settings, preload, icon, mayClose } = options;
  const primary = electron.screen.getPrimaryDisplay();
  const others = electron.screen.getAllDisplays().filter(({ id }) => id !== primary.id);
  const window = new electron.BrowserWindow({
    ...placeWindow(
      settings.values.window,
      [primary, ...others].map(({ workArea }) => workArea),
    ),
    minWidth: MIN_SIZE.width,
    minHeight: MIN_SIZE.height,
    title: 'Graft',
    icon,
    show: false,
    backgroundColor: electron.nativeTheme.shouldUseDarkColors ? BACKGROUND.dark : BACKGROUND.light,
    webPreferences: {
      preload,
      sandbox: true,
      contextIsolation: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      webviewTag: false,
      // Its dictionaries come over the network.
      spellcheck: false,
    },
  });
  window.once('ready-to-show', () => {
    if (settings.values.window?.isMaximized === true) window.maximize();
    window.show();
  });
  // The title says which project is open; the page's own would say less.
  window.on('page-title-updated', (event) => event.preventDefault());
  window.on('close', (event) => {
    settings.update({ window: { ...window.getNormalBounds(), isMaximized: window.isMaximized() } });
    if (!mayClose()) event.preventDefault();
  });
  reviveWhenGone(window, options);
  window.loadURL(APP_ADDRESS).catch((error: unknown) => options.log(`graft: ${APP_ADDRESS}: ${messageOf(error)}`));
  return window;
}
