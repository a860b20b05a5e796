import { spawn } from 'node:child_process';

/**
 * @typedef {object} RunResult
 * @property {number} code exit code; 127 when there is no such command, 124 when it ran out of time
 * @property {string} output the end of what it said, both streams together
 */

const KEPT_CHARACTERS = 20_000;

/**
 * Runs a command to its end.
 *
 * @param {readonly string[]} command
 * @param {{ cwd?: string, env?: Record<string, string>, timeoutMs?: number, show?: boolean, onTick?: () => void }} [options]
 *   `show` passes its output on; `onTick` is called twice a second
 * @returns {Promise<RunResult>}
 */
export function run(command, options = {}) {
  const { cwd, env, timeoutMs, show = false, onTick } = options;
  const [file, ...args] = command;
  return new Promise((resolve) => {
    const child = spawn(file ?? '', args, {
      cwd,
      env: { ...process.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
      // npm is a script on Windows, which only a shell can start.
      shell: process.platform === 'win32' && file === 'npm',
    });
    let output = '';
    let isLate = false;
    /** @param {Buffer} chunk */
    const listen = (chunk) => {
      output = (output + chunk.toString()).slice(-KEPT_CHARACTERS);
      if (show) process.stdout.write(chunk);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    const timer =
      timeoutMs === undefined
        ? null
        : setTimeout(() => {
            isLate = true;
            child.kill('SIGKILL');
          }, timeoutMs);
    const tick = onTick === undefined ? null : setInterval(onTick, 500);
    /** @param {number} code */
    const settle = (code) => {
      if (timer) clearTimeout(timer);
      if (tick) clearInterval(tick);
      resolve({ code, output: output.trim() });
    };
    child.on('error', () => settle(127));
    child.on('close', (code, signal) => settle(isLate ? 124 : (code ?? (signal === null ? 1 : 128))));
  });
}

/**
 * The last line that says something.
 *
 * @param {string} output
 */
export const lastLine = (output) => output.trim().split('\n').at(-1)?.trim() || 'no output';
