import type { MenuItemConstructorOptions } from 'electron';
import type { MenuCommand } from '../../shared/bridge.js';
import { LINKS } from '../../shared/contract/host.js';
import type { LinkId } from '../../shared/contract.js';
import type { RecentProject } from '../../shared/studio.js';
import type { TrainingState } from './activity.js';
import { THEMES, type Theme } from './settings.js';
import type { Words } from './words.js';

const MAX_RECENT = 10;

export interface MenuState {
  readonly recent: readonly RecentProject[];
  readonly hasProject: boolean;
  readonly training: TrainingState | null;
  readonly theme: Theme;
}

export interface MenuActions {
  pick(kind: 'folder' | 'archive'): void;
  open(path: string): void;
  closeProject(): void;
  chooseTheme(theme: Theme): void;
  openLink(link: LinkId): void;
  send(command: MenuCommand): void;
}

export interface MenuContext {
  readonly words: Words;
  readonly platform: NodeJS.Platform;
  readonly isPackaged: boolean;
  readonly actions: MenuActions;
}

type Items = MenuItemConstructorOptions[];

const separator = { type: 'separator' } as const;

function fileMenu({ recent, hasProject }: MenuState, { words, platform, actions }: MenuContext): Items {
  const projects = recent.filter(({ isMissing }) => !isMissing).slice(0, MAX_RECENT);
  const items = projects.map(
    // An ampersand in a name is no mnemonic.
    ({ name, path }) => ({ label: name.replaceAll('&', '&&'), toolTip: path, click: () => actions.open(path) }),
  );
  return [
    { label: words.openFolder, accelerator: 'CmdOrCtrl+O', click: () => actions.pick('folder') },
    { label: words.openArchive, accelerator: 'CmdOrCtrl+Shift+O', click: () => actions.pick('archive') },
    {
      label: words.openRecent,
      submenu: items.length === 0 ? [{ label: words.noRecent, enabled: false }] : items,
    },
    separator,
    { label: words.closeProject, enabled: hasProject, click: () => actions.closeProject() },
    ...(platform === 'darwin' ? [] : [separator, { label: words.quit, role: 'quit' as const }]),
  ];
}

function editMenu({ words, platform, actions }: MenuContext): Items {
  // Elsewhere than on macOS the page hears the keys itself, and a text field its own undo.
  const registerAccelerator = platform === 'darwin';
  return [
    { label: words.undo, accelerator: 'CmdOrCtrl+Z', registerAccelerator, click: () => actions.send('undo') },
    {
      label: words.redo,
      accelerator: platform === 'win32' ? 'Ctrl+Y' : 'CmdOrCtrl+Shift+Z',
      registerAccelerator,
      click: () => actions.send('redo'),
    },
    separator,
    { label: words.cut, role: 'cut' },
    { label: words.copy, role: 'copy' },
    { label: words.paste, role: 'paste' },
    { label: words.selectAll, role: 'selectAll' },
  ];
}

function viewMenu({ theme }: MenuState, { words, isPackaged, actions }: MenuContext): Items {
  return [
    {
      label: words.theme,
      submenu: THEMES.map((choice) => ({
        label: words.themes[choice],
        type: 'radio',
        checked: theme === choice,
        click: () => actions.chooseTheme(choice),
      })),
    },
    separator,
    { label: words.actualSize, role: 'resetZoom' },
    { label: words.zoomIn, role: 'zoomIn' },
    { label: words.zoomOut, role: 'zoomOut' },
    separator,
    { label: words.reload, role: 'reload' },
    { label: words.fullScreen, role: 'togglefullscreen' },
    ...(isPackaged ? [] : [{ label: words.developerTools, role: 'toggleDevTools' as const }]),
  ];
}

function trainMenu({ hasProject, training }: MenuState, { words, actions }: MenuContext): Items {
  return [
    {
      label: words.startTraining,
      accelerator: 'CmdOrCtrl+Enter',
      enabled: hasProject && training === null,
      click: () => actions.send('train.start'),
    },
    {
      label: training?.isPaused === true ? words.resume : words.pause,
      enabled: training !== null,
      click: () => actions.send('train.pause'),
    },
    { label: words.stop, enabled: training !== null, click: () => actions.send('train.stop') },
  ];
}

/** The app's menu as it is now. */
export function menuTemplate(state: MenuState, context: MenuContext): Items {
  const { words, platform, actions } = context;
  const isMac = platform === 'darwin';
  return [
    ...(isMac ? [{ role: 'appMenu' as const }] : []),
    { label: words.file, submenu: fileMenu(state, context) },
    { label: words.edit, submenu: editMenu(context) },
    { label: words.view, submenu: viewMenu(state, context) },
    { label: words.train, submenu: trainMenu(state, context) },
    ...(isMac ? [{ role: 'windowMenu' as const }] : []),
    {
      label: words.help,
      role: 'help',
      submenu: LINKS.map((link) => ({ label: words.links[link], click: () => actions.openLink(link) })),
    },
  ];
}
