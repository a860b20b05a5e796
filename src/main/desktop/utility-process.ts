import { constants } from 'node:os';
import type { UtilityProcess } from 'electron';
import { Listeners, type Port } from '../../shared/port.js';
import type { ChildEnd, Launch } from '../engine-process/launch.js';
import { outputsEnded, readOutput } from './child-output.js';
import type { ElectronMain } from './electron.js';
import { killNow, serveRuns } from './run-entry.js';

const CRASHES = ['SIGILL', 'SIGTRAP', 'SIGABRT', 'SIGBUS', 'SIGFPE', 'SIGKILL', 'SIGSEGV', 'SIGTERM'] as const;
/** Set beside the signal where the system wrote the process's memory to disk. */
const CORE_DUMPED = 0x80;

/**
 * What a utility process's exit code says. Off Windows Electron passes on what `waitpid` said of a process that died by a
 * signal: the signal's number, not an exit code. Graft's own processes exit with 0, 1 or 2, so the two don't meet.
 */
export function readExitCode(code: number, platform: NodeJS.Platform = process.platform): ChildEnd {
  const signal =
    platform === 'win32' ? undefined : CRASHES.find((name) => constants.signals[name] === (code & ~CORE_DUMPED));
  return signal === undefined ? { code, signal: null, startError: null } : { code: null, signal, startError: null };
}

/** The parent's end of the channel that `engine/host-port.ts` has the other end of. */
function createChildPort(child: UtilityProcess, closes: Listeners<[undefined]>, isRunning: () => boolean): Port {
  const messages = new Listeners<[unknown]>();
  child.on('message', (message: unknown) => messages.call(message));
  let open = true;
  return {
    send(message) {
      if (open && isRunning()) child.postMessage(message);
    },
    onMessage: (listener) => messages.add(listener),
    onClose: (listener) => closes.add(listener),
    close() {
      if (open && isRunning()) child.postMessage(null);
      open = false;
    },
  };
}

/** A launcher of Electron's utility processes, whose Node.js is Electron's own. */
export function createUtilityLaunch({ utilityProcess }: Pick<ElectronMain, 'utilityProcess'>, name: string): Launch {
  return (entry, { env }) => {
    const fork = (file: string, args: string[]): UtilityProcess =>
      utilityProcess.fork(file, args, {
        env: Object.fromEntries(Object.entries(env).filter(([, value]) => value !== undefined)),
        stdio: ['ignore', 'pipe', 'pipe'],
        serviceName: name,
        // TensorFlow's libraries, which the set-up fetches, are not signed by us.
        allowLoadingUnsignedLibraries: true,
      });
    const child = fork(entry, []);
    serveRuns(child, entry, fork);
    const closes = new Listeners<[undefined]>();
    let isRunning = true;
    const outputs = [readOutput(child, child.stdout), readOutput(child, child.stderr)];
    const ended = new Promise<ChildEnd>((resolve) => {
      child.once('exit', (code) => {
        isRunning = false;
        closes.call(undefined);
        void outputsEnded(outputs).then(() => resolve(readExitCode(code)));
      });
    });
    return {
      get pid() {
        return child.pid;
      },
      get isConnected() {
        return isRunning;
      },
      outputs,
      channel: createChildPort(child, closes, () => isRunning),
      ended,
      kill: () => killNow(child),
    };
  };
}
