import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import * as v from 'valibot';
import { GraftError, messageOf } from '../../../shared/errors.js';

/** The benchmark's own programs, below the project. */
export const benchFile = (root: string, name: string): string => join(root, 'test', 'bench', name);

const version = v.nullable(v.string());
const interpreterSchema = v.object({
  python: v.string(),
  torch: version,
  torchvision: version,
  safetensors: version,
  efficientnetLite: version,
  keras: version,
  tensorflow: version,
});

/** A Python and what is installed in it. */
export interface Interpreter extends v.InferOutput<typeof interpreterSchema> {
  /** How it is started. */
  readonly command: string;
}

export interface ProgramOptions {
  readonly cwd: string;
  readonly env?: Readonly<Record<string, string>>;
  readonly signal: AbortSignal;
  readonly onLine: (line: string) => void;
}

const LAST_CHARACTERS = 2000;

/**
 * Runs a program to its end.
 *
 * @throws GraftError `cancelled`; `not-found` when it cannot be started; `unsupported` with its last words when it fails
 */
export function runProgram(command: string, args: readonly string[], options: ProgramOptions): Promise<void> {
  const { cwd, env, signal, onLine } = options;
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      signal,
    });
    let words = '';
    createInterface({ input: child.stdout }).on('line', onLine);
    child.stderr.on('data', (chunk: Buffer) => (words = (words + chunk.toString()).slice(-LAST_CHARACTERS)));
    child.on('error', (cause) => {
      reject(
        signal.aborted
          ? new GraftError('cancelled', 'Interrupted.', { cause })
          : new GraftError('not-found', `${command} cannot be started: ${messageOf(cause)}`, { cause }),
      );
    });
    child.on('close', (code, killedBy) => {
      if (code === 0) return resolve();
      const last = words.trim().split('\n').at(-1) ?? '';
      reject(
        new GraftError('unsupported', `${command} ended with ${code ?? killedBy}${last === '' ? '' : `: ${last}`}`),
      );
    });
  });
}

/** Pythons by their usual names, where none was named. */
const USUAL_NAMES = ['python3', 'python'] as const;

function parseInterpreter(command: string, lines: readonly string[]): Interpreter | null {
  try {
    const parsed = v.safeParse(interpreterSchema, JSON.parse(lines.join('\n')));
    return parsed.success ? { command, ...parsed.output } : null;
  } catch {
    return null;
  }
}

/**
 * Asks Pythons what they have. The usual names are tried where none is given; of those, what cannot be started is left out.
 *
 * @param named as the user gave them
 * @throws GraftError `not-found` when one that was named cannot be started, `cancelled`
 */
export async function findInterpreters(
  named: readonly string[],
  root: string,
  signal: AbortSignal,
): Promise<readonly Interpreter[]> {
  const found: Interpreter[] = [];
  for (const command of named.length > 0 ? named : USUAL_NAMES) {
    const lines: string[] = [];
    const options = { cwd: root, signal, onLine: (line: string) => void lines.push(line) };
    const failure = await runProgram(command, [benchFile(root, 'describe.py')], options).then(
      () => null,
      (error: unknown) => error,
    );
    if (signal.aborted) throw new GraftError('cancelled', 'Interrupted.');
    const interpreter = failure === null ? parseInterpreter(command, lines) : null;
    if (interpreter !== null) found.push(interpreter);
    else if (named.length > 0) {
      const reason = failure === null ? 'it does not answer as a Python does' : messageOf(failure);
      throw new GraftError('not-found', `--python: expected a Python interpreter, received ${command}: ${reason}`);
    }
  }
  return found;
}
