// `npm start`: set-up, then the app: in a window of its own by Electron where that can be had, else in the browser.
// `npm start -- ARGS` is `graft ARGS`.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { setUpElectron, whyNoWindow } from './setup/electron.mjs';
import { ROOT } from './setup/places.mjs';
import { signalCode } from './setup/run.mjs';
import { say } from './setup/say.mjs';
import { runScript, setUp } from './setup.mjs';

/** Electron that ends this soon with an error has not started: a library may be missing. */
const STARTED_MS = 15_000;

/** Ctrl-C reaches the children by itself; this process has to outlive them. */
let isInterrupted = false;
process.on('SIGINT', () => (isInterrupted = true));

/**
 * Runs a program as if it had been called itself: same terminal, same signals, same exit code.
 *
 * @param {string} program
 * @param {readonly string[]} args
 * @returns {Promise<number>}
 */
function pass(program, args) {
  return new Promise((resolve) => {
    const child = spawn(program, args, { stdio: 'inherit', cwd: process.cwd() });
    const terminate = () => {
      isInterrupted = true;
      child.kill('SIGTERM');
    };
    process.on('SIGTERM', terminate);
    /** @param {number} code */
    const settle = (code) => {
      process.off('SIGTERM', terminate);
      resolve(code);
    };
    child.on('error', (error) => {
      say(`${program}: ${error.message}`);
      settle(127);
    });
    child.on('close', (code, signal) => settle(code ?? (signal === null ? 1 : signalCode(signal))));
  });
}

/** @param {readonly string[]} args */
const graft = (args) => pass(process.execPath, [join(ROOT, 'bin', 'graft.mjs'), ...args]);

/**
 * Where the app runs, and why there.
 *
 * @returns {Promise<{ electron: string } | { why: string }>}
 */
async function chooseHost() {
  if (!existsSync(join(ROOT, 'out', 'main', 'index.js'))) return { why: 'the desktop app has not been built' };
  const why = whyNoWindow({ platform: process.platform, env: process.env, uid: process.getuid?.() });
  if (why !== null) return { why };
  const found = await setUpElectron();
  return 'program' in found ? { electron: found.program } : found;
}

await runScript(async () => {
  await setUp();
  const args = process.argv.slice(2);
  if (args.length > 0) return await graft(args);
  const host = await chooseHost();
  say('');
  if ('why' in host) {
    say(`app: in your browser, since ${host.why}`);
    return await graft(['serve']);
  }
  say('app: in a window of its own');
  const startedMs = Date.now();
  const code = await pass(host.electron, [ROOT]);
  if (code === 0 || isInterrupted || Date.now() - startedMs > STARTED_MS) return code;
  say(`app: in your browser, since Electron ended with code ${code}`);
  return await graft(['serve']);
});
