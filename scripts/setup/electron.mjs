import { existsSync, readFileSync } from 'node:fs';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { ROOT, dataFolder } from './places.mjs';
import { run } from './run.mjs';
import { say } from './say.mjs';

const PACKAGE = join(ROOT, 'node_modules', 'electron');
/** About 120 MB come from GitHub; a machine that can't reach it must not wait for ever. */
const FETCH_TIMEOUT_MS = 180_000;
/** A fetch that failed is not tried again for so long. */
const REMEMBER_MS = 24 * 3600_000;

const failureFile = () => join(dataFolder(), 'cache', 'electron.json');

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
 * Why the last fetch of this version failed, where that is not long ago.
 *
 * @param {string} text what {@link failureFile} holds
 * @param {string} version
 * @param {number} nowMs
 * @returns {string | null}
 */
export function readFailure(text, version, nowMs) {
  try {
    /** @type {{ version: unknown, atMs: unknown, why: unknown }} */
    const failure = JSON.parse(text);
    const { atMs, why } = failure;
    const isRecent = typeof atMs === 'number' && nowMs - atMs >= 0 && nowMs - atMs < REMEMBER_MS;
    return failure.version === version && isRecent && typeof why === 'string' ? why : null;
  } catch {
    return null;
  }
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
  const file = failureFile();
  const failure = readFailure(await readFile(file, 'utf8').catch(() => ''), version, Date.now());
  if (failure !== null) return { why: `its runtime could not be fetched a while ago: ${failure}` };
  say(`electron: fetching the runtime of ${version} from GitHub (about 120 MB)`);
  const result = await run([process.execPath, join(PACKAGE, 'install.js')], { cwd: ROOT, timeoutMs: FETCH_TIMEOUT_MS });
  const fetched = result.code === 0 ? findElectron() : null;
  if (fetched !== null) return { program: fetched };
  const why = explainInstall(result);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ version, atMs: Date.now(), why }));
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
