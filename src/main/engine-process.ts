import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as delay } from 'node:timers/promises';
import { GraftError, messageOf } from '../shared/errors.js';
import { Listeners, type Port } from '../shared/port.js';
import { type Client, connect } from '../shared/rpc.js';
import { type EngineExit, explainExit } from './engine-process/exit.js';
import { type Launch, type LaunchedChild, launchNode } from './engine-process/launch.js';
import { findProjectRoot } from './common/project-root.js';

/** What must be in the environment before the engine's process starts; the user's own settings win. */
const ENGINE_ENV = {
  // TensorFlow's information lines would drown what matters.
  TF_CPP_MIN_LOG_LEVEL: '2',
  // Without it TensorFlow takes the whole graphics card.
  TF_FORCE_GPU_ALLOW_GROWTH: 'true',
  // sharp decodes one picture a pool thread.
  UV_THREADPOOL_SIZE: '4',
  // glibc's many arenas keep decoded pictures' memory for themselves.
  MALLOC_ARENA_MAX: '2',
  // Activations come and go by the dozen megabytes; mapping each anew costs more in page faults than the arithmetic.
  MALLOC_MMAP_THRESHOLD_: '1073741824',
  MALLOC_TRIM_THRESHOLD_: '4294967296',
} as const;

/** What TensorFlow says at every start where oneDNN is on; no setting of its log silences it. */
const GREETING = /oneDNN custom operations are on|^WARNING: All log messages before absl::InitializeLog/;

const STOP_TIMEOUT_MS = 10_000;
const LAST_LINES = 12;

export interface EngineOptions {
  /** The engine's bundle; by default `out/main/engine.js` of this project. */
  readonly entry?: string;
  /** Added to this process's environment. */
  readonly env?: Readonly<Record<string, string>>;
  /** The Node.js to run it; by default this process's own. */
  readonly execPath?: string;
  /** What it is called in messages; by default `engine`. */
  readonly name?: string;
  /** What starts the process; by default Node's `fork`. */
  readonly launch?: Launch;
  readonly onExit?: (exit: EngineExit) => void;
  /** Given each line that the engine writes to stdout or stderr; by default it goes to this process's stderr. */
  readonly log?: (line: string) => void;
  /** How long {@link EngineProcess.stop} waits before it kills. */
  readonly stopTimeoutMs?: number;
}

/** A connection to an engine that can be ended. */
export interface EngineConnection {
  readonly client: Client;
  /** Asks the engine to end, kills it when it doesn't, and resolves when it has gone. */
  stop(): Promise<void>;
  /** Ends the engine at once. */
  kill(): void;
}

export interface EngineProcess extends EngineConnection {
  /** Undefined when the process could not be started, or where starting takes a while, until it runs. */
  readonly pid: number | undefined;
  /** False as soon as the process can't be reached any more, which is before {@link exited} resolves. */
  readonly isConnected: boolean;
  readonly exited: Promise<EngineExit>;
}

/** The engine's bundle in this project. */
export function engineEntry(root: string = findProjectRoot()): string {
  return join(root, 'out', 'main', 'engine.js');
}

function keepLastLines(child: LaunchedChild, log: (line: string) => void): readonly string[] {
  const lines: string[] = [];
  for (const stream of child.outputs) {
    createInterface({ input: stream }).on('line', (line) => {
      if (GREETING.test(line)) return;
      if (lines.push(line) > LAST_LINES) lines.shift();
      log(line);
    });
  }
  return lines;
}

/** Most of what keeps a process from starting is told by its end, but not when the system has no room for another. */
function launchOrExplain(name: string, launch: () => LaunchedChild): LaunchedChild {
  try {
    return launch();
  } catch (cause) {
    const message = `The ${name} could not be started: ${messageOf(cause)}. Close other programs, and start Graft again.`;
    throw new GraftError('engine-crashed', message, { cause });
  }
}

/**
 * Starts an engine in a process of its own, because TensorFlow blocks its thread and can take its process down. The
 * engine ends with this process: its channel closes, and the engine exits on that.
 *
 * When it dies, calls in flight reject with `engine-crashed`, which says how and what to do.
 *
 * @throws GraftError `not-found` when the engine has not been built, `engine-crashed` when the system starts no process
 */
export function startEngine(options: EngineOptions = {}): EngineProcess {
  const { name = 'engine', entry = engineEntry() } = options;
  if (!existsSync(entry)) {
    throw new GraftError(
      'not-found',
      `expected the ${name} at ${entry}, but it has not been built: run \`npm run build\``,
    );
  }
  const child = launchOrExplain(name, () =>
    (options.launch ?? launchNode)(entry, {
      env: { ...ENGINE_ENV, ...process.env, ...options.env },
      execPath: options.execPath,
    }),
  );
  const log = options.log ?? ((line: string) => void process.stderr.write(`${line}\n`));
  const lastLines = keepLastLines(child, log);
  const closes = new Listeners<[GraftError | undefined]>();
  const { channel } = child;
  let expected = false;

  const exited = child.ended.then((end): EngineExit => ({ ...end, expected, lastLines: [...lastLines] }));
  void exited.then((exit) => {
    closes.call(exit.expected ? undefined : explainExit(exit, name));
    options.onExit?.(exit);
  });

  // The channel's own end comes before the process's and knows no reason, so clients hear of the process's.
  const port: Port = { ...channel, onClose: (listener) => closes.add(listener) };
  const stopTimeoutMs = options.stopTimeoutMs ?? STOP_TIMEOUT_MS;
  const endWithin = async (timeoutMs: number): Promise<void> => {
    const timer = new AbortController();
    const late = delay(timeoutMs, 'late', { signal: timer.signal }).catch(() => 'ended');
    if ((await Promise.race([exited, late])) === 'late') child.kill();
    timer.abort();
    await exited;
  };
  // An engine that has dropped its channel but does not end can't be reached any more.
  channel.onClose(() => void endWithin(stopTimeoutMs));

  const client = connect(port);
  return {
    client,
    get pid() {
      return child.pid;
    },
    get isConnected() {
      return child.isConnected;
    },
    exited,
    async stop() {
      expected = true;
      client.close();
      await endWithin(stopTimeoutMs);
    },
    kill() {
      expected = true;
      child.kill();
    },
  };
}
