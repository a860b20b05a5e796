import { resolve } from 'node:path';
import * as v from 'valibot';
import type { ElectronMain } from './electron.js';

const secondInstanceSchema = v.object({ path: v.nullable(v.string()) });

/**
 * The data set that the app was started with.
 *
 * @param argv the program's own, as Node has it
 * @param isPackaged whether the first argument is the user's; otherwise Electron's, the app's folder
 */
export function pathOfArguments(argv: readonly string[], isPackaged: boolean, cwd: string): string | null {
  const own = argv.slice(isPackaged ? 1 : 2).find((argument) => !argument.startsWith('-'));
  return own === undefined ? null : resolve(cwd, own);
}

export interface Openings {
  /** Another program with the same data runs already and has been told to open what this one was given. */
  readonly isSecond: boolean;
  /** Tells of what is to be opened from now on, and at once of what has been asked for so far; null only shows the window. */
  listen(listener: (path: string | null) => void): void;
}

/** Collects what the user asks the app to open from outside: its arguments, another start, a drop on its icon. */
export function collectOpenings({ app }: Pick<ElectronMain, 'app'>, argv: readonly string[], cwd: string): Openings {
  const first = pathOfArguments(argv, app.isPackaged, cwd);
  let waiting: string | null = first;
  let tell: ((path: string | null) => void) | null = null;
  const ask = (path: string | null): void => {
    if (tell === null) waiting = path ?? waiting;
    else tell(path);
  };
  const isSecond = !app.requestSingleInstanceLock({ path: first });
  app.on('second-instance', (_event, _argv, _cwd, data) => {
    // Chromium adds flags of its own to the arguments, so the other start says itself what it was given.
    const parsed = v.safeParse(secondInstanceSchema, data);
    ask(parsed.success ? parsed.output.path : null);
  });
  app.on('open-file', (event, path) => {
    event.preventDefault();
    ask(path);
  });
  return {
    isSecond,
    listen(listener) {
      tell = listener;
      if (waiting !== null) listener(waiting);
      waiting = null;
    },
  };
}
