import type { BrowserWindow } from 'electron';
import type { LinkId } from '../../shared/contract.js';
import { messageOf } from '../../shared/errors.js';
import type { Project, RecentProject } from '../../shared/studio.js';
import { LINK_ADDRESSES } from '../hub/links.js';
import type { Hub } from '../hub/types.js';
import { type TrainingState, watchTraining } from './activity.js';
import { CHANNELS, serveBridge } from './bridge.js';
import type { ElectronMain } from './electron.js';
import { type DialogOptions, type PickKind, pickPath } from './host-handlers.js';
import { type MenuActions, menuTemplate } from './menu.js';
import { guardQuit } from './quit.js';
import type { SettingsStore } from './settings.js';
import { openWindow } from './window.js';
import type { Words } from './words.js';

export interface StudioOptions {
  readonly electron: ElectronMain;
  readonly hub: Hub;
  readonly settings: SettingsStore;
  readonly words: Words;
  readonly platform: NodeJS.Platform;
  readonly dialogs: DialogOptions;
  /** The preload script's file. */
  readonly preload: string;
  /** The window's icon, a PNG. */
  readonly icon: string;
  readonly log: (line: string) => void;
}

/** The running app: its window, and what is asked of it from outside. */
export interface Studio {
  readonly window: BrowserWindow | null;
  /** Shows the window and opens a data set; null only shows it. */
  open(path: string | null): void;
}

/** Opens the window and keeps menu, title, taskbar and quitting in step with the hub. */
export function startStudio(options: StudioOptions): Studio {
  const { electron, hub, settings, words, platform, dialogs, log } = options;
  const { app, dialog, Menu, nativeTheme, shell } = electron;
  let window: BrowserWindow | null = null;
  let project: Project | null = null;
  let training: TrainingState | null = null;
  let recent: readonly RecentProject[] = [];

  const complain = async (error: unknown): Promise<void> => {
    const message = { type: 'error' as const, message: words.couldNotOpen, detail: messageOf(error) };
    if (window === null) await dialog.showMessageBox(message);
    else await dialog.showMessageBox(window, message);
  };
  const attempt = (work: () => Promise<unknown>): void =>
    void work()
      .catch(complain)
      .catch((error: unknown) => log(`graft: ${messageOf(error)}`));
  const openProject = async (path: string): Promise<void> => {
    await hub.grants.grant(path);
    await hub.client.call('projects.open', { path });
  };

  const actions: MenuActions = {
    pick: (kind: Extract<PickKind, 'folder' | 'archive'>) =>
      attempt(async () => {
        const path = await pickPath(kind, kind === 'folder' ? words.openFolder : words.openArchive, dialogs);
        if (path !== null) await openProject(path);
      }),
    open: (path) => attempt(() => openProject(path)),
    closeProject: () => attempt(() => hub.client.call('projects.close', {})),
    chooseTheme(theme) {
      nativeTheme.themeSource = theme;
      settings.update({ theme });
      actions.send(`theme.${theme}`);
      showMenu();
    },
    openLink: (link: LinkId) => attempt(() => shell.openExternal(LINK_ADDRESSES[link])),
    send: (command) => window?.webContents.send(CHANNELS.menu, command),
  };
  const showMenu = (): void => {
    const state = { recent, hasProject: project !== null, training, theme: settings.values.theme };
    const context = { words, platform, isPackaged: app.isPackaged, actions };
    Menu.setApplicationMenu(Menu.buildFromTemplate(menuTemplate(state, context)));
  };
  const refreshRecent = (): void =>
    void hub.client.call('projects.list', {}).then(
      (projects) => {
        recent = projects;
        showMenu();
      },
      (error: unknown) => log(`graft: ${messageOf(error)}`),
    );
  const showTitle = (): void => window?.setTitle(project === null ? 'Graft' : `${project.name} — Graft`);
  const showProject = (next: Project | null): void => {
    if (next !== null && next.path !== project?.path) app.addRecentDocument(next.path);
    const isOther = next?.id !== project?.id || next?.name !== project?.name;
    project = next;
    if (!isOther) return;
    showTitle();
    showMenu();
    refreshRecent();
  };

  const mayClose = guardQuit({ electron, hub, words, window: () => window, log });
  const showWindow = (): void => {
    if (window !== null) {
      if (window.isMinimized()) window.restore();
      window.show();
      window.focus();
      return;
    }
    window = openWindow({
      ...{ electron, settings, words, preload: options.preload, icon: options.icon, log },
      mayClose: () => {
        // On macOS an app lives on without its window; elsewhere the window is the app, and has to wait for its end.
        if (platform === 'darwin' || mayClose()) return true;
        app.quit();
        return false;
      },
    });
    window.on('closed', () => (window = null));
    showTitle();
  };

  serveBridge(electron, hub);
  watchTraining({
    ...{ electron, client: hub.client, words, window: () => window },
    language: app.getLocale(),
    onChange: (next) => {
      training = next;
      showMenu();
    },
  });
  hub.client.on('projects.changed', (event) => showProject(event.project));
  hub.client.on('projects.listed', refreshRecent);
  app.on('activate', showWindow);
  app.on('window-all-closed', () => {
    if (platform !== 'darwin') app.quit();
  });
  showMenu();
  showWindow();
  refreshRecent();

  return {
    get window() {
      return window;
    },
    open(path) {
      showWindow();
      if (path !== null) actions.open(path);
    },
  };
}
