import type { BrowserWindow } from 'electron';
import { messageOf } from '../../shared/errors.js';
import type { Hub } from '../hub/types.js';
import type { ElectronMain } from './electron.js';
import type { Words } from './words.js';

export interface QuitOptions {
  readonly electron: Pick<ElectronMain, 'app' | 'dialog'>;
  readonly hub: Pick<Hub, 'runInHand' | 'close'>;
  readonly words: Words;
  readonly window: () => BrowserWindow | null;
  readonly log: (line: string) => void;
}

/**
 * Holds the app's end back until the user has agreed to stop a run and the engine has kept it.
 *
 * @returns whether all that has happened, so that windows may close
 */
export function guardQuit({ electron: { app, dialog }, hub, words, window, log }: QuitOptions): () => boolean {
  let phase: 'running' | 'asking' | 'ending' | 'done' = 'running';

  const agrees = async (): Promise<boolean> => {
    if (hub.runInHand === null) return true;
    const options = {
      type: 'question' as const,
      message: words.quitWhileTraining,
      detail: words.quitDetail,
      buttons: [words.stopAndKeep, words.cancel],
      defaultId: 0,
      cancelId: 1,
    };
    const parent = window();
    const { response } =
      parent === null ? await dialog.showMessageBox(options) : await dialog.showMessageBox(parent, options);
    return response === 0;
  };
  const end = async (): Promise<void> => {
    phase = 'asking';
    if (!(await agrees().catch(() => true))) {
      phase = 'running';
      return;
    }
    phase = 'ending';
    // Saving a run takes seconds; a window that no longer answers would look like a crash.
    window()?.hide();
    await hub.close().catch((error: unknown) => log(`graft: closing: ${messageOf(error)}`));
    phase = 'done';
    app.quit();
  };

  app.on('before-quit', (event) => {
    if (phase === 'done') return;
    event.preventDefault();
    if (phase === 'running') void end();
  });
  return () => phase === 'done';
}
