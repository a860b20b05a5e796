import { fork } from 'node:child_process';
import type { Readable } from 'node:stream';
import { type Port, createIpcPort } from '../../shared/port.js';

/** How a process ended; neither `code` nor `signal` when it never started. */
export interface ChildEnd {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly startError: Error | null;
}

/** A started process and its channel, whichever way it was started. */
export interface LaunchedChild {
  /** Undefined until it runs, where that takes a while, and when it could not be started. */
  readonly pid: number | undefined;
  readonly isConnected: boolean;
  readonly outputs: readonly Readable[];
  /** Its end tells that the process can't be reached any more; closing it asks the process to end. */
  readonly channel: Port;
  /** Resolves when it has gone and its output has arrived. */
  readonly ended: Promise<ChildEnd>;
  /** Ends it at once. */
  kill(): void;
}

export interface LaunchOptions {
  /** The whole environment, not what is added to it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** The Node.js to run it, where the launcher uses one. */
  readonly execPath?: string | undefined;
}

/** Starts a bundle as a process that speaks the contract over the channel. */
export type Launch = (entry: string, options: LaunchOptions) => LaunchedChild;

/** How long after the process's end its last output may take to arrive. */
export const DRAIN_MS = 500;

/** Starts a bundle by Node's `fork`. */
export const launchNode: Launch = (entry, { env, execPath }) => {
  const child = fork(entry, [], {
    ...(execPath === undefined ? {} : { execPath }),
    // Flags of this process, such as an inspector's port, are not the child's.
    execArgv: [],
    env: { ...env },
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    // What does not survive JSON would not survive the browser host's WebSocket either.
    serialization: 'json',
    // Ctrl-C in a terminal goes to the whole process group; the engine must outlive it to keep the run.
    detached: process.platform !== 'win32',
  });
  // Without a free file handle there are none at all, whatever their types say.
  const outputs = [child.stdout, child.stderr].filter((stream) => stream != null);
  // Not the process's own `close`, which never comes where this side has closed the channel.
  const read = Promise.all(outputs.map((stream) => new Promise((resolve) => stream.once('close', resolve))));
  const ended = new Promise<ChildEnd>((resolve) => {
    // The same event also tells of a failed kill or send, which end nothing.
    child.on('error', (error) => {
      if (child.pid === undefined) resolve({ code: null, signal: null, startError: error });
    });
    child.once('exit', (code, signal) => {
      const finish = (): void => resolve({ code, signal, startError: null });
      const drained = setTimeout(finish, DRAIN_MS);
      void read.then(() => {
        clearTimeout(drained);
        finish();
      });
    });
  });
  return {
    pid: child.pid,
    get isConnected() {
      return child.connected;
    },
    outputs,
    channel: createIpcPort(child),
    ended,
    kill: () => void child.kill('SIGKILL'),
  };
};
