import { runCli } from '../../src/main/cli/index.js';
import { ROOT } from './shared-data.js';
import { type FakeEngine, createFakeEngine } from './fake-engine.js';

export interface CliRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** Each line of stdout, parsed. */
  json(): Record<string, unknown>[];
}

export interface CliOptions {
  readonly engine?: FakeEngine;
  readonly cwd?: string;
  readonly root?: string;
  readonly isTTY?: boolean;
  /** Given what interrupts the command, as Ctrl-C does. */
  readonly onStart?: (interrupt: () => void) => void;
}

/** Runs a command line against a fake engine. */
export async function runFakeCli(argv: readonly string[], options: CliOptions = {}): Promise<CliRun> {
  const engine = options.engine ?? createFakeEngine();
  const written = { stdout: '', stderr: '' };
  const listeners = new Set<() => void>();
  const stream = (name: 'stdout' | 'stderr') => ({
    write: (text: string) => {
      written[name] += text;
      return true;
    },
    isTTY: options.isTTY ?? false,
    columns: 100,
  });
  let nowMs = 0;
  options.onStart?.(() => {
    for (const listener of [...listeners]) listener();
  });
  const code = await runCli(argv, {
    stdout: stream('stdout'),
    stderr: stream('stderr'),
    cwd: options.cwd ?? '/home/someone',
    root: options.root ?? ROOT,
    // Each look at the clock is a second later.
    nowMs: () => (nowMs += 1000),
    startEngine: (engineOptions) => engine.startEngine(engineOptions),
    onInterrupt: (listener) => {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  });
  return {
    code,
    ...written,
    json: () =>
      written.stdout
        .trimEnd()
        .split('\n')
        .map((line) => JSON.parse(line) as Record<string, unknown>),
  };
}
