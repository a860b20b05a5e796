import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { mkdir, readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { json } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import * as v from 'valibot';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { GraftError, messageOf, throwIfAborted } from '../../../shared/errors.js';
import { explainWriteError, sha256OfFile } from '../files.js';
import { type ByteListener, downloadFile } from './download.js';
import { httpGet } from './http-get.js';

/** A wheel that is wanted. */
export interface WheelRequest {
  readonly package: string;
  readonly version: string;
  readonly sha256: string;
}

interface FetchOptions {
  readonly signal?: AbortSignal | undefined;
  readonly onBytes?: ByteListener | undefined;
}

const PYTHONS: readonly (readonly string[])[] =
  process.platform === 'win32' ? [['py', '-3'], ['python']] : [['python3'], ['python']];
// No source archive is accepted: to look at one, pip would run its set-up script.
const PIP_DOWNLOAD = (
  '-m pip download --no-deps --only-binary=:all: ' + '--no-cache-dir --no-input --disable-pip-version-check --quiet'
).split(' ');
const PROGRESS_MS = 250;

/** Runs a command; resolves to its exit code and the end of what it said, or null when there is no such command. */
async function runCommand(
  command: readonly string[],
  options: { readonly signal?: AbortSignal | undefined; readonly env: NodeJS.ProcessEnv },
): Promise<{ code: number; said: string } | null> {
  const { signal, env } = options;
  return await new Promise((resolve) => {
    const child = spawn(command[0]!, command.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      windowsHide: true,
      env: { ...process.env, ...env },
      ...(signal ? { signal } : {}),
    });
    let said = '';
    const listen = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-2000);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    // One that was started and cancelled still writes for a moment: its end is waited for.
    child.on('error', () => {
      if (child.pid === undefined) resolve(null);
    });
    child.on('close', (code) => resolve({ code: code ?? 1, said: said.trim() }));
  });
}

async function bytesBelow(folder: string): Promise<number> {
  const names = await readdir(folder, { recursive: true }).catch(() => []);
  const sizes = await Promise.all(
    names.map((name) =>
      stat(join(folder, name)).then(
        (info) => (info.isFile() ? info.size : 0),
        () => 0,
      ),
    ),
  );
  return sizes.reduce((sum, size) => sum + size, 0);
}

async function findWheel(folder: string): Promise<string | null> {
  const name = (await readdir(folder)).find((candidate) => candidate.endsWith('.whl'));
  return name === undefined ? null : join(folder, name);
}

/** pip knows the machine's index, proxy and certificates, so it goes first. */
async function downloadByPip(request: WheelRequest, folder: string, options: FetchOptions): Promise<string> {
  const { signal, onBytes } = options;
  // pip's file grows in the system's temporary folder; here its size can be watched, and nothing is left behind.
  const temporary = join(folder, 'pip');
  const reasons: string[] = [];
  for (const python of PYTHONS) {
    await mkdir(temporary, { recursive: true });
    const poll = setInterval(() => {
      void bytesBelow(temporary).then((done) => {
        if (done > 0) onBytes?.(done, null);
      });
    }, PROGRESS_MS);
    const command = [...python, ...PIP_DOWNLOAD, '-d', folder, `${request.package}==${request.version}`];
    const env = { TMPDIR: temporary, TEMP: temporary, TMP: temporary };
    const result = await runCommand(command, { signal, env }).finally(() => clearInterval(poll));
    await rm(temporary, { recursive: true, force: true });
    throwIfAborted(signal);
    const wheel = await findWheel(folder);
    if (result?.code === 0 && wheel !== null) return wheel;
    reasons.push(`${python.join(' ')}: ${result === null ? 'not found' : result.said.split('\n').at(-1) || 'failed'}`);
  }
  throw new GraftError('download-failed', `pip could not fetch ${request.package}: ${reasons.join('; ')}`);
}

/** The public index, for machines without pip. */
const PUBLIC_INDEX = 'https://pypi.org';
const INDEX_TIMEOUT_MS = 30_000;

const releaseSchema = v.object({
  urls: v.array(v.object({ url: v.string(), digests: v.object({ sha256: v.string() }) })),
});

