import { createHash } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { ZipFile } from 'yazl';
import { cudaTarget, fetchWheel, tensorflowTarget, unpackWheel } from './load-scripts.js';

const NO_PYTHON = [['no-such-python']];
const content = Buffer.from(Array.from({ length: 50_000 }, (_, index) => (index * 31) % 251));
const digest = (bytes: Buffer): string => createHash('sha256').update(bytes).digest('hex');
const wheel = {
  package: 'tensorflow-test',
  version: '2.21.0',
  platform: 'any',
  sha256: digest(content),
  bytes: content.length,
  unpackedBytes: 0,
};

let folder: string;
let server: Server;
let index: string;
/** What was asked for, and what the server answers with. */
let asked: { url: string; accept: string | undefined; range: string | undefined }[] = [];
let served = content;
let listed = wheel.sha256;
let keepsRanges = true;
let status = 200;

const answerWith = (request: IncomingMessage): { status: number; body: Buffer | string } => {
  if (request.url === '/simple/tensorflow-test/') {
    const files = [
      { url: '/files/other.whl', hashes: { sha256: 'f'.repeat(64) } },
      { url: '../../files/test.whl', hashes: { sha256: listed } },
    ];
    return { status, body: JSON.stringify({ files }) };
  }
  if (request.url !== '/files/test.whl') return { status: 404, body: '' };
  const start = Number(/^bytes=(\d+)-$/.exec(request.headers.range ?? '')?.[1] ?? 0);
  return keepsRanges && start > 0 ? { status: 206, body: served.subarray(start) } : { status: 200, body: served };
};

