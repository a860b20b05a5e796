import { spawn } from 'node:child_process';
import { constants } from 'node:os';

/**
 * @typedef {object} RunResult
 * @property {number} code exit code; 127 when there is no such command, 124 when it ran out of time
 * @property {string} output the end of what it said, both streams together
 */

const KEPT_CHARACTERS = 20_000;

/** @type {Set<import('node:child_process').ChildProcess>} */
const children = new Set();
/** Children lead process groups of their own, so that a signal reaches all of a child's processes; Windows has none. */
const HAS_GROUPS = process.platform !== 'win32';
/** Between asking and forcing. */
const GRACE_MS = 2000;
const ENDING_SIGNALS = /** @type {const} */ (['SIGINT', 'SIGTERM', 'SIGHUP']);

/**
 * The exit code that a shell gives a process that a signal has ended.
 *
 * @param {NodeJS.Signals} signal
 */
export const signalCode = (signal) => 128 + constants.signals[signal];

/** @type {NodeJS.Signals | null} */
let endingBy = null;

/**
 * Signals a child and what it has started in turn: npm ignores SIGTERM, and `python3` may be a script around the real one.
 *
 * @param {import('node:child_process').ChildProcess} child
 * @param {NodeJS.Signals} signal
 */
function signalGroup(child, signal) {
  try {
    if (HAS_GROUPS && child.pid !== undefined) process.kill(-child.pid, signal);
    else child.kill(signal);
  } catch {
    // It has ended already.
  }
}

/**
 * Ended alone, this process would leave pip or npm behind, writing where the next set-up works.
 *
 * @param {NodeJS.Signals} signal
 */
function endWithChildren(signal) {
  endingBy ??= signal;
  for (const child of children) signalGroup(child, signal);
  setTimeout(() => {
    for (const child of children) signalGroup(child, 'SIGKILL');
    process.exit(signalCode(signal));
  }, GRACE_MS);
}

/** @param {import('node:child_process').ChildProcess} child */
function watch(child) {
  if (children.size === 0) for (const signal of ENDING_SIGNALS) process.on(signal, endWithChildren);
  children.add(child);
}

/** @param {import('node:child_process').ChildProcess} child */
function unwatch(child) {
  if (!children.delete(child) || children.size > 0) return;
  if (endingBy !== null) process.exit(signalCode(endingBy));
  for (const signal of ENDING_SIGNALS) process.off(signal, endWithChildren);
}

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
      detached: HAS_GROUPS,
      // npm is a script on Windows, which only a shell can start.
      shell: process.platform === 'win32' && file === 'npm',
    });
    watch(child);
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
            signalGroup(child, 'SIGKILL');
          }, timeoutMs);
    const tick = onTick === undefined ? null : setInterval(onTick, 500);
    /** @param {number} code */
    const settle = (code) => {
      if (timer) clearTimeout(timer);
      if (tick) clearInterval(tick);
      unwatch(child);
      resolve({ code, output: output.trim() });
    };
    child.on('error', () => settle(127));
    child.on('close', (code, signal) => settle(isLate ? 124 : (code ?? (signal === null ? 1 : signalCode(signal)))));
  });
}

/**
 * The last line that says something.
 *
 * @param {string} output
 */
export const lastLine = (output) => output.trim().split('\n').at(-1)?.trim() || 'no output';
