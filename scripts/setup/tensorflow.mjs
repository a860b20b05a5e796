import { cp, mkdir, readFile, rename, rm, stat, statfs, symlink, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { compileAddon } from './compile.mjs';
import { hasNvidiaDriver, nativeFolder, ROOT, TFJS_PACKAGE } from './places.mjs';
import { lastLine, run } from './run.mjs';
import { megabytes, say } from './say.mjs';
import { fetchWheel, sha256, unpackWheel, WHEEL } from './wheel.mjs';

const ADDON = join(TFJS_PACKAGE, 'lib', 'napi-v8', 'tfjs_binding.node');
const DEPS = join(TFJS_PACKAGE, 'deps');
/** Says that the addon in the package has passed its smoke test. */
const MARKER = join(TFJS_PACKAGE, '.graft-tensorflow.json');
/** A GPU may compile its kernels at first use, which takes minutes. */
const SMOKE_TIMEOUT_MS = 300_000;
const REACH_TIMEOUT_MS = 10_000;
const SMALLEST_LIBRARY_BYTES = 10_000_000;
/** The wheel and what is unpacked from it. */
const WHEEL_NEEDS_BYTES = 1_200_000_000;

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

/** What libtensorflow 2.9.1 is called in the place that the package's installer fetches it from. */
const LIBTENSORFLOW = /** @type {Record<string, string>} */ ({
  'linux-x64-cpu': 'cpu-linux-x86_64-2.9.1.tar.gz',
  'linux-x64-gpu': 'gpu-linux-x86_64-2.9.1.tar.gz',
  'darwin-x64-cpu': 'cpu-darwin-x86_64-2.9.1.tar.gz',
  'win32-x64-cpu': 'cpu-windows-x86_64-2.9.1.zip',
  'win32-x64-gpu': 'gpu-windows-x86_64-2.9.1.zip',
});

/**
 * Where the package's installer would download from (its `scripts/install.js`); for arm64 it has names of its own, so there
 * only the server is known.
 *
 * @param {string} system as in `linux-x64`
 * @param {'cpu' | 'gpu'} kind
 * @param {NodeJS.ProcessEnv} [env]
 */
export function libtensorflowAddress(system, kind, env = process.env) {
  const server = env['TFJS_NODE_CDN_STORAGE'] || 'https://storage.googleapis.com/';
  const file = LIBTENSORFLOW[`${system}-${kind}`];
  if (file === undefined) return server;
  return `${env['TFJS_NODE_BASE_URI'] || `${server}tensorflow/libtensorflow/libtensorflow-`}${file}`;
}

/**
 * The installer looks at no status and would unpack an error page, or wait for minutes.
 *
 * @param {string} address
 * @param {number} [timeoutMs]
 */
export async function checkDownload(address, timeoutMs = REACH_TIMEOUT_MS) {
  const { host, pathname } = new URL(address);
  const response = await fetch(address, { method: 'HEAD', signal: AbortSignal.timeout(timeoutMs) }).catch(() => {
    throw new Error(`${host} cannot be reached from here`);
  });
  if (pathname === '/') return;
  if (!response.ok) throw new Error(`${host} answered ${response.status} for ${pathname}`);
  const bytes = Number(response.headers.get('content-length'));
  if (bytes < SMALLEST_LIBRARY_BYTES)
    throw new Error(`${host} has ${bytes} bytes at ${pathname}, which is no TensorFlow`);
}

/** The package's own installer, where its server can be reached. */
async function usePackageDownload() {
  const kind = hasNvidiaDriver() && process.platform !== 'darwin' ? 'gpu' : 'cpu';
  await checkDownload(libtensorflowAddress(system, kind));
  say(`TensorFlow: the package's own download (${kind})`);
  const { code, output } = await run([process.execPath, join('scripts', 'install.js'), kind, 'download'], {
    cwd: TFJS_PACKAGE,
    // It calls node-pre-gyp by its name, as npm's own calls may.
    env: { PATH: `${join(ROOT, 'node_modules', '.bin')}${delimiter}${process.env['PATH'] ?? ''}` },
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

const system = `${process.platform}-${process.arch}`;
const wheelFolder = () => join(nativeFolder(), `tensorflow-${WHEEL.version}-${system}`);

/** What an earlier set-up has built: npm may have replaced the package since. */
async function useBuilt() {
  if ((await stampOf(join(wheelFolder(), 'manifest.json'))) === null) throw new Error('nothing yet');
  await linkNative(wheelFolder());
  return await smokeTest();
}

/**
 * @param {string} folder
 * @param {number} bytes
 */
async function checkSpace(folder, bytes) {
  const { bavail, bsize } = await statfs(folder);
  if (bavail * bsize < bytes) {
    throw new Error(`expected ${megabytes(bytes)} free in ${folder}, there are ${megabytes(bavail * bsize)}`);
  }
}

/**
 * Takes TensorFlow's libraries out of its Python wheel and builds the addon against them.
 *
 * @param {string} folder takes `deps`, the addon and a manifest, all at once
 */
async function buildFromWheel(folder) {
  const downloads = join(nativeFolder(), 'downloads');
  await mkdir(downloads, { recursive: true });
  await checkSpace(downloads, WHEEL_NEEDS_BYTES);
  const wheel = await fetchWheel(downloads);
  const temporary = `${folder}.tmp`;
  const deps = join(temporary, 'deps');
  const addon = join(temporary, 'tfjs_binding.node');
  await rm(temporary, { recursive: true, force: true });
  say('TensorFlow: unpacking');
  await unpackWheel(wheel, deps);
  // The names that the addon's build links against.
  await symlink('libtensorflow_cc.so.2', join(deps, 'lib', 'libtensorflow.so'));
  await symlink('libtensorflow_framework.so.2', join(deps, 'lib', 'libtensorflow_framework.so'));
  const compiler = await compileAddon(deps, addon);
  const manifest = {
    tensorflowVersion: WHEEL.version,
    obtained: `Python wheel ${WHEEL.package} ${WHEEL.version}`,
    compiler,
    date: new Date().toISOString(),
    sha256: { wheel: WHEEL.sha256, 'tfjs_binding.node': await sha256(addon) },
  };
  await writeFile(join(temporary, 'manifest.json'), `${JSON.stringify(manifest, null, 2)}\n`);
  await rm(folder, { recursive: true, force: true });
  await rename(temporary, folder);
  await rm(downloads, { recursive: true, force: true });
}

/** TensorFlow's Python wheel, and the addon built against it. */
async function useWheel() {
  if (system !== 'linux-x64') throw new Error(`not known to work on ${system}`);
  await buildFromWheel(wheelFolder());
  return await useBuilt();
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
    ['what an earlier set-up has built', useBuilt],
    ["the package's own download", usePackageDownload],
    ["TensorFlow's Python wheel", useWheel],
  ]);
  await writeFile(MARKER, JSON.stringify({ ...result, addon: await stampOf(ADDON) }));
  say(`TensorFlow: ${result.version} on ${result.device} (${name})`);
  if (hasNvidiaDriver() && result.device === 'cpu') {
    say('TensorFlow: there is an NVIDIA card, but it will not be used; "graft doctor" says what is missing');
  }
}
