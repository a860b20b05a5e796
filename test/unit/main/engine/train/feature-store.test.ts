import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { featureKey, openFeatureStore } from '../../../../../src/main/engine/train/feature-store.js';

let folder = '';
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'graft-features-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const values = Float32Array.of(0.5, -2, 3e-8);
const filesOf = (key: string): string[] => readdirSync(join(folder, key.slice(0, 1)));

describe('openFeatureStore', () => {
  it('gives back what was written, to another store of the same folder too', async () => {
    const key = featureKey(['a', 1]);
    const store = openFeatureStore(folder);
    expect(await store.read(key, values.length)).toBeNull();
    store.write(key, values);
    expect(await openFeatureStore(folder).read(key, values.length)).toEqual(values);
    expect(filesOf(key)).toEqual([`${key}.f32`]);
  });

  it('writes the part of an array that it was given', async () => {
    const key = featureKey(['part']);
    const store = openFeatureStore(folder);
    store.write(key, Float32Array.of(9, ...values, 9).subarray(1, 1 + values.length));
    expect(await store.read(key, values.length)).toEqual(values);
  });

  it('does not know what has another length, or lies under the name of another key', async () => {
    const [key, other] = [featureKey(['a']), featureKey(['b'])];
    const store = openFeatureStore(folder);
    store.write(key, values);
    store.write(other, values);
    expect(await store.read(key, values.length + 1)).toBeNull();
    const file = (of: string): string => join(folder, of.slice(0, 1), `${of}.f32`);
    writeFileSync(file(other), readFileSync(file(key)));
    expect(await store.read(other, values.length)).toBeNull();
  });

  it('goes on where it cannot write, and writes again once it can', async () => {
    const key = featureKey(['a']);
    const store = openFeatureStore(folder);
    store.write(key, values);
    // Cleared while the store was open, and a file in the folder's place.
    rmSync(folder, { recursive: true });
    writeFileSync(folder, '');
    store.write(key, values);
    expect(await store.read(key, values.length)).toBeNull();
    rmSync(folder);
    store.write(key, values);
    expect(await store.read(key, values.length)).toEqual(values);
  });
});
