import { createHash } from 'node:crypto';
import { existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { readCheckpoint } from '../../../../../src/main/engine/backbones/checkpoint.js';
import { downloadBackbone } from '../../../../../src/main/engine/backbones/download-backbone.js';
import { backboneInfo } from '../../../../../src/main/engine/backbones/info.js';
import { getBackbone } from '../../../../../src/main/engine/backbones/registry.js';
import { readSafetensorsMetadata } from '../../../../../src/main/engine/backbones/safetensors.js';
import { importBackbone, openBackboneWeights, storedFile } from '../../../../../src/main/engine/backbones/store.js';
import { testTiny } from '../../../../../src/main/engine/backbones/test-tiny.js';
import type { BackboneDefinition } from '../../../../../src/main/engine/backbones/types.js';
import type { WeightMap } from '../../../../../src/main/engine/graph/types.js';
import { backbonesFolder } from '../../../../../src/main/engine/paths.js';
import { GraftError } from '../../../../../src/shared/errors.js';
import { type FileServer, openFileServer } from '../../../../support/file-server.js';
import { makeFolder, putFile, removeFolder } from '../../../../support/images.js';
import { formulaWeights } from '../../../../support/networks.js';
import { CHECKPOINT_FORMATS, type CheckpointFormat, encodeCheckpoint } from '../../../../support/torch-writer.js';

const weights = formulaWeights(testTiny.build());
const FORMATS = Object.keys(CHECKPOINT_FORMATS) as CheckpointFormat[];
const fromStore = { weightsFile: null };

let scratch: string;
beforeEach(() => {
  scratch = makeFolder('store');
  vi.stubEnv('GRAFT_HOME', join(scratch, 'home'));
  // The servers of these tests are on this machine, whatever proxy it has.
  vi.stubEnv('no_proxy', '*');
});
afterEach(() => {
  vi.unstubAllEnvs();
  removeFolder(scratch);
});

async function writeCheckpoint(values: WeightMap, format: CheckpointFormat = 'torch-zip'): Promise<string> {
  const file = join(scratch, `given.${CHECKPOINT_FORMATS[format]}`);
  writeFileSync(file, await encodeCheckpoint(values, format));
  return file;
}

async function failure(promise: Promise<unknown>): Promise<GraftError> {
  const outcome = await promise.catch((error: unknown) => error);
  expect(outcome).toBeInstanceOf(GraftError);
  return outcome as GraftError;
}

const listing = (): string[] => readdirSync(backbonesFolder()).sort();

describe('the store', () => {
  it('says how to get weights that are not there', async () => {
    expect(await storedFile(testTiny.id)).toBeNull();
    const error = await failure(openBackboneWeights(testTiny, fromStore));
    expect(error.code).toBe('weights-missing');
    expect(error.message).toContain('graft backbones download test_tiny');
    expect(error.message).toContain('graft backbones import test_tiny FILE');
    expect(error.details).toEqual({ id: 'test_tiny' });
    expect((await backboneInfo(testTiny)).file).toBeNull();
  });

  it.each(FORMATS)('keeps a %s checkpoint as safetensors, with a record', async (format) => {
    const file = await writeCheckpoint(weights, format);
    const stored = await importBackbone(testTiny, file);
    expect(stored).toBe(join(scratch, 'home', 'backbones', 'test_tiny.safetensors'));
    expect(listing()).toEqual(['test_tiny.json', 'test_tiny.safetensors']);
    expect(await storedFile(testTiny.id)).toBe(stored);
    expect((await backboneInfo(testTiny)).file).toBe(stored);
    expect((await readCheckpoint(stored)).format).toBe('safetensors');
    expect(await openBackboneWeights(testTiny, fromStore)).toEqual(weights);
    const record = JSON.parse(readFileSync(join(backbonesFolder(), 'test_tiny.json'), 'utf8')) as object;
    const sha256 = createHash('sha256').update(readFileSync(stored)).digest('hex');
    expect(record).toMatchObject({ sha256, source: file });
    const sourceSha256 = createHash('sha256').update(readFileSync(file)).digest('hex');
    expect(readSafetensorsMetadata(readFileSync(stored))).toMatchObject({ format: 'pt', source: file, sourceSha256 });
  });

  it('refuses weights that have changed since', async () => {
    const stored = await importBackbone(testTiny, await writeCheckpoint(weights));
    const bytes = readFileSync(stored);
    bytes[bytes.length - 1]! ^= 1;
    writeFileSync(stored, bytes);
    const error = await failure(openBackboneWeights(testTiny, fromStore));
    expect(error.code).toBe('checksum-mismatch');
    expect(error.message).toContain(stored);
    expect(error.message).toContain('graft backbones download test_tiny');
  });

  it.each(['', '{', '{"sha256": 3}', 'null'])('refuses weights whose record is damaged: %s', async (text) => {
    await importBackbone(testTiny, await writeCheckpoint(weights));
    writeFileSync(join(backbonesFolder(), 'test_tiny.json'), text);
    expect((await failure(openBackboneWeights(testTiny, fromStore))).code).toBe('checksum-mismatch');
  });

  it('takes weights that were put there by hand, without a record', async () => {
    mkdirSync(backbonesFolder(), { recursive: true });
    const bytes = await encodeCheckpoint(weights, 'safetensors');
    writeFileSync(join(backbonesFolder(), 'test_tiny.safetensors'), bytes);
    expect(await openBackboneWeights(testTiny, fromStore)).toEqual(weights);
  });

  it('is not changed by weights that do not fit', async () => {
    await importBackbone(testTiny, await writeCheckpoint(weights));
    const fewer = new Map(weights);
    fewer.delete('stem.conv.weight');
    const error = await failure(importBackbone(testTiny, await writeCheckpoint(fewer)));
    expect(error.code).toBe('weights-mismatch');
    expect(error.message).toContain('stem.conv.weight');
    expect(await openBackboneWeights(testTiny, fromStore)).toEqual(weights);
    expect(listing()).toEqual(['test_tiny.json', 'test_tiny.safetensors']);
  });

  it('gives way to newer weights', async () => {
    await importBackbone(testTiny, await writeCheckpoint(weights));
    const other = new Map(weights);
    other.set('classifier.bias', { shape: [10], data: new Float32Array(10).fill(2) });
    await importBackbone(testTiny, await writeCheckpoint(other));
    expect(await openBackboneWeights(testTiny, fromStore)).toEqual(other);
  });

  it('is passed by when a file is given', async () => {
    const file = await writeCheckpoint(weights, 'torch-legacy');
    expect(await openBackboneWeights(testTiny, { weightsFile: file })).toEqual(weights);
    expect(await storedFile(testTiny.id)).toBeNull();
    const error = await failure(openBackboneWeights(testTiny, { weightsFile: join(scratch, 'absent.pth') }));
    expect(error.code).toBe('not-found');
  });
});

describe('downloading a backbone', () => {
  let server: FileServer | null = null;
  afterEach(async () => {
    await server?.close();
    server = null;
  });

  async function publish(sha256Prefix?: string): Promise<BackboneDefinition> {
    const bytes = await encodeCheckpoint(weights, 'torch-zip');
    server = await openFileServer(bytes, [{ kind: 'file' }]);
    const digest = createHash('sha256').update(bytes).digest('hex');
    const source = { url: server.url, fileName: 'tiny-weights.pth', sha256Prefix: sha256Prefix ?? digest.slice(0, 8) };
    return { ...testTiny, weights: { kind: 'torch-hub', ...source } };
  }

  it('stores it once, also when two ask at the same time', async () => {
    const definition = await publish();
    const both = await Promise.all([downloadBackbone(definition), downloadBackbone(definition)]);
    expect(both[0]).toBe(both[1]);
    expect(server!.seen).toHaveLength(1);
    expect(listing()).toEqual(['test_tiny.json', 'test_tiny.safetensors']);
    expect(await openBackboneWeights(definition, fromStore)).toEqual(weights);
    const record = JSON.parse(readFileSync(join(backbonesFolder(), 'test_tiny.json'), 'utf8')) as object;
    expect(record).toMatchObject({ source: server!.url });
  });

  it('asks nobody while what is stored is intact, and replaces what is not', async () => {
    const definition = await publish();
    const stored = await downloadBackbone(definition);
    await downloadBackbone(definition);
    expect(server!.seen).toHaveLength(1);
    writeFileSync(stored, 'damaged');
    expect(await downloadBackbone(definition)).toBe(stored);
    expect(server!.seen).toHaveLength(2);
    expect(await openBackboneWeights(definition, fromStore)).toEqual(weights);
    expect(listing()).toEqual(['test_tiny.json', 'test_tiny.safetensors']);
  });

  it('goes on where an earlier try was broken off', async () => {
    const definition = await publish();
    const bytes = await encodeCheckpoint(weights, 'torch-zip');
    const part = join(backbonesFolder(), 'test_tiny.download', 'tiny-weights.pth.part');
    putFile(part, bytes.subarray(0, 500));
    putFile(`${part}.etag`, '"one"');
    await downloadBackbone(definition);
    expect(server!.seen).toEqual([{ range: 'bytes=500-', ifRange: '"one"' }]);
    expect(listing()).toEqual(['test_tiny.json', 'test_tiny.safetensors']);
  });

  it('stores nothing of another network', async () => {
    const definition = await publish();
    const other: BackboneDefinition = { ...definition, build: getBackbone('resnet18').build };
    expect((await failure(downloadBackbone(other))).code).toBe('weights-mismatch');
    expect(await storedFile(testTiny.id)).toBeNull();
  });

  it('stores nothing when the hash is wrong', async () => {
    const definition = await publish('00000000');
    expect((await failure(downloadBackbone(definition))).code).toBe('checksum-mismatch');
    expect(existsSync(join(backbonesFolder(), 'test_tiny.safetensors'))).toBe(false);
    const files = readdirSync(backbonesFolder(), { recursive: true, withFileTypes: true }).filter((entry) =>
      entry.isFile(),
    );
    expect(files.map(({ name }) => name)).toEqual([]);
  });
});
