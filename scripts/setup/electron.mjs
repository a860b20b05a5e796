import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { recallFailure, rememberFailure } from './failures.mjs';
import { ROOT } from './places.mjs';
import { run } from './run.mjs';
import { say } from './say.mjs';

const PACKAGE = join(ROOT, 'node_modules', 'electron');
/** About 120 MB come from GitHub; a machine that can't reach it must not wait for ever. */
const FETCH_TIMEOUT_MS = 180_000;

/**
 * Electron's program where its runtime is installed, else null.
 *
 * @returns {string | null}
 */
export function findElectron() {
  try {
    const name = readFileSync(join(PACKAGE, 'path.txt'), 'utf8');
    const program = join(process.env['ELECTRON_OVERRIDE_DIST_PATH'] ?? join(PACKAGE, 'dist'), name);
    return existsSync(program) ? program : null;
  } catch {
    return null;
  }
}

/** @returns {string} */
function electronVersion() {
  /** @type {{ version: string }} */
  const { version } = JSON.parse(readFileSync(join(PACKAGE, 'package.json'), 'utf8'));
  return version;
}

/**
 * What a failed installer complains of.
 *
 * @param {{ code: number, output: string }} result
 */
export function explainInstall({ code, output }) {
  if (code === 124) return `it took longer than ${FETCH_TIMEOUT_MS / 1000} s`;
  const line = output.split('\n').find((text) => /error/i.test(text) && !/^\s*at /.test(text));
  return line?.trim().slice(0, 200) ?? `the installer ended with code ${code}`;
}

/**
 * Fetches Electron's runtime where it is not installed. npm carries the package without it.
 *
 * @returns {Promise<{ program: string } | { why: string }>}
 */
export async function setUpElectron() {
  const installed = findElectron();
  if (installed !== null) return { program: installed };
  if (!existsSync(join(PACKAGE, 'install.js'))) return { why: 'the package electron is not installed' };
  const version = electronVersion();
  const failure = await recallFailure('electron', version);
  if (failure !== null) return { why: `its runtime could not be fetched a while ago: ${failure}` };
  say(`electron: fetching the runtime of ${version} from GitHub (about 120 MB)`);
  const result = await run([process.execPath, join(PACKAGE, 'install.js')], { cwd: ROOT, timeoutMs: FETCH_TIMEOUT_MS });
  const fetched = result.code === 0 ? findElectron() : null;
  if (fetched !== null) return { program: fetched };
  const why = explainInstall(result);
  await rememberFailure('electron', version, why);
  return { why: `its runtime could not be fetched: ${why}` };
}

/**
 * Why no window can be shown here, or null when one can.
 *
 * @param {{ platform: string, env: Readonly<Record<string, string | undefined>>, uid: number | undefined }} place
 * @returns {string | null}
 */
export function whyNoWindow({ platform, env, uid }) {
  if (platform !== 'linux') return null;
  if (!env['DISPLAY'] && !env['WAYLAND_DISPLAY'])
    return 'there is no display (neither DISPLAY nor WAYLAND_DISPLAY is set)';
  // Its sandbox refuses to, and running without it is not ours to choose.
  return uid === 0 ? 'Electron does not run as root' : null;
}
