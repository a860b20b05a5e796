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

/**
 * @typedef {object} Wheel
 * @property {string} package
 * @property {string} version
 * @property {string} platform pip's tag
 * @property {string} sha256
 * @property {number} bytes
 * @property {number} unpackedBytes of what is taken out of it
 */

/**
 * TensorFlow's C libraries come out of this Python wheel; its interpreter tags do not matter for that.
 *
 * @type {Wheel}
 */
export const CPU_WHEEL = {
  package: 'tensorflow-cpu',
  version: '2.21.0',
  platform: 'manylinux_2_27_x86_64',
  sha256: '2b847d217b02ee7731ed91431daf3250daa0196c3c94614d23be27232e6e5b6c',
  bytes: 273_829_956,
  unpackedBytes: 800_000_000,
};

/** For machines without pip: the index that pip would be told of, else the public one. */
const INDEX = process.env['PIP_INDEX_URL'] || 'https://pypi.org/simple';
/** A connection that stays silent for so long is taken for dead. */
const SILENCE_MS = 60_000;

/**
 * A file's SHA-256 in hexadecimal digits.
 *
 * @param {string} file
 */
export async function sha256(file) {
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
  for (const name of await readdir(folder, { recursive: true }).catch(() => []))
    bytes += await sizeOf(join(folder, name));
  return bytes;
}

/**
 * pip knows the machine's index, proxy and certificates, so it goes first.
 *
 * @param {string} folder
 * @param {Wheel} wheel
 * @param {readonly (readonly string[])[]} pythons
 */
async function fetchByPip(folder, wheel, pythons) {
  /** @type {string[]} */
  const reasons = [];
  const temporary = join(folder, 'tmp');
  // An interrupted pip leaves its part behind, which it cannot continue.
  await rm(temporary, { recursive: true, force: true });
  await mkdir(temporary, { recursive: true });
  const progress = startProgress(`${wheel.package} ${wheel.version}`, wheel.bytes);
  for (const python of pythons) {
    const { code, output } = await run(
      [
        ...[
          ...python,
          '-m',
          'pip',
          'download',
          '--no-deps',
          '--quiet',
          '--disable-pip-version-check',
          '--no-cache-dir',
        ],
        ...['--only-binary=:all:', '--implementation', 'cp', '--python-version', '3.11', '--abi', 'cp311'],
        ...['--platform', wheel.platform, '-d', folder, `${wheel.package}==${wheel.version}`],
      ],
      { env: { TMPDIR: temporary }, onTick: () => void bytesBelow(folder).then(progress.update) },
    );
    const file = (await readdir(folder)).find((name) => name.endsWith('.whl'));
    if (code === 0 && file !== undefined) {
      progress.end();
      return join(folder, file);
    }
    reasons.push(`${python.join(' ')}: ${code === 127 ? 'not found' : lastLine(output)}`);
  }
  progress.end();
  throw new Error(reasons.join('; '));
}

/**
 * Fetches with a limit on every silence, not on the whole: slow connections take their time.
 *
 * @param {string | URL} url
 * @param {Record<string, string>} headers
 */
async function fetchPatiently(url, headers) {
  const silence = new AbortController();
  const timer = setTimeout(() => silence.abort(new Error(`no answer for ${SILENCE_MS / 1000} s`)), SILENCE_MS);
  const response = await fetch(url, { headers, signal: silence.signal }).catch((/** @type {Error} */ error) => {
    clearTimeout(timer);
    const { cause } = error;
    throw new Error(
      `${new URL(url).host} cannot be reached (${cause instanceof Error ? cause.message : error.message})`,
    );
  });
  return { response, refresh: () => timer.refresh(), stop: () => clearTimeout(timer) };
}

/**
 * The wheel's address by the index's JSON form (PEP 691), which mirrors have as well.
 *
 * @param {string} index
 * @param {Wheel} wheel
 */
async function findWheel(index, wheel) {
  const page = new URL(`${index.replace(/\/+$/, '')}/${wheel.package}/`);
  const { response, stop } = await fetchPatiently(page, { accept: 'application/vnd.pypi.simple.v1+json' });
  try {
    if (!response.ok) throw new Error(`the index answered ${response.status} at ${page}`);
    const { files } = /** @type {{ files: { url: string, hashes: { sha256?: string } }[] }} */ (await response.json());
    const file = files.find(({ hashes }) => hashes.sha256 === wheel.sha256);
    if (file === undefined) throw new Error(`the index has no ${wheel.package} with sha256 ${wheel.sha256}`);
    return new URL(file.url, page);
  } finally {
    stop();
  }
}

/**
 * Straight from the index; continues a part that an earlier try has left.
 *
 * @param {string} folder
 * @param {string} index
 * @param {Wheel} wheel
 */
