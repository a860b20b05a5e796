import { cp, readFile, writeFile } from 'node:fs/promises';
import { delimiter, dirname, join } from 'node:path';
import { ADDON, DEPS, ROOT, SYSTEM, TFJS_PACKAGE } from './places.mjs';
import { lastLine, run } from './run.mjs';
import { say } from './say.mjs';

const REACH_TIMEOUT_MS = 10_000;
const SMALLEST_LIBRARY_BYTES = 10_000_000;

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

/** Says which download lies in the package. */
const KIND_FILE = join(DEPS, 'graft-kind');

/** The download that lies in the package: `cpu` or `gpu`; null where there is none of ours. */
export const installedKind = () => readFile(KIND_FILE, 'utf8').catch(() => null);

/**
 * Runs the package's own installer, where its server can be reached. It leaves library and addon in the package.
 *
 * @param {'cpu' | 'gpu'} kind
 */
export async function installByPackage(kind) {
  await checkDownload(libtensorflowAddress(SYSTEM, kind));
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
  await writeFile(KIND_FILE, kind);
}