async function downloadByHttps(
  request: WheelRequest,
  folder: string,
  options: FetchOptions,
  index: string,
): Promise<string> {
  const { signal } = options;
  const address = `${index}/pypi/${request.package}/${request.version}/json`;
  const either = AbortSignal.any([AbortSignal.timeout(INDEX_TIMEOUT_MS), ...(signal ? [signal] : [])]);
  let release: v.InferOutput<typeof releaseSchema>;
  try {
    const response = await httpGet(address, { accept: 'application/json', 'user-agent': 'graft' }, either);
    if (response.statusCode !== 200) {
      response.destroy();
      throw new Error(`the index answered ${response.statusCode}`);
    }
    release = v.parse(releaseSchema, await json(response));
  } catch (cause) {
    throwIfAborted(signal);
    throw new GraftError('download-failed', `expected a list of files at ${address}: ${messageOf(cause)}`, { cause });
  }
  const file = release.urls.find(({ digests }) => digests.sha256 === request.sha256);
  if (file === undefined) {
    throw new GraftError(
      'download-failed',
      `expected a wheel of ${request.package} with sha256 ${request.sha256} at ${address}, which lists ${release.urls.length} others`,
    );
  }
  const wheel = join(folder, `${request.package}-${request.version}.whl`);
  await downloadFile(file.url, wheel, { ...options, sha256: request.sha256 });
  return wheel;
}

/**
 * Fetches a wheel by pip where there is one, else straight from the public index, and checks its hash. One that an earlier
 * try has left in the folder is used or continued.
 *
 * @param folder a folder for it alone; it is made
 * @param index the public index unless a test names another
 * @returns the wheel's path
 * @throws GraftError `download-failed`; `checksum-mismatch`, and the wheel is deleted; `disk-full`; `cancelled`
 */
export async function downloadWheel(
  request: WheelRequest,
  folder: string,
  options: FetchOptions & { readonly index?: string } = {},
): Promise<string> {
  const { index = PUBLIC_INDEX, ...fetchOptions } = options;
  await mkdir(folder, { recursive: true });
  const left = await findWheel(folder);
  if (left !== null) {
    if ((await sha256OfFile(left)) === request.sha256) return left;
    await rm(left);
  }
  let wheel: string;
  try {
    wheel = await downloadByPip(request, folder, fetchOptions);
  } catch (pipError) {
    if (!(pipError instanceof GraftError) || pipError.code !== 'download-failed') throw pipError;
    wheel = await downloadByHttps(request, folder, fetchOptions, index).catch((error: unknown) => {
      if (!(error instanceof GraftError) || error.code !== 'download-failed') throw error;
      throw new GraftError('download-failed', `${pipError.message}; without pip: ${error.message}`, { cause: error });
    });
  }
  const received = await sha256OfFile(wheel);
  if (received !== request.sha256) {
    await rm(wheel);
    throw new GraftError(
      'checksum-mismatch',
      `expected ${request.package} ${request.version} with sha256 ${request.sha256}, received ${received}: it was deleted; try again, or report this`,
    );
  }
  return wheel;
}

const openZip = promisify<string, yauzl.Options, ZipFile>(yauzl.open);

/**
 * Unpacks the one file of a wheel whose path ends in `suffix`.
 *
 * @throws GraftError `weights-unreadable` when there is none, `disk-full`
 */
export async function extractFromWheel(wheel: string, suffix: string, destination: string): Promise<void> {
  const zip = await openZip(wheel, { lazyEntries: true, autoClose: false });
  try {
    const entry = await new Promise<Entry | null>((resolve, reject) => {
      zip.on('entry', (candidate: Entry) => {
        if (candidate.fileName.endsWith(suffix)) resolve(candidate);
        else zip.readEntry();
      });
      zip.on('end', () => resolve(null));
      zip.on('error', reject);
      zip.readEntry();
    });
    if (entry === null) throw new GraftError('weights-unreadable', `expected a file …${suffix} inside ${wheel}`);
    const stream = await promisify<Entry, NodeJS.ReadableStream>(zip.openReadStream.bind(zip))(entry);
    await pipeline(stream, createWriteStream(destination)).catch((error: unknown) => {
      throw explainWriteError(error, destination);
    });
  } finally {
    zip.close();
  }
}