beforeAll(async () => {
  server = createServer((request, response) => {
    asked.push({ url: request.url ?? '', accept: request.headers.accept, range: request.headers.range });
    const answer = answerWith(request);
    response.writeHead(answer.status).end(answer.body);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  index = `http://127.0.0.1:${(server.address() as AddressInfo).port}/simple`;
});
afterAll(() => {
  server.closeAllConnections();
  server.close();
});
beforeEach(async () => {
  [asked, served, listed, keepsRanges, status] = [[], content, wheel.sha256, true, 200];
  folder = await mkdtemp(join(tmpdir(), 'graft-wheel-'));
  return () => rm(folder, { recursive: true, force: true });
});

const fetchHere = (pythons = NO_PYTHON): Promise<string> => fetchWheel(folder, { wheel, index, pythons });

describe('fetchWheel without pip', () => {
  it('takes the file with the known hash from the index', async () => {
    const file = await fetchHere();
    expect(digest(await readFile(file))).toBe(wheel.sha256);
    expect(asked.map(({ url }) => url)).toEqual(['/simple/tensorflow-test/', '/files/test.whl']);
    expect(asked[0]?.accept).toBe('application/vnd.pypi.simple.v1+json');
  });

  it('goes on where an earlier try stopped', async () => {
    await writeFile(join(folder, 'wheel.part'), content.subarray(0, 20_000));
    const file = await fetchHere();
    expect(asked[1]?.range).toBe('bytes=20000-');
    expect(digest(await readFile(file))).toBe(wheel.sha256);
  });

  it('starts over where the server cannot go on', async () => {
    keepsRanges = false;
    await writeFile(join(folder, 'wheel.part'), content.subarray(0, 20_000));
    expect(digest(await readFile(await fetchHere()))).toBe(wheel.sha256);
  });

  it('fetches nothing when the whole part is there', async () => {
    await writeFile(join(folder, 'wheel.part'), content);
    expect(digest(await readFile(await fetchHere()))).toBe(wheel.sha256);
    expect(asked.map(({ url }) => url)).toEqual(['/simple/tensorflow-test/']);
  });

  it('uses a wheel that is there, and replaces a damaged one', async () => {
    await writeFile(join(folder, 'a.whl'), content);
    await expect(fetchHere()).resolves.toBe(join(folder, 'a.whl'));
    expect(asked).toEqual([]);
    await writeFile(join(folder, 'a.whl'), 'damaged');
    expect(digest(await readFile(await fetchHere()))).toBe(wheel.sha256);
    expect(await readdir(folder)).not.toContain('a.whl');
  });

  it('deletes what has another hash', async () => {
    served = Buffer.alloc(wheel.bytes, 7);
    await expect(fetchHere()).rejects.toThrow(
      `expected a wheel with sha256 ${wheel.sha256}, received ${digest(served)}`,
    );
    expect((await readdir(folder)).filter((name) => name.endsWith('.whl') || name.endsWith('.part'))).toEqual([]);
  });

  it('says why, for pip and for the index', async () => {
    listed = '0'.repeat(64);
    await expect(fetchHere()).rejects.toThrow(
      `pip: no-such-python: not found; without pip: the index has no tensorflow-test with sha256 ${wheel.sha256}`,
    );
    status = 503;
    await expect(fetchHere()).rejects.toThrow(/without pip: the index answered 503 at http/);
    await expect(fetchWheel(folder, { wheel, index: 'http://127.0.0.1:1/simple', pythons: NO_PYTHON })).rejects.toThrow(
      /without pip: 127\.0\.0\.1:1 cannot be reached/,
    );
  });
});

describe.skipIf(process.platform === 'win32')('fetchWheel with pip', () => {
  /** A stand-in for `python3 -m pip download … -d FOLDER NAME==VERSION`. */
  async function fakePython(script: string): Promise<string[]> {
    const file = join(folder, 'fake-python');
    await writeFile(file, `#!/bin/sh\nprintf '%s\\n' "$@" > '${folder}/arguments'\n${script}\n`);
    await chmod(file, 0o755);
    return [file];
  }

  it('takes what pip brings, and asks nobody else', async () => {
    await writeFile(join(folder, 'content'), content);
    const python = await fakePython(`cp '${folder}/content' '${folder}/tensorflow_test-2.21.0.whl'`);
    await expect(fetchHere([['no-such-python'], python])).resolves.toBe(join(folder, 'tensorflow_test-2.21.0.whl'));
    expect(asked).toEqual([]);
    const given = (await readFile(join(folder, 'arguments'), 'utf8')).trim().split('\n');
    expect(given.slice(0, 4)).toEqual(['-m', 'pip', 'download', '--no-deps']);
    expect(given.slice(-3)).toEqual(['-d', folder, 'tensorflow-test==2.21.0']);
  });

  it('goes to the index when pip fails', async () => {
    const python = await fakePython('echo "ERROR: no network" >&2; exit 1');
    expect(digest(await readFile(await fetchHere([python])))).toBe(wheel.sha256);
    status = 500;
    await rm(join(folder, 'tensorflow.whl'));
    await expect(fetchHere([python])).rejects.toThrow(/fake-python: ERROR: no network; without pip: .*500/);
  });
});

describe('unpackWheel', () => {
  it('takes the two libraries and the headers of the C interface, nothing else', async () => {
    const wanted = [
      'tensorflow/libtensorflow_cc.so.2',
      'tensorflow/libtensorflow_framework.so.2',
      'tensorflow/include/tensorflow/c/c_api.h',
      'tensorflow/include/tensorflow/c/eager/c_api.h',
      'tensorflow/include/tsl/platform/status.h',
    ];
    const others = [
      'tensorflow/python/libtensorflow_cc.so.2',
      'tensorflow/include/external/eigen/Eigen/Core.h',
      'tensorflow/include/tensorflow/c/c_api.proto',
      'tensorflow/__init__.py',
    ];
    const zip = new ZipFile();
    for (const name of [...others, ...wanted]) zip.addBuffer(Buffer.from(name), name);
    zip.end();
    const file = join(folder, 'test.whl');
    await pipeline(zip.outputStream, createWriteStream(file));
    const deps = join(folder, 'deps');
    await mkdir(deps);
    await unpackWheel(file, deps, tensorflowTarget);
    const entries = await readdir(deps, { recursive: true, withFileTypes: true });
    const found = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    expect(found.sort()).toEqual(
      [
        join(deps, 'include', 'tensorflow', 'c', 'c_api.h'),
        join(deps, 'include', 'tensorflow', 'c', 'eager', 'c_api.h'),
        join(deps, 'include', 'tsl', 'platform', 'status.h'),
        join(deps, 'lib', 'libtensorflow_cc.so.2'),
        join(deps, 'lib', 'libtensorflow_framework.so.2'),
      ].sort(),
    );
    expect(await readFile(join(deps, 'lib', 'libtensorflow_cc.so.2'), 'utf8')).toBe('tensorflow/libtensorflow_cc.so.2');
  });

  it.skipIf(process.platform === 'win32')('takes CUDA’s libraries and programs, which can be run', async () => {
    const zip = new ZipFile();
    for (const [name, mode] of [
      ['nvidia/cudnn/lib/libcudnn.so.9', 0o100644],
      ['nvidia/cuda_nvcc/bin/ptxas', 0o100755],
      ['nvidia/cuda_nvcc/nvvm/libdevice/libdevice.10.bc', 0o100644],
      ['nvidia/cudnn/include/cudnn.h', 0o100644],
      ['nvidia/cudnn/lib/__init__.py', 0o100644],
      ['nvidia_cudnn_cu12-9.10.2.21.dist-info/METADATA', 0o100644],
    ] as const)
      zip.addBuffer(Buffer.from(name), name, { mode });
    zip.end();
    const file = join(folder, 'test.whl');
    await pipeline(zip.outputStream, createWriteStream(file));
    await unpackWheel(file, join(folder, 'deps'), cudaTarget);
    const entries = await readdir(join(folder, 'deps'), { recursive: true, withFileTypes: true });
    expect(entries.filter((entry) => entry.isFile()).map(({ name }) => name)).toEqual(
      expect.arrayContaining(['libcudnn.so.9', 'ptxas', 'libdevice.10.bc']),
    );
    expect(entries.filter((entry) => entry.isFile())).toHaveLength(3);
    const { mode } = await stat(join(folder, 'deps', 'nvidia', 'cuda_nvcc', 'bin', 'ptxas'));
    expect(mode & 0o111).toBe(0o111);
  });

  it('fails on what is no wheel', async () => {
    await writeFile(join(folder, 'test.whl'), 'not a zip');
    await expect(unpackWheel(join(folder, 'test.whl'), folder, tensorflowTarget)).rejects.toThrow();
  });
});
