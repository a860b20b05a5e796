import { cpSync, mkdirSync, readFileSync, renameSync, rmSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { openPixelCacheWith, type PixelCache } from '../../../../../src/main/engine/dataset/cache.js';
import { decodeImage } from '../../../../../src/main/engine/dataset/decode.js';
import { scanDataset } from '../../../../../src/main/engine/dataset/scan.js';
import type { Dataset } from '../../../../../src/main/engine/dataset/types.js';
import { sha256 } from '../../../../support/hash.js';
import { makeFolder, photoBytes, putFile, removeFolder, zipBytes } from '../../../../support/images.js';
import { goodFiles, putBadFiles } from '../../../../support/odd-files.js';
import { sharedPath } from '../../../../support/shared-data.js';

let home: string;
let folder: string;
beforeEach(() => {
  home = makeFolder('scan-home');
  folder = makeFolder('scan');
  vi.stubEnv('GRAFT_HOME', home);
});
afterEach(() => {
  vi.unstubAllEnvs();
  removeFolder(home);
  removeFolder(folder);
});

const put = (path: string, data: Uint8Array | string): void => putFile(join(folder, path), data);

const openCache = (): PixelCache =>
  openPixelCacheWith({ folder: join(home, 'pixels'), cap: 64, maxBytes: 1e9, openedMs: 0 });

/** A cache that only remembers what it was given. */
function createRecorder(): { readonly cache: PixelCache; readonly written: string[] } {
  const written: string[] = [];
  const cache: PixelCache = {
    settings: { folder: '', cap: 32, maxBytes: 0, openedMs: 0 },
    read: async () => null,
    readNow: () => null,
    write: async (id) => void written.push(id),
  };
  return { cache, written };
}

/** Two classes with `count` photos each. */
async function putPhotos(count: number): Promise<void> {
  for (let index = 0; index < count; index++) {
    put(`ants/${index}.jpg`, await photoBytes(24, 20, index));
    put(`bees/${index}.jpg`, await photoBytes(20, 24, 100 + index));
  }
}

const imagesOf = ({ images, classes }: Dataset): string[] =>
  images.map(({ path, split, classIndex, format }) => `${split} ${classes[classIndex]} ${format} ${path}`);

const problemsOf = ({ problems }: Dataset): string[] =>
  problems.map(({ path, code, severity }) => `${severity} ${code} ${path}`);

describe('a folder with everything that can be wrong', () => {
  it.skipIf(process.platform === 'win32')('uses or lists every file', async () => {
    const good = await goodFiles();
    for (const [path, bytes] of Object.entries(good)) put(path, bytes);
    await putBadFiles(folder, home);
    const cache = openCache();
    const done: number[] = [];
    const dataset = await scanDataset(folder, { cache, onProgress: (progress) => done.push(progress.done) });

    expect(dataset.layout).toBe('splits');
    expect(dataset.classes).toEqual(['ants', 'bees', 'wasps', '🐜 蟻']);
    expect(imagesOf(dataset)).toEqual([
      'val ants jpeg Valid/ants/photo.jpg',
      'val bees jpeg Valid/bees/other.jpg',
      'train ants png train/ants/16 bits.png',
      'train ants webp train/ants/clear.webp',
      'train ants jpeg train/ants/cmyk.jpg',
      'train ants jpeg train/ants/deep/er/nested.JPG',
      'train ants gif train/ants/film.gif',
      'train ants avif train/ants/new.avif',
      'train ants bmp train/ants/paint.bmp',
      'train ants jpeg train/ants/photo again.jpg',
      'train ants jpeg train/ants/photo.jpg',
      'train ants jpeg train/ants/png by name.png',
      'train ants tiff train/ants/scan.tiff',
      'train ants png train/ants/strip.png',
      'train ants png train/ants/tiny.png',
      'train ants jpeg train/ants/turned.jpg',
      'train bees jpeg train/bees/photo.jpg',
      'train bees jpeg train/bees/two\nlines "quoted" it\'s.jpg',
      'train bees jpeg train/bees/蜜蜂 (1).jpg',
      'train bees jpeg train/bees/蜜蜂 (2).jpg',
      'train 🐜 蟻 jpeg train/🐜 蟻/1.jpg',
    ]);
    expect(problemsOf(dataset)).toEqual([
      'excluded outside-classes labels/ants.txt',
      'excluded hidden train/ants/.hidden.jpg',
      'excluded too-large train/ants/bomb.png',
      'excluded truncated train/ants/cut.jpg',
      'excluded unsupported-format train/ants/drawing.svg',
      'excluded empty-file train/ants/empty.jpg',
      'excluded unsupported-format train/ants/film.mp4',
      'excluded not-an-image train/ants/labels.csv',
      'excluded symlink train/ants/link.jpg',
      'excluded unsupported-format train/ants/phone.heic',
      'excluded not-an-image train/ants/words.jpg',
      'excluded symlink train/bees/linked folder',
      'excluded unreadable train/bees/x\ufffd.jpg',
      'excluded outside-classes train/readme.md',
      'warning duplicate-across-splits train/ants/photo again.jpg',
      'warning duplicate-across-splits train/ants/photo.jpg',
      'warning extreme-aspect train/ants/strip.png',
      'warning too-small train/ants/tiny.png',
      'warning duplicate-label-conflict train/bees/photo.jpg',
      'warning duplicate train/bees/蜜蜂 (2).jpg',
      'warning empty-class wasps',
      'warning single-image-class 🐜 蟻',
    ]);

    for (const { id, path, file, width, height, sizeBytes } of dataset.images) {
      expect(file).toBe(join(folder, path));
      expect(id).toBe(sha256(good[path]!));
      expect(sizeBytes).toBe(good[path]!.length);
      const decoded = await decodeImage(file, { maxShorterSide: cache.settings.cap });
      expect([width, height]).toEqual([decoded.originalWidth, decoded.originalHeight]);
      // The pixels of the scan's one decode.
      expect(await cache.read(id)).toEqual({ width: decoded.width, height: decoded.height, data: decoded.data });
    }
    const sizes = new Map(dataset.images.map(({ path, width, height }) => [path, [width, height]]));
    expect(sizes.get('train/ants/turned.jpg')).toEqual([30, 80]);
    expect(sizes.get('train/ants/film.gif')).toEqual([20, 20]);
    expect(done).toEqual(done.map((_, index) => index + 1));
  });
});

describe('scanDataset', () => {
  it('says how a folder that it cannot use should look', async () => {
    await expect(scanDataset(join(folder, 'none'))).rejects.toMatchObject({ code: 'not-found' });
    await expect(scanDataset(folder)).rejects.toMatchObject({
      code: 'dataset-unusable',
      message: expect.stringContaining('found an empty folder') as string,
    });
    put('a.jpg', await photoBytes(20, 20, 1));
    await expect(scanDataset(folder)).rejects.toMatchObject({
      code: 'dataset-unusable',
      message: expect.stringMatching(/class\/picture\.jpg.*train\/class\/picture\.jpg.*found a\.jpg/) as string,
    });
    await expect(scanDataset(join(folder, 'a.jpg'))).rejects.toMatchObject({ code: 'dataset-unusable' });
    put('words/a.txt', 'a');
    put('words/b.txt', 'b');
    await expect(scanDataset(folder)).rejects.toMatchObject({
      code: 'dataset-unusable',
      message: expect.stringMatching(
        /one folder of pictures for each class.*found no picture that can be used: 2 × no picture, whatever its name says \(such as words\/a\.txt\); 1 × outside every class folder \(a\.jpg\)\. To use it, move each picture into the folder of its class; .*jpeg, png/,
      ) as string,
    });
    for (const file of ['a.jpg', 'words/a.txt', 'words/b.txt']) rmSync(join(folder, file));
    const error: unknown = await scanDataset(folder).catch((thrown: unknown) => thrown);
    expect(String(error)).toContain('found no picture that can be used: nothing at all in words.');
    expect(String(error)).toContain(folder);
  });

  it('looks at a file a second time only when its size or time has changed', async () => {
    await putPhotos(3);
    const file = join(folder, 'ants', '1.jpg');
    const past = new Date(1e12);
    utimesSync(file, past, past);
    const first = await scanDataset(folder);
    writeFileSync(file, Buffer.alloc(statSync(file).size));
    utimesSync(file, past, past);
    put('ants/new.jpg', await photoBytes(30, 30, 50));
    rmSync(join(folder, 'bees', '2.jpg'));
    const { cache, written } = createRecorder();
    const second = await scanDataset(folder, { cache });
    expect(written).toEqual([sha256(readFileSync(join(folder, 'ants', 'new.jpg')))]);
    expect(second.images.map(({ path }) => path)).toEqual([
      'ants/0.jpg',
      'ants/1.jpg',
      'ants/2.jpg',
      'ants/new.jpg',
      'bees/0.jpg',
      'bees/1.jpg',
    ]);
    expect(second.images.slice(0, 3)).toEqual(first.images.slice(0, 3));
    utimesSync(file, new Date(), new Date());
    expect(problemsOf(await scanDataset(folder))).toEqual(['excluded not-an-image ants/1.jpg']);
  });

  it('goes on where it was cancelled', async () => {
    await putPhotos(10);
    const first = createRecorder();
    const abort = new AbortController();
    const scanning = scanDataset(folder, {
      cache: first.cache,
      signal: abort.signal,
      onProgress: ({ done }) => {
        if (done === 8) abort.abort();
      },
    });
    await expect(scanning).rejects.toMatchObject({ code: 'cancelled' });
    const second = createRecorder();
    expect((await scanDataset(folder, { cache: second.cache })).images).toHaveLength(20);
    expect(second.written.length).toBeLessThanOrEqual(12);
    expect(new Set([...first.written, ...second.written]).size).toBe(20);
  });

  it('survives a broken memory of earlier scans', async () => {
    await putPhotos(2);
    const first = await scanDataset(folder);
    const scans = join(home, 'cache', 'scans');
    const known = join(scans, `${sha256(Buffer.from(folder))}.ndjson`);
    const lines = readFileSync(known, 'utf8').trim().split(/\n+/);
    for (const text of ['["ants/0.jpg", {"id": 3}]', `${lines[0]}\n${lines[1]!.slice(0, 40)}`, '[]\n{}\n', '']) {
      rmSync(scans, { recursive: true });
      putFile(known, text);
      expect(await scanDataset(folder)).toEqual(first);
      const kept = readFileSync(known, 'utf8').trim().split(/\n+/);
      expect(new Set(kept.map((line) => (JSON.parse(line) as string[])[0])).size).toBe(4);
      expect(kept).toHaveLength(4);
    }
  });

  it('has a fingerprint of names, bytes, classes and splits, wherever the folder lies', async () => {
    await putPhotos(3);
    const { fingerprint } = await scanDataset(folder);
    const other = join(home, 'elsewhere');
    cpSync(folder, other, { recursive: true });
    expect((await scanDataset(other)).fingerprint).toBe(fingerprint);
    const seen = new Set([fingerprint]);
    const changes = [
      () => renameSync(join(other, 'ants', '1.jpg'), join(other, 'ants', 'one.jpg')),
      () => renameSync(join(other, 'ants', 'one.jpg'), join(other, 'bees', 'one.jpg')),
      () => renameSync(join(other, 'ants'), join(other, 'Ants')),
      () => putFile(join(other, 'bees', '1.jpg'), readFileSync(join(folder, 'ants', '1.jpg'))),
      () => mkdirSync(join(other, 'wasps')),
    ];
    for (const change of changes) {
      change();
      seen.add((await scanDataset(other)).fingerprint);
    }
    expect(seen.size).toBe(1 + changes.length);
  });

  it('reads an archive as it reads the folder in it', async () => {
    await putPhotos(3);
    const plain = await scanDataset(folder);
    const entries = plain.images.map(({ path, file }) => ({ name: `set/${path}`, data: readFileSync(file) }));
    const archive = join(home, 'set.zip');
    writeFileSync(archive, zipBytes([...entries, { name: '__MACOSX/set/ants/._0.jpg', data: Buffer.from('x') }]));
    const packed = await scanDataset(archive);
    expect(packed).toMatchObject({ root: archive, layout: 'classes', classes: ['ants', 'bees'], problems: [] });
    expect(packed.images.map(({ id, path }) => [id, path])).toEqual(
      plain.images.map(({ id, path }) => [id, `set/${path}`]),
    );
    for (const { file, id } of packed.images) expect(sha256(readFileSync(file))).toBe(id);
    expect(dirname(dirname(dirname(dirname(packed.images[0]!.file))))).toBe(join(home, 'cache', 'archives'));
    writeFileSync(archive, 'no archive');
    await expect(scanDataset(archive)).rejects.toMatchObject({ code: 'unreadable-file' });
  });
});

const hymenoptera = sharedPath('data', 'hymenoptera');

it.skipIf(hymenoptera === null)('finds the photos of the tutorial that other loaders find', async () => {
  const dataset = await scanDataset(hymenoptera!);
  const count = (split: string): number => dataset.images.filter((image) => image.split === split).length;
  expect([dataset.layout, dataset.classes, count('train'), count('val')]).toEqual([
    'splits',
    ['ants', 'bees'],
    244,
    153,
  ]);
  expect(dataset.problems.filter(({ severity }) => severity === 'excluded')).toMatchObject([
    { path: 'train/ants/imageNotFound.gif', code: 'placeholder' },
  ]);
});
