import type { Studio } from '../state/studio.svelte.js';
import { PAGES, type PageName } from '../state/router.svelte.js';
import { THEMES } from '../state/theme.svelte.js';

/** Something that the palette, a key or the native menu can do. */
export interface Command {
  readonly id: string;
  readonly label: string;
  /** As shown; `Mod` is Ctrl, or Cmd on a Mac. */
  readonly shortcut: string | null;
  /** Why it can't be done now, or null when it can. */
  readonly blocked: string | null;
  readonly run: () => void | Promise<void>;
}

export const PAGE_TITLES: Readonly<Record<PageName, string>> = {
  data: 'Data',
  augment: 'Augment',
  train: 'Train',
  evaluate: 'Evaluate',
  export: 'Export',
  runs: 'Runs',
};

const THEME_LABELS = { system: 'as the system', light: 'light', dark: 'dark' } as const;

/** Everything that can be commanded now. */
export function listCommands(studio: Studio): readonly Command[] {
  const { router, history, project, training, theme, connection } = studio;
  const noProject = project.project === null ? 'no data set is open' : null;
  const noRun = training.isRunning ? null : 'no run is in progress';
  const busy = training.isKnown
    ? training.isRunning
      ? 'a run is in progress'
      : null
    : 'the engine has not answered yet';
  const run = training.run ?? '';
  return [
    ...PAGES.map((page, index) => ({
      id: `go.${page}`,
      label: `Go to ${PAGE_TITLES[page]}`,
      shortcut: `Mod+${index + 1}`,
      blocked: null,
      run: () => router.go(page),
    })),
    {
      id: 'project.open',
      label: 'Open a folder of pictures…',
      shortcut: 'Mod+O',
      blocked: null,
      run: () => {
        router.go('data');
        studio.isFolderPickerOpen = true;
      },
    },
    {
      id: 'project.close',
      label: 'Close the data set',
      shortcut: null,
      blocked: noProject,
      run: async () => {
        await project.flush();
        await connection.call('projects.close', {});
        router.go('data');
      },
    },
    {
      id: 'dataset.rescan',
      label: 'Scan the data set again',
      shortcut: null,
      blocked: noProject,
      run: async () => {
        await connection.call('dataset.rescan', {});
      },
    },
    {
      id: 'edit.undo',
      label: history.undoLabel === null ? 'Undo' : `Undo: ${history.undoLabel}`,
      shortcut: 'Mod+Z',
      blocked: history.undoLabel === null ? 'nothing to undo' : null,
      run: async () => {
        await project.flush();
        await history.undo();
      },
    },
    {
      id: 'edit.redo',
      label: history.redoLabel === null ? 'Redo' : `Redo: ${history.redoLabel}`,
      shortcut: 'Mod+Shift+Z',
      blocked: history.redoLabel === null ? 'nothing to redo' : null,
      run: () => history.redo(),
    },
    {
      id: 'train.start',
      label: 'Start training',
      shortcut: 'Mod+Enter',
      blocked: noProject ?? busy,
      run: () => {
        // A finished run that is still shown makes way.
        training.dismiss();
        router.go('train');
        studio.isStartRequested = true;
      },
    },
    {
      id: 'train.pause',
      label: training.isPaused ? 'Resume training' : 'Pause training',
      shortcut: null,
      blocked: noRun,
      run: async () => {
        await connection.call('train.pause', { run, isPaused: !training.isPaused });
      },
    },
    {
      id: 'train.stop',
      label: 'Stop training and keep the best epoch',
      shortcut: null,
      blocked: noRun,
      run: async () => {
        await connection.call('train.stop', { run });
      },
    },
    {
      id: 'engine.restart',
      label: 'Restart the engine',
      shortcut: null,
      blocked: busy,
      run: async () => {
        await connection.call('host.restartEngine', {});
      },
    },
    ...THEMES.map((choice) => ({
      id: `theme.${choice}`,
      label: `Appearance: ${THEME_LABELS[choice]}`,
      shortcut: null,
      blocked: theme.choice === choice ? 'chosen already' : null,
      run: () => theme.choose(choice),
    })),
  ];
}

const isMac = /Mac/.test(navigator.platform);

/** `Mod+Shift+Z` as the keys are called on this system. */
export function formatShortcut(shortcut: string): string {
  return isMac
    ? shortcut.replace('Mod', '⌘').replace('Shift', '⇧').replaceAll('+', '')
    : shortcut.replace('Mod', 'Ctrl').replaceAll('+', ' ');
}

/** Whether a key press is the one that a command names. */
export function matchesShortcut(event: KeyboardEvent, shortcut: string): boolean {
  const parts = shortcut.split('+');
  const key = parts.at(-1)!;
  const isMod = isMac ? event.metaKey : event.ctrlKey;
  return (
    event.key.toUpperCase() === key.toUpperCase() &&
    isMod === parts.includes('Mod') &&
    event.shiftKey === parts.includes('Shift') &&
    !event.altKey
  );
}
