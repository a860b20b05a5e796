import { cp, mkdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { compileAddon } from './compile.mjs';
import { hasNvidiaDriver, nativeFolder, ROOT, TFJS_PACKAGE } from './places.mjs';
import { lastLine, run } from './run.mjs';
import { say } from './say.mjs';
import { fetchWheel, unpackWheel, WHEEL } from './wheel.mjs';

const ADDON = join(TFJS_PACKAGE, 'lib', 'napi-v8', 'tfjs_binding.node');
const DEPS = join(TFJS_PACKAGE, 'deps');
/** Says that the addon in the package has passed its smoke test. */
const MARKER = join(TFJS_PACKAGE, '.graft-tensorflow.json');
/** A GPU may compile its kernels at first use, which takes minutes. */
const SMOKE_TIMEOUT_MS = 300_000;
const REACH_TIMEOUT_MS = 10_000;

/** @typedef {{ version: string, device: 'cpu' | 'gpu' }} Smoke */

/**
 * Runs a convolution and its gradient in a process of its own.
 *
 * @returns {Promise<Smoke>}
 */
async function smokeTest() {
  const script = join(ROOT, 'scripts', 'setup', 'smoke.mjs');
  const { code, output } = await run([process.execPath, script], { timeoutMs: SMOKE_TIMEOUT_MS });
  if (code !== 0) throw new Error(code === 124 ? 'the smoke test ran out of time' : lastLine(output));
  return JSON.parse(lastLine(output));
}

/** @param {string} file */
const stampOf = async (file) => {
  const facts = await stat(file).catch(() => null);
  return facts === null ? null : `${facts.size}/${facts.mtimeMs}`;
};

/** What passed before and has not changed since, or null. */
async function readMarker() {
  try {
    /** @type {Smoke & { addon: string }} */
    const marker = JSON.parse(await readFile(MARKER, 'utf8'));
    return marker.addon === (await stampOf(ADDON)) && (await stat(DEPS)) ? marker : null;
  } catch {
    return null;
  }
}

async function useInstalled() {
  if ((await stampOf(ADDON)) === null) throw new Error('not installed');
  return await smokeTest();
}

/** The package's own installer, where its server can be reached. */
async function usePackageDownload() {
  const mirror = process.env['TFJS_NODE_BASE_URI'] ?? process.env['TFJS_NODE_CDN_STORAGE'] ?? 'https://storage.googleapis.com/';
  await fetch(new URL('/', mirror), { method: 'HEAD', signal: AbortSignal.timeout(REACH_TIMEOUT_MS) }).catch(() => {
    throw new Error(`${new URL(mirror).host} cannot be reached from here`);
  });
  const kind = hasNvidiaDriver() && process.platform !== 'darwin' ? 'gpu' : 'cpu';
  say(`TensorFlow: the package's own download (${kind})`);
  const { code, output } = await run([process.execPath, join('scripts', 'install.js'), kind, 'download'], {
    cwd: TFJS_PACKAGE,
    timeoutMs: 1_800_000,
  });
  if (code !== 0) throw new Error(`its installer failed: ${lastLine(output)}`);
  if (process.platform === 'win32') {
    // The installer leaves the library where the addon does not look for it.
    await cp(join(DEPS, 'lib', 'tensorflow.dll'), join(dirname(ADDON), 'tensorflow.dll'));
  }
  return await smokeTest();
}

/** Links the libraries and copies the addon from the user's data folder into the package. */
async function linkNative(/** @type {string} */ folder) {
  await rm(DEPS, { recursive: true, force: true });
  await symlink(join(folder, 'deps'), DEPS, 'junction');
  await mkdir(dirname(ADDON), { recursive: true });
  // A copy, not a link: the loader looks for the libraries from where the addon really lies.
  await cp(join(folder, 'tfjs_binding.node'), ADDON);
}

/** TensorFlow's Python wheel, and the addon built against it. */
async function useWheel() {
  const system = `${process.platform}-${process.arch}`;
  if (system !== 'linux-x64') throw new Error(`not known to work on ${system}`);
  const folder = join(nativeFolder(), `tensorflow-${WHEEL.version}-${system}`);
  if ((await stampOf(join(folder, 'manifest.json'))) === null) {
    const temporary = `${folder}.tmp`;
    const deps = join(temporary, 'deps');
    const downloads = join(nativeFolder(), 'downloads');
    await rm(temporary, { recursive: true, force: true });
    const wheel = await fetchWheel(downloads);
    say('TensorFlow: unpacking');
    await unpackWheel(wheel, deps);
    // The names that the addon's build links against.
    await symlink('libtensorflow_cc.so.2', join(deps, 'lib', 'libtensorflow.so'));
    await symlink('libtensorflow_framework.so.2', join(deps, 'lib', 'libtensorflow_framework.so'));
    const compiler = await compileAddon(deps, join(temporary, 'tfjs_binding.node'));
    const manifest = { tensorflow: WHEEL.version, wheelSha256: WHEEL.sha256, compiler, builtAt: new Date().toISOString() };
    await writeFile(join(temporary, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
    await rm(folder, { recursive: true, force: true });
    await rename(temporary, folder);
    await rm(downloads, { recursive: true, force: true });
  }
  await linkNative(folder);
  return await smokeTest();
}

/**
 * Tries rung after rung until one passes.
 *
 * @template T
 * @param {readonly (readonly [name: string, climb: () => Promise<T>])[]} rungs
 * @returns {Promise<{ name: string, result: T }>}
 */
export async function climb(rungs) {
  /** @type {string[]} */
  const reasons = [];
  for (const [name, attempt] of rungs) {
    try {
      return { name, result: await attempt() };
    } catch (error) {
      reasons.push(`  ${name}: ${error instanceof Error ? error.message : String(error)}`);
    }
  }
  throw new Error(
    [
      'TensorFlow could not be set up. What was tried:',
      ...reasons,
      'With a connection to the Python package index, Python with pip and a C++ compiler ("apt install python3-pip g++" on Debian and Ubuntu), run this again: it goes on where it stopped.',
    ].join('\n'),
  );
}

/** Sets TensorFlow up by a ladder; every rung is checked by a convolution and its gradient. */
export async function setUpTensorFlow() {
  const marker = await readMarker();
  if (marker !== null) {
    say(`TensorFlow: ${marker.version} on ${marker.device}`);
    return;
  }
  const { name, result } = await climb([
    ['what is installed', useInstalled],
    ["the package's own download", usePackageDownload],
    ["TensorFlow's Python wheel", useWheel],
  ]);
  await writeFile(MARKER, JSON.stringify({ ...result, addon: await stampOf(ADDON) }));
  say(`TensorFlow: ${result.version} on ${result.device} (${name})`);
  if (hasNvidiaDriver() && result.device === 'cpu') {
    say('TensorFlow: there is an NVIDIA card, but it will not be used; "graft doctor" says what is missing');
  }
}
