import { createHash } from 'node:crypto';
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { downloadFile, type DownloadOptions } from '../../../../../src/main/engine/backbones/download.js';
import { GraftError } from '../../../../../src/shared/errors.js';
import { mulberry32 } from '../../../../support/fill.js';
import { type Answer, type FileServer, openFileServer } from '../../../../support/file-server.js';
import { makeFolder, removeFolder } from '../../../../support/images.js';

const random = mulberry32(1);
const FILE = Uint8Array.from({ length: 300_000 }, () => random() * 256);
const SHA256 = createHash('sha256').update(FILE).digest('hex');
const HALF = 150_000;

let folder: string;
let destination: string;
let part: string;
let server: FileServer | null = null;
beforeEach(() => {
  // The servers of these tests are on this machine, whatever proxy it has.
  vi.stubEnv('no_proxy', '*');
  folder = makeFolder('download');
  destination = join(folder, 'weights.pth');
  part = `${destination}.part`;
});
afterEach(async () => {
  await server?.close();
  server = null;
  vi.unstubAllEnvs();
  removeFolder(folder);
});

async function serve(...answers: readonly Answer[]): Promise<FileServer> {
  server = await openFileServer(FILE, answers);
  return server;
}

const fetchFrom = (url: string, options: Partial<DownloadOptions> = {}): Promise<void> =>
  downloadFile(url, destination, { sha256: SHA256, retryMs: 1, ...options });

/** Breaks the connection whenever so many bytes are there. */
const breakAt =
  (...places: readonly number[]) =>
  (done: number): void => {
    if (places.includes(done)) server!.breakConnections();
  };

async function failure(promise: Promise<void>): Promise<GraftError> {
  const outcome: unknown = await promise.catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(GraftError);
  return outcome as GraftError;
}

function expectWhole(): void {
  expect(readFileSync(destination).equals(FILE)).toBe(true);
  expect(existsSync(part)).toBe(false);
  expect(existsSync(`${part}.etag`)).toBe(false);
}

describe('a download', () => {
  it('arrives whole, reports its bytes and leaves nothing else', async () => {
    const { url, seen } = await serve({ kind: 'file' });
    const reports: [number, number | null][] = [];
    await fetchFrom(url, { sha256: SHA256.slice(0, 8), onBytes: (done, total) => reports.push([done, total]) });
    expectWhole();
    expect(seen).toEqual([{ range: null, ifRange: null }]);
    expect(reports.at(-1)).toEqual([FILE.length, FILE.length]);
    expect(reports.every(([done], index) => index === 0 || done > reports[index - 1]![0])).toBe(true);
  });

  it('goes on where the connection broke', async () => {
    const { url, seen } = await serve({ kind: 'stuck', after: HALF }, { kind: 'file' });
    await fetchFrom(url, { onBytes: breakAt(HALF) });
    expectWhole();
    expect(seen).toHaveLength(2);
    expect(seen[1]).toEqual({ range: `bytes=${HALF}-`, ifRange: '"one"' });
  });

  it('begins again when the server has another file by now', async () => {
    const { url, seen } = await serve({ kind: 'stuck', after: HALF }, { kind: 'file', etag: '"two"' });
    await fetchFrom(url, { onBytes: breakAt(HALF) });
    expectWhole();
    expect(seen[1]!.range).toBe(`bytes=${HALF}-`);
  });

  it('begins again when the server knows no ranges', async () => {
    const { url } = await serve({ kind: 'stuck', after: HALF }, { kind: 'whole' });
    await fetchFrom(url, { onBytes: breakAt(HALF) });
    expectWhole();
  });

  it('goes on with what an earlier process left', async () => {
    writeFileSync(part, FILE.subarray(0, HALF));
    writeFileSync(`${part}.etag`, '"one"');
    const { url, seen } = await serve({ kind: 'file' });
    await fetchFrom(url);
    expectWhole();
    expect(seen).toEqual([{ range: `bytes=${HALF}-`, ifRange: '"one"' }]);
  });

  it('does not trust a rest without a tag', async () => {
    writeFileSync(part, new Uint8Array(HALF));
    const { url, seen } = await serve({ kind: 'file' });
    await fetchFrom(url);
    expectWhole();
    expect(seen).toEqual([{ range: null, ifRange: null }]);
  });

  it('begins again when the rest is as long as the file, or longer', async () => {
    writeFileSync(part, new Uint8Array(FILE.length + 5));
    writeFileSync(`${part}.etag`, '"one"');
    const { url } = await serve({ kind: 'file' });
    await fetchFrom(url);
    expectWhole();
  });

  it('is finished when all bytes of it were left', async () => {
    writeFileSync(part, FILE);
    writeFileSync(`${part}.etag`, '"one"');
    const { url, seen } = await serve({ kind: 'file' });
    await fetchFrom(url);
    expectWhole();
    expect(seen).toHaveLength(1);
  });

  it('asks nobody when it is there', async () => {
    writeFileSync(destination, FILE);
    await fetchFrom('http://127.0.0.1:1/none');
    expectWhole();
  });

  it('takes the place of another file', async () => {
    writeFileSync(destination, 'another');
    await fetchFrom((await serve({ kind: 'file' })).url);
    expectWhole();
  });

  it('does not go on by a tag that promises no bytes', async () => {
    const { url, seen } = await serve({ kind: 'stuck', after: HALF, etag: 'W/"one"' }, { kind: 'file' });
    await fetchFrom(url, { onBytes: breakAt(HALF) });
    expectWhole();
    expect(seen[1]).toEqual({ range: null, ifRange: null });
  });

  it('does not append a rest that belongs elsewhere', async () => {
    const { url } = await serve({ kind: 'stuck', after: HALF }, { kind: 'elsewhere' }, { kind: 'file' });
    await fetchFrom(url, { onBytes: breakAt(HALF) });
    expectWhole();
  });

  it('gets over a server that says nothing more', async () => {
    const { url, seen } = await serve({ kind: 'stuck', after: HALF }, { kind: 'file' });
    await fetchFrom(url, { stallMs: 1000 });
    expectWhole();
    expect(seen).toHaveLength(2);
  });

  it('gets over errors of the server', async () => {
    const { url, seen } = await serve(
      { kind: 'status', status: 503 },
      { kind: 'status', status: 429 },
      { kind: 'file' },
    );
    await fetchFrom(url);
    expectWhole();
    expect(seen).toHaveLength(3);
  });
});

