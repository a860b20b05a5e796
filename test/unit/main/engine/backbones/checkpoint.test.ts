import { existsSync, readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { type Checkpoint, readCheckpoint } from '../../../../../src/main/engine/backbones/checkpoint.js';
import { GraftError } from '../../../../../src/shared/errors.js';
import { mulberry32 } from '../../../../support/fill.js';
import { makeFolder, removeFolder } from '../../../../support/images.js';
import { ROOT } from '../../../../support/shared-data.js';

/** Files that PyTorch 2.13 wrote: see make.py there. */
const FOLDER = join(ROOT, 'test', 'fixtures', 'checkpoints');
const fixture = (name: string): string => join(FOLDER, name);
const scratch = makeFolder('checkpoints');
afterAll(() => removeFolder(scratch));

type Expected = Record<string, { shape: number[]; data: number[] }>;
const EXPECTED = Object.entries(JSON.parse(readFileSync(fixture('expected.json'), 'utf8')) as Expected);

/** The error of a file that must be refused. */
async function refusal(file: string): Promise<GraftError> {
  const outcome = await readCheckpoint(file).catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(GraftError);
  return outcome as GraftError;
}

async function refusalOfBytes(bytes: Uint8Array): Promise<GraftError> {
  const file = join(scratch, 'bytes');
  await writeFile(file, bytes);
  return await refusal(file);
}

/** A legacy checkpoint whose first pickle behind the magic number is `body`. */
function legacyBytes(...body: readonly (readonly number[])[]): Uint8Array {
  const magic = [0x80, 2, 0x8a, 10, 0x6c, 0xfc, 0x9c, 0x46, 0xf9, 0x20, 0x6a, 0xa8, 0x50, 0x19, 0x2e];
  return Uint8Array.from([magic, [0x80, 2], ...body].flat());
}

describe('checkpoints that PyTorch wrote', () => {
  it.each([
    ['plain.zip.pth', 'torch-zip'],
    ['no-crc.zip.pth', 'torch-zip'],
    ['plain.legacy.pth', 'torch-legacy'],
    ['plain.safetensors', 'safetensors'],
    ['wrapped.zip.pth', 'torch-zip'],
    ['wrapped.legacy.pth', 'torch-legacy'],
  ])('%s: every type, view and storage', async (name, format) => {
    const checkpoint = await readCheckpoint(fixture(name));
    expect(checkpoint.format).toBe(format);
    expect([...checkpoint.tensors.keys()].sort()).toEqual(EXPECTED.map(([key]) => key).sort());
    for (const [key, { shape, data }] of EXPECTED) {
      const tensor = checkpoint.tensors.get(key)!;
      expect(tensor.shape, key).toEqual(shape);
      expect([...tensor.data], key).toEqual([...Float32Array.from(data)]);
    }
  });

  it.each(['module.zip.pth', 'module.legacy.pth'])('%s: a module with version numbers', async (name) => {
    const expected = JSON.parse(readFileSync(fixture('module.json'), 'utf8')) as Record<string, number[]>;
    const { tensors } = await readCheckpoint(fixture(name));
    expect(Object.fromEntries([...tensors].map(([key, { data }]) => [key, [...data]]))).toEqual(expected);
  });

  it('notices a changed value by the zip’s sum', async () => {
    const bytes = readFileSync(fixture('plain.zip.pth'));
    const value = Float32Array.from(EXPECTED.find(([name]) => name === 'float32')![1].data);
    const place = bytes.indexOf(Buffer.from(value.buffer));
    expect(place).toBeGreaterThan(0);
    bytes[place]! ^= 1;
    const error = await refusalOfBytes(bytes);
    expect(error.code).toBe('weights-unreadable');
    expect(error.message).toMatch(/data\/0: expected the bytes that were saved/);
  });

  it('reads names that JavaScript objects have of their own as plain names', async () => {
    for (const name of ['plain.zip.pth', 'plain.legacy.pth', 'plain.safetensors']) {
      const { tensors } = await readCheckpoint(fixture(name));
      expect(tensors.get('__proto__')!.data[0]).toBe(1);
      expect(tensors.get('constructor')!.data[0]).toBe(2);
    }
    expect(Object.keys(Object.prototype)).toEqual([]);
  });
});

describe('files that want to run code', () => {
  it.each(
    ['zip', 'legacy'].flatMap<[string, RegExp]>((format) => [
      [`evil-system.${format}.pth`, /posix\.system|nt\.system/],
      [`evil-eval.${format}.pth`, /builtin(s|__)\.eval/],
      [`evil-print.${format}.pth`, /builtin(s|__)\.print/],
    ]),
  )('%s is refused by name', async (name, global) => {
    const error = await refusal(fixture(name));
    expect(error.code).toBe('unsafe-file');
    expect(error.message).toContain(name);
    expect(error.message).toMatch(global);
    expect(existsSync('pwned')).toBe(false);
  });
});

describe('damaged files', () => {
  const files = ['plain', 'wrapped', 'module', 'evil-system']
    .flatMap((name) => [`${name}.zip.pth`, `${name}.legacy.pth`])
    .concat('plain.safetensors');

  /** A damaged file is read or refused; nothing else may happen. */
  async function probe(bytes: Uint8Array, what: string): Promise<Checkpoint | GraftError> {
    const file = join(scratch, 'damaged');
    await writeFile(file, bytes);
    const outcome = await readCheckpoint(file).catch((error: unknown) => error);
    if (outcome instanceof Error && !(outcome instanceof GraftError)) throw new Error(what, { cause: outcome });
    return outcome as Checkpoint | GraftError;
  }

  it.each(files)('%s: cut off anywhere, it is refused', async (name) => {
    const bytes = readFileSync(fixture(name));
    const step = Math.max(1, Math.floor(bytes.length / 300));
    for (let length = 0; length < bytes.length; length += step) {
      const outcome = await probe(bytes.subarray(0, length), `${length} bytes`);
      expect(outcome, `${length} bytes`).toBeInstanceOf(GraftError);
    }
  });

  it.each(files)('%s: with some bytes changed, it is read or refused', async (name) => {
    const original = readFileSync(fixture(name));
    const random = mulberry32(original.length);
    const codes = new Set<string>();
    for (let round = 0; round < 500; round++) {
      const bytes = Uint8Array.from(original);
      const changes = 1 + Math.floor(random() * 4);
      const places = Array.from({ length: changes }, () => Math.floor(random() * bytes.length));
      for (const place of places) bytes[place] = Math.floor(random() * 256);
      const outcome = await probe(bytes, `round ${round}: bytes ${places.join(', ')}`);
      codes.add(outcome instanceof GraftError ? outcome.code : 'read');
    }
    for (const code of codes) expect(['read', 'weights-unreadable', 'unsafe-file']).toContain(code);
    expect(codes.size).toBeGreaterThan(1);
  });
});

describe('files made to break a reader', () => {
  const many = (count: number, ...bytes: number[]): number[] => new Array<number[]>(count).fill(bytes).flat();

  it('refuses a missing file, a folder and an empty file', async () => {
    expect((await refusal(join(scratch, 'absent.pth'))).code).toBe('not-found');
    expect((await refusal(scratch)).code).toBe('weights-unreadable');
    expect((await refusalOfBytes(new Uint8Array(0))).code).toBe('weights-unreadable');
  });

  it('refuses a pickle nested a hundred thousand deep where a name is expected', async () => {
    const deep = [0x5d, ...many(100_000, 0x85)];
    expect((await refusalOfBytes(legacyBytes(deep, deep, [0x93]))).code).toBe('weights-unreadable');
    expect((await refusalOfBytes(legacyBytes(deep, [0x51]))).code).toBe('weights-unreadable');
    expect((await refusalOfBytes(legacyBytes(deep, [0x2e]))).code).toBe('weights-unreadable');
  });

  it('refuses a list inside itself as a storage', async () => {
    const circular = [0x5d, 0x71, 0, 0x68, 0, 0x61];
    expect((await refusalOfBytes(legacyBytes(circular, [0x51]))).code).toBe('weights-unreadable');
  });

  it('refuses a number of a megabyte without working on it', async () => {
    const size = 1 << 20;
    const header = [0x8b, size & 255, (size >> 8) & 255, (size >> 16) & 255, size >> 24];
    expect((await refusalOfBytes(legacyBytes(header, many(size, 0x55), [0x2e]))).code).toBe('weights-unreadable');
  });

  it('refuses a tensor that repeats one value until the memory is full', async () => {
    const text = (value: string): number[] => [0x58, value.length, 0, 0, 0, ...new TextEncoder().encode(value)];
    const global = (name: string): number[] => [0x63, ...new TextEncoder().encode(name.replace('|', '\n') + '\n')];
    const storage = [
      0x28,
      text('storage'),
      global('torch|FloatStorage'),
      text('0'),
      text('cpu'),
      0x4b,
      1,
      0x74,
      0x51,
    ].flat();
    const size = [0x4a, 0, 0, 0, 0x20, 0x85];
    const tensor = [
      global('torch._utils|_rebuild_tensor_v2'),
      0x28,
      storage,
      0x4b,
      0,
      size,
      [0x4b, 0, 0x85],
      0x74,
      0x52,
    ];
    const state = [0x7d, text('weight'), tensor.flat(), 0x73, 0x2e].flat();
    const bytes = legacyBytes(
      [0x4d, 0xe9, 3, 0x2e],
      [0x80, 2, 0x7d, 0x2e],
      [0x80, 2, ...state],
      [0x80, 2, 0x5d],
      [...text('0'), 0x61, 0x2e, ...[1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]],
    );
    const error = await refusalOfBytes(bytes);
    expect(error.message).toContain('about as large as their storages');
  });

  it('refuses a safetensors header nested a hundred thousand deep', async () => {
    const json = `{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`;
    const bytes = new Uint8Array(8 + json.length);
    new DataView(bytes.buffer).setBigUint64(0, BigInt(json.length), true);
    bytes.set(new TextEncoder().encode(json), 8);
    const error = await refusalOfBytes(bytes);
    expect(error.code).toBe('weights-unreadable');
    expect(error.message.length).toBeLessThan(1000);
  });
});