async function fetchByHttps(folder, index, wheel) {
  const url = await findWheel(index, wheel);
  const part = join(folder, 'wheel.part');
  const have = await sizeOf(part);
  if (have < wheel.bytes) {
    const { response, refresh, stop } = await fetchPatiently(url, have > 0 ? { range: `bytes=${have}-` } : {});
    const progress = startProgress(`${wheel.package} ${wheel.version}`, wheel.bytes);
    try {
      if (!response.ok || response.body === null) throw new Error(`the index answered ${response.status} for ${url}`);
      let done = response.status === 206 ? have : 0;
      await pipeline(
        Readable.fromWeb(/** @type {never} */ (response.body)),
        async function* (/** @type {AsyncIterable<Buffer>} */ chunks) {
          for await (const chunk of chunks) {
            refresh();
            progress.update((done += chunk.length));
            yield chunk;
          }
        },
        createWriteStream(part, { flags: response.status === 206 ? 'a' : 'w' }),
      );
    } finally {
      stop();
      progress.end();
    }
  }
  const file = join(folder, 'tensorflow.whl');
  await rename(part, file);
  return file;
}

/**
 * Fetches the wheel into a folder, checked against its hash; one that is there already is used.
 *
 * @param {string} folder
 * @param {{ wheel?: Wheel, index?: string, pythons?: readonly (readonly string[])[] }} [options]
 * @returns {Promise<string>} its path
 */
export async function fetchWheel(folder, { wheel = CPU_WHEEL, index = INDEX, pythons = PYTHONS } = {}) {
  await mkdir(folder, { recursive: true });
  for (const name of (await readdir(folder)).filter((entry) => entry.endsWith('.whl'))) {
    const existing = join(folder, name);
    if ((await sha256(existing)) === wheel.sha256) return existing;
    // pip would take a damaged file of the same name for the right one.
    await rm(existing);
  }
  say(`TensorFlow: downloading ${wheel.package} ${wheel.version} (${megabytes(wheel.bytes)})`);
  const file = await fetchByPip(folder, wheel, pythons).catch(async (/** @type {Error} */ pipError) => {
    try {
      return await fetchByHttps(folder, index, wheel);
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      throw new Error(`pip: ${pipError.message}; without pip: ${reason}`, { cause: error });
    }
  });
  const received = await sha256(file);
  if (received !== wheel.sha256) {
    await rm(file);
    throw new Error(`expected a wheel with sha256 ${wheel.sha256}, received ${received}: it was deleted`);
  }
  return file;
}

/** Of the wheel's 300 MB of headers, the C interface and what it includes. */
const HEADERS =
  /^tensorflow\/include\/(tensorflow\/c\/|tensorflow\/core\/platform\/|tsl\/platform\/|xla\/tsl\/c\/).*\.h$/;
const LIBRARIES = /^tensorflow\/(libtensorflow_cc|libtensorflow_framework)\.so\.2$/;

/**
 * Where a file of TensorFlow's wheel belongs below `deps`, as tfjs-node's build expects it: `include/…` and `lib/…`; null for
 * one that is not needed.
 *
 * @param {string} name path in the wheel
 */
export function tensorflowTarget(name) {
  const inside = name.slice('tensorflow/'.length);
  if (HEADERS.test(name)) return inside;
  return LIBRARIES.test(name) ? join('lib', inside) : null;
}

/**
 * Unpacks a wheel's files that have a place.
 *
 * @param {string} wheel
 * @param {string} deps
 * @param {(name: string) => string | null} targetOf place below `deps` of a path in the wheel
 */
export async function unpackWheel(wheel, deps, targetOf) {
  // Only now, since packages are installed by an earlier step.
  /** @type {typeof import('yauzl')} */
  const yauzl = createRequire(import.meta.url)('yauzl');
  await new Promise((resolve, reject) => {
    yauzl.open(wheel, { lazyEntries: true }, (openError, zip) => {
      if (openError) return reject(openError);
      zip.on('error', reject);
      zip.on('end', () => resolve(undefined));
      zip.on('entry', (/** @type {import('yauzl').Entry} */ entry) => {
        const place = targetOf(entry.fileName);
        if (place === null) return zip.readEntry();
        const target = join(deps, place);
        // Unix permissions, in a zip's upper half; programs are among the files.
        const mode = ((entry.externalFileAttributes >>> 16) & 0o777) | 0o644;
        zip.openReadStream(entry, (streamError, stream) => {
          if (streamError) return reject(streamError);
          mkdir(dirname(target), { recursive: true })
            .then(() => pipeline(stream, createWriteStream(target, { mode })))
            .then(() => zip.readEntry(), reject);
        });
      });
      zip.readEntry();
    });
  });
}