describe('a download that fails', () => {
  it('gives up after four attempts, and keeps what has come', async () => {
    const { url, seen } = await serve({ kind: 'stuck', after: 1000 }, { kind: 'stuck', after: 500 });
    const error = await failure(fetchFrom(url, { onBytes: breakAt(1000, 1500, 2000, 2500) }));
    expect(error.code).toBe('download-failed');
    expect(error.message).toContain(url);
    expect(error.message).toContain('gave up after 4 attempts');
    expect(seen.map(({ range }) => range)).toEqual([null, 'bytes=1000-', 'bytes=1500-', 'bytes=2000-']);
    expect(readFileSync(part).equals(FILE.subarray(0, 2500))).toBe(true);
    expect(existsSync(destination)).toBe(false);
  });

  it('does not take fewer bytes than were announced for the file', async () => {
    const { url, seen } = await serve({ kind: 'short', after: 1000 });
    const error = await failure(fetchFrom(url));
    expect(error.code).toBe('download-failed');
    expect(error.message).toMatch(/the connection broke after \d+ bytes/);
    expect(seen).toHaveLength(4);
    expect(existsSync(destination)).toBe(false);
  });

  it('does not ask again for what is not there', async () => {
    const { url, seen } = await serve({ kind: 'status', status: 404 });
    const error = await failure(fetchFrom(url));
    expect(error.code).toBe('download-failed');
    expect(error.message).toContain('404');
    expect(error.message).toContain(url);
    expect(seen).toHaveLength(1);
  });

  it('says which server does not answer', async () => {
    const { url } = await serve({ kind: 'file' });
    await server!.close();
    server = null;
    const error = await failure(fetchFrom(url));
    expect(error.code).toBe('download-failed');
    expect(error.message).toContain(url);
  });

  it('deletes a file with the wrong hash', async () => {
    const { url } = await serve({ kind: 'file' });
    const error = await failure(fetchFrom(url, { sha256: 'deadbeef' }));
    expect(error.code).toBe('checksum-mismatch');
    expect(error.message).toContain('deadbeef');
    expect(error.message).toContain(SHA256);
    for (const file of [part, `${part}.etag`, destination]) expect(existsSync(file), file).toBe(false);
  });
});

describe('a download that is cancelled', () => {
  it('stops at once, keeps what has come and goes on from there', async () => {
    const { url, seen } = await serve({ kind: 'stuck', after: HALF }, { kind: 'file' });
    const controller = new AbortController();
    const error = await failure(
      fetchFrom(url, {
        signal: controller.signal,
        onBytes: (done) => {
          if (done === HALF) controller.abort();
        },
      }),
    );
    expect(error.code).toBe('cancelled');
    expect(readFileSync(part).equals(FILE.subarray(0, HALF))).toBe(true);
    await fetchFrom(url);
    expectWhole();
    expect(seen[1]!.range).toBe(`bytes=${HALF}-`);
  });

  it('does not begin when it is cancelled before', async () => {
    const { url, seen } = await serve({ kind: 'file' });
    const error = await failure(fetchFrom(url, { signal: AbortSignal.abort() }));
    expect(error.code).toBe('cancelled');
    expect(seen).toEqual([]);
  });

  it('stops while it waits for the next attempt', async () => {
    const { url, seen } = await serve({ kind: 'status', status: 500 });
    const controller = new AbortController();
    const outcome = failure(fetchFrom(url, { signal: controller.signal, retryMs: 60_000 }));
    while (seen.length === 0) await new Promise((resolve) => setTimeout(resolve, 5));
    setTimeout(() => controller.abort(), 20);
    expect((await outcome).code).toBe('cancelled');
    expect(seen).toHaveLength(1);
  });
});
