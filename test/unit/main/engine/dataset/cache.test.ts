import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { chmodSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import {
  openPixelCache,
  openPixelCacheWith,
  type PixelCache,
  pixelCacheFile,
} from '../../../../../src/main/engine/dataset/cache.js';
import { decodeBytes } from '../../../../../src/main/engine/dataset/decode.js';
import { openSourcePixels } from '../../../../../src/main/engine/dataset/source-pixels.js';
import type { PixelImage } from '../../../../../src/shared/image.js';
import { bundleEngineFile } from '../../../../support/bundle-engine.js';
import { makeFolder, makePhoto, photoBytes, putFile, removeFolder } from '../../../../support/images.js';

let folder: string;
beforeEach(() => void (folder = makeFolder('cache')));
afterEach(() => removeFolder(folder));

const idOf = (data: Uint8Array | string): string => createHash('sha256').update(data).digest('hex');
const photo = (seed: number) => makePhoto(40, 30, seed);
/** A 40 × 30 photo with its header. */
const ENTRY_BYTES = 20 + 40 * 30 * 3;

function files(): string[] {
  const names = readdirSync(folder, { recursive: true, encoding: 'utf8' });
  return names.map((name) => join(folder, name)).filter((file) => statSync(file).isFile());
}

const sizeBytes = (): number => files().reduce((sum, file) => sum + statSync(file).size, 0);

const openCache = (options: { maxBytes?: number; openedMs?: number; cap?: number } = {}): PixelCache =>
  openPixelCacheWith({ folder, cap: 512, maxBytes: 1e9, openedMs: Date.now(), ...options });

/** Makes an entry look as if it was used a day ago. */
function age(file: string): void {
  const dayAgo = new Date(Date.now() - 86_400_000);
  utimesSync(file, dayAgo, dayAgo);
}

describe('the pixel cache', () => {
  it('gives back what was written, to whoever opens the folder', async () => {
    await openCache().write(idOf('a'), photo(1));
    expect(await openCache().read(idOf('a'))).toEqual(photo(1));
    expect(await openCache().read(idOf('b'))).toBeNull();
  });

  it('keeps pixels of another cap apart', async () => {
    await openCache({ cap: 512 }).write(idOf('a'), photo(1));
    expect(await openCache({ cap: 256 }).read(idOf('a'))).toBeNull();
    const input = { size: 224, resize: 256, interpolation: 'bilinear', mean: [0, 0, 0], std: [1, 1, 1] } as const;
    expect(await openPixelCache({ input, folder }).read(idOf('a'))).toEqual(photo(1));
  });

  it.each([
    ['a byte is flipped', (bytes: Buffer) => void (bytes[2000] = bytes[2000]! ^ 1)],
    ['the size is wrong', (bytes: Buffer) => void bytes.writeUInt32LE(39, 4)],
    ['it is cut off', (bytes: Buffer) => bytes.subarray(0, 1000)],
    ['it is empty', (bytes: Buffer) => bytes.subarray(0, 0)],
  ] satisfies [string, (bytes: Buffer) => Buffer | void][])('drops an entry when %s', async (_, damage) => {
    const cache = openCache();
    await cache.write(idOf('a'), photo(1));
    const [file] = files();
    const bytes = readFileSync(file!);
    writeFileSync(file!, damage(bytes) ?? bytes);
    expect(await cache.read(idOf('a'))).toBeNull();
    expect(files()).toEqual([]);
    await cache.write(idOf('a'), photo(1));
    expect(await cache.read(idOf('a'))).toEqual(photo(1));
  });

  it('makes room by what was used longest ago', async () => {
    const old = openCache();
    for (let i = 0; i < 10; i++) await old.write(idOf(`old ${i}`), photo(i));
    files().forEach(age);
    await old.read(idOf('old 3'));
    const foreign = [join(folder, 'photo.jpg'), join(folder, 'v1-512', 'ab', 'photo.rgb')];
    for (const file of foreign) {
      putFile(file, 'not ours');
      age(file);
    }
    const cache = openCache({ maxBytes: 10 * ENTRY_BYTES, openedMs: Date.now() + 1000 });
    await cache.write(idOf('new'), photo(20));
    expect(files()).toEqual(expect.arrayContaining(foreign));
    foreign.forEach(removeFolder);
    expect(sizeBytes()).toBeLessThanOrEqual(10 * ENTRY_BYTES);
    expect(await cache.read(idOf('new'))).toEqual(photo(20));
    expect(await cache.read(idOf('old 3'))).toEqual(photo(3));
  });

  it('stops keeping when all of it is in use, instead of throwing out what the next epoch wants', async () => {
    const cache = openCache({ maxBytes: 5 * ENTRY_BYTES });
    await Promise.all(Array.from({ length: 12 }, (_, i) => cache.write(idOf(`${i}`), photo(i))));
    expect(files().length).toBe(5);
    const found = await Promise.all(Array.from({ length: 12 }, (_, i) => cache.read(idOf(`${i}`))));
    expect(found.filter((image) => image !== null).length).toBe(5);
  });

  it('counts what another process wrote', async () => {
    const mine = openCache({ maxBytes: 6 * ENTRY_BYTES });
    await mine.write(idOf('mine 0'), photo(0));
    const others = openCache();
    for (let i = 0; i < 5; i++) await others.write(idOf(`other ${i}`), photo(i));
    files()
      .filter((file) => !file.includes(idOf('mine 0')))
      .forEach(age);
    for (let i = 1; i < 6; i++) await mine.write(idOf(`mine ${i}`), photo(i));
    await mine.write(idOf('mine 6'), photo(6));
    expect(sizeBytes()).toBeLessThanOrEqual(6 * ENTRY_BYTES);
  });

  it('never shows half an entry to a second writer or reader of the same picture', async () => {
    const caches = [openCache(), openCache()];
    const rounds = Array.from({ length: 40 }, async (_, i) => {
      await caches[i % 2]!.write(idOf('same'), photo(1));
      return await caches[(i + 1) % 2]!.read(idOf('same'));
    });
    for (const image of await Promise.all(rounds)) expect(image).toEqual(photo(1));
    expect(files().length).toBe(1);
  });

  it('is shared by processes that write and throw out at the same time', async () => {
    const code = makeFolder('cache-code');
    await bundleEngineFile('cache', code);
    const bound = 6 * ENTRY_BYTES;
    putFile(
      join(code, 'driver.mjs'),
      `import { createHash } from 'node:crypto';
       import { openPixelCacheWith } from './cache.mjs';
       let bad = 0;
       let good = 0;
       for (let round = 0; round < 60; round++) {
         const settings = { folder: ${JSON.stringify(folder)}, cap: 512, maxBytes: ${bound}, openedMs: Date.now() + 1000 };
         const cache = openPixelCacheWith(settings);
         const seed = round % 9;
         const id = createHash('sha256').update(String(seed)).digest('hex');
         await cache.write(id, { width: 40, height: 30, data: new Uint8Array(3600).fill(seed) });
         const image = await cache.read(id);
         if (image === null) continue;
         if (image.data.length === 3600 && image.data.every((value) => value === seed)) good++;
         else bad++;
       }
       console.log(JSON.stringify({ good, bad }));`,
    );
    const run = promisify(execFile);
    const outputs = await Promise.all([1, 2].map(() => run(process.execPath, [join(code, 'driver.mjs')])));
    for (const { stdout } of outputs) {
      const { good, bad } = JSON.parse(stdout) as { good: number; bad: number };
      expect(bad).toBe(0);
      expect(good).toBeGreaterThan(0);
    }
    // Each may have claimed the same last place.
    expect(sizeBytes()).toBeLessThanOrEqual(bound + ENTRY_BYTES);
    removeFolder(code);
  });

  it.skipIf(process.getuid?.() === 0)('costs speed, not the run, where nothing can be written', async () => {
    chmodSync(folder, 0o500);
    const cache = openCache();
    await cache.write(idOf('a'), photo(1));
    expect(await cache.read(idOf('a'))).toBeNull();
    chmodSync(folder, 0o700);
  });
});

describe('source pixels', () => {
  const pictureOf = async (name: string, seed: number) => {
    const bytes = await photoBytes(60, 40, seed);
    putFile(join(folder, 'pictures', name), bytes);
    return { id: idOf(bytes), file: join(folder, 'pictures', name), path: name };
  };

  it('are decoded once, then come from memory, then from disk', async () => {
    const picture = await pictureOf('one.jpg', 1);
    const expected = await decodeBytes(readFileSync(picture.file), 'one.jpg');
    const settings = { ...openCache().settings, folder: join(folder, 'pixels') };
    const source = openSourcePixels(settings);
    const first = await source.read(picture);
    expect(Buffer.compare(first.data, expected.data)).toBe(0);
    removeFolder(join(folder, 'pictures'));
    expect(await source.read(picture)).toBe(first);
    expect(await openSourcePixels(settings).read(picture)).toEqual({ width: 60, height: 40, data: expected.data });
  });

  it('are decoded anew when what is on disk is broken, at first sight or cut short later', async () => {
    const picture = await pictureOf('one.jpg', 1);
    const { settings } = openCache();
    const { width, height, data } = await openSourcePixels(settings, 0).read(picture);
    const file = pixelCacheFile(settings, picture.id);
    const whole = readFileSync(file);
    const damaged = Buffer.from(whole);
    damaged[damaged.length - 1]! ^= 1;
    const source = openSourcePixels(settings, 0);
    for (const bytes of [damaged, whole.subarray(0, 100), Buffer.alloc(0)]) {
      putFile(file, bytes);
      expect(await source.read(picture)).toMatchObject({ width, height, data });
      expect(readFileSync(file).equals(whole)).toBe(true);
      expect(await source.read(picture)).toEqual({ width, height, data });
    }
  });

  it('keep no more in memory than allowed', async () => {
    const settings = { ...openCache().settings, maxBytes: 0 };
    const source = openSourcePixels(settings, 2 * 60 * 40 * 3);
    const pictures = await Promise.all([1, 2, 3].map((seed) => pictureOf(`${seed}.jpg`, seed)));
    const images: PixelImage[] = [];
    for (const picture of pictures) images.push(await source.read(picture));
    expect(await source.read(pictures[1]!)).toBe(images[1]);
    expect(await source.read(pictures[2]!)).toBe(images[2]);
    expect(await source.read(pictures[0]!)).not.toBe(images[0]);
  });

  it('of a file that has changed are refused, and do not poison the cache', async () => {
    const picture = await pictureOf('one.jpg', 1);
    putFile(picture.file, await photoBytes(60, 40, 2));
    const { settings } = openCache();
    await expect(openSourcePixels(settings).read(picture)).rejects.toThrow(
      /one\.jpg .*content has changed.*Scan the data set again/,
    );
    expect(await openCache().read(picture.id)).toBeNull();
  });

  it('of a file that is gone are refused by name', async () => {
    const picture = await pictureOf('gone.jpg', 1);
    removeFolder(join(folder, 'pictures'));
    await expect(openSourcePixels(openCache().settings).read(picture)).rejects.toMatchObject({
      code: 'unreadable-file',
      details: { path: 'gone.jpg' },
    });
  });
});
