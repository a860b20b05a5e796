import { type ChildProcess, spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { ROOT } from './shared-data.js';

/** What a run of the command line left behind. */
export interface GraftResult {
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** Lines of stdout as JSON. */
  json(): Record<string, unknown>[];
}

export interface GraftOptions {
  readonly env?: Readonly<Record<string, string>>;
  /** The Node.js that runs it and the engine; this process's own unless given. */
  readonly node?: string;
  /** Called with every line of stdout, and the process. */
  readonly onLine?: (line: string, child: ChildProcess) => void;
}

/** Whether `npm run build` has been run. */
export const isBuilt = (): boolean => existsSync(join(ROOT, 'out', 'main', 'cli.js'));

/** Runs the real command line, with the real engine. */
export function graft(args: readonly string[], options: GraftOptions = {}): Promise<GraftResult> {
  const { node = process.execPath, env, onLine } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(node, [join(ROOT, 'bin', 'graft.mjs'), ...args], {
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const lines: string[] = [];
    let stderr = '';
    const reader = createInterface({ input: child.stdout });
    reader.on('line', (line) => {
      lines.push(line);
      onLine?.(line, child);
    });
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.on('error', reject);
    child.on('close', (code) =>
      resolve({
        code,
        stdout: lines.join('\n'),
        stderr,
        json: () => lines.map((line) => JSON.parse(line) as Record<string, unknown>),
      }),
    );
  });
}
