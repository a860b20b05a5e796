import { mkdirSync, readFileSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { getBackbone } from '../../../../../src/main/engine/backbones/registry.js';
import { openPixelCache } from '../../../../../src/main/engine/dataset/cache.js';
import { decodeImage, sourceCap } from '../../../../../src/main/engine/dataset/decode.js';
import { createStream } from '../../../../../src/shared/random.js';
import { sha256 } from '../../../../support/hash.js';
import { bmpBytes, makeFolder, makePhoto, photoBytes, putFile, removeFolder } from '../../../../support/images.js';
import { openLibrary, type TestLibrary } from '../../../../support/library.js';

let home: string;
let folder: string;
let library: TestLibrary;
beforeEach(async () => {
  home = makeFolder('media-home');
  folder = makeFolder('media');
  vi.stubEnv('GRAFT_HOME', home);
  putFile(join(folder, 'ants', 'a.jpg'), await photoBytes(300, 200, 1));
  putFile(join(folder, 'ants', 'turned.jpg'), await photoBytes(300, 200, 2, (picture) => picture.withMetadata({ orientation: 6 }).jpeg())); // prettier-ignore
  putFile(join(folder, 'bees', 'b.png'), await photoBytes(60, 40, 3, (picture) => picture.png()));
  putFile(join(folder, 'bees', 'paint.bmp'), bmpBytes(makePhoto(200, 220, 4), { bits: 24, isTopDown: false }));
  putFile(join(folder, 'bees', 'words.jpg'), 'no picture');
  library = openLibrary();
});
afterEach(async () => {
  await library.close();
  vi.unstubAllEnvs();
  removeFolder(home);
  removeFolder(folder);
});

const thumbnail = async (image: string, size: 96 | 192 | 384 | 1024 = 192): Promise<string> =>
  (await library.call('media.thumbnail', { source: { kind: 'image', image }, size })).file;
const fileThumbnail = async (file: string): Promise<string> =>
  (await library.call('media.thumbnail', { source: { kind: 'file', file }, size: 96 })).file;

describe('media.thumbnail', () => {
  it.each([
    ['ants/a.jpg', 192, 128],
    ['ants/turned.jpg', 128, 192],
    ['bees/b.png', 60, 40],
    ['bees/paint.bmp', 175, 192],
  ])('re-encodes %s, fitted and turned', async (image, width, height) => {
    await library.call('projects.open', { path: folder });
    const file = await thumbnail(image);
    expect(file.startsWith(join(home, 'cache', 'thumbnails'))).toBe(true);
    expect(await sharp(file).metadata()).toMatchObject({ format: 'webp', width, height });
    const { data } = await sharp(file).removeAlpha().raw().toBuffer({ resolveWithObject: true });
    const original = await decodeImage(join(folder, image), { maxShorterSide: 128 });
    const expected = await sharp(original.data, { raw: { width: original.width, height: original.height, channels: 3 } }).resize(width, height, { fit: 'fill' }).raw().toBuffer(); // prettier-ignore
    const difference = data.reduce((sum, value, i) => sum + Math.abs(value - expected[i]!), 0) / data.length;
    expect(difference).toBeLessThan(12);
  });

  it('makes each once, by content and size, also for a file outside', async () => {
    await library.call('projects.open', { path: folder });
    await library.scanned();
    const first = await thumbnail('ants/a.jpg', 96);
    const { mtimeMs } = statSync(first);
    const outside = join(home, 'outside.jpg');
    writeFileSync(outside, readFileSync(join(folder, 'ants', 'a.jpg')));
    expect(await thumbnail('ants/a.jpg', 96)).toBe(first);
    expect(await fileThumbnail(outside)).toBe(first);
    expect(await fileThumbnail(outside)).toBe(first);
    expect(statSync(first).mtimeMs).toBe(mtimeMs);
    expect(await thumbnail('ants/a.jpg', 384)).not.toBe(first);
    writeFileSync(outside, await photoBytes(50, 50, 9));
    expect(await fileThumbnail(outside)).not.toBe(first);
  });

  it('says why there is none', async () => {
    await library.call('projects.open', { path: folder });
    await expect(thumbnail('bees/words.jpg')).rejects.toMatchObject({ code: 'unreadable-file' });
    await library.scanned();
    rmSync(join(folder, 'ants', 'a.jpg'));
    await expect(thumbnail('ants/a.jpg')).rejects.toMatchObject({ code: 'unreadable-file' });
    const abort = new AbortController();
    const source = { kind: 'image', image: 'ants/turned.jpg' } as const;
    const leaving = library.call('media.thumbnail', { source, size: 96 }, abort.signal);
    abort.abort();
    await expect(leaving).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('media.pixels', () => {
  it('hands out the very file that training reads, with what it decodes', async () => {
    await library.call('projects.open', { path: folder });
    for (const backbone of ['efficientnet_lite2', 'resnet18', 'test_tiny']) {
      const { input } = getBackbone(backbone);
      const { file } = await library.call('media.pixels', { image: 'ants/turned.jpg', backbone });
      const bytes = readFileSync(join(folder, 'ants', 'turned.jpg'));
      const expected = await decodeImage(join(folder, 'ants', 'turned.jpg'), { maxShorterSide: sourceCap(input) });
      const stored = readFileSync(file);
      expect([stored.readUInt32LE(4), stored.readUInt32LE(8)]).toEqual([expected.width, expected.height]);
      expect(stored.subarray(20).equals(Buffer.from(expected.data))).toBe(true);
      const read = await openPixelCache({ input }).read(sha256(bytes));
      expect(read === null ? null : Buffer.compare(read.data, expected.data)).toBe(0);
    }
    await expect(library.call('media.pixels', { image: 'ants/a.jpg', backbone: 'x' })).rejects.toMatchObject({
      code: 'unknown-backbone',
    });
  });
});

describe('paths that lead elsewhere', () => {
  const ODD = ['..', '.', '', '/', '\\', '\0', '%2e%2e', 'ants', 'a.jpg', '~', 'C:', '//server/share', '蟻', '\n', '__proto__', 'constructor']; // prettier-ignore

  it('are no pictures of the data set', async () => {
    await library.call('projects.open', { path: folder });
    await library.scanned();
    const secret = join(home, 'secret.jpg');
    writeFileSync(secret, await photoBytes(30, 30, 8));
    symlinkSync(secret, join(folder, 'ants', 'link.jpg'));
    const stream = createStream('fuzz of paths');
    const names = [secret, join(folder, 'ants', 'a.jpg'), 'ants/../ants/a.jpg', './ants/a.jpg', 'ants//a.jpg', 'ants\\a.jpg', 'ANTS/a.jpg', 'ants/link.jpg', 'ants/a.jpg\0', ' ants/a.jpg']; // prettier-ignore
    for (let count = 0; count < 300; count++) {
      const parts = Array.from({ length: 1 + stream.integer(5) }, () => ODD[stream.integer(ODD.length)]!);
      const name = parts.join(stream.chance(0.8) ? '/' : '');
      if (name !== '' && name !== 'ants/a.jpg') names.push(name);
    }
    for (const image of names) {
      const refused = expect.objectContaining({ code: 'not-found' }) as Error;
      await expect(thumbnail(image), image).rejects.toEqual(refused);
      await expect(library.call('media.pixels', { image, backbone: 'test_tiny' }), image).rejects.toEqual(refused);
      await expect(library.call('dataset.file', { image }), image).rejects.toEqual(refused);
      await expect(library.call('dataset.image', { image }), image).rejects.toEqual(refused);
    }
  });

  it.skipIf(process.platform === 'win32')(
    'are refused as files when they are none, and never read for ever',
    async () => {
      mkdirSync(join(folder, 'empty'));
      const refusals = ['/dev/zero', '/dev/stdin', folder, join(folder, 'nothing.jpg'), join(folder, 'a\0.jpg'), join(folder, 'bees', 'words.jpg'), 'relative.jpg', '../up.jpg', '\0']; // prettier-ignore
      for (const file of refusals) {
        const code = /^\/[^]/.test(file) ? 'unreadable-file' : 'invalid-value';
        await expect(fileThumbnail(file), file).rejects.toMatchObject({ code });
      }
    },
  );
});
