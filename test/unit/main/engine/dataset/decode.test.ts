import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  decodeBytes,
  decodeImage,
  problemOf,
  sourceCap,
  sourceSize,
  supportedFormats,
} from '../../../../../src/main/engine/dataset/decode.js';
import { GraftError } from '../../../../../src/shared/errors.js';
import type { PixelImage } from '../../../../../src/shared/image.js';
import { resizeImage } from '../../../../../src/shared/resize.js';
import {
  bmpBytes,
  makeFolder,
  makePhoto,
  photoBytes,
  pngBombBytes,
  putFile,
  removeFolder,
  toSharp,
} from '../../../../support/images.js';

let folder: string;
beforeAll(() => void (folder = makeFolder('decode')));
afterAll(() => removeFolder(folder));

/** Four flat quarters: top left red, top right green, bottom left blue, bottom right white. */
function quarters(size: number): PixelImage {
  const colours = [
    [230, 20, 30],
    [20, 200, 40],
    [30, 40, 220],
    [250, 250, 250],
  ];
  const data = new Uint8Array(size * size * 3);
  for (let i = 0; i < size * size; i++) {
    const quarter = (Math.floor(i / size) < size / 2 ? 0 : 2) + (i % size < size / 2 ? 0 : 1);
    data.set(colours[quarter]!, i * 3);
  }
  return { width: size, height: size, data };
}

const pixelAt = ({ width, data }: PixelImage, x: number, y: number): number[] =>
  Array.from(data.subarray((y * width + x) * 3, (y * width + x) * 3 + 3));

function rootMeanSquare(a: PixelImage, b: PixelImage): number {
  expect([a.width, a.height]).toEqual([b.width, b.height]);
  const sum = a.data.reduce((total, value, i) => total + (value - b.data[i]!) ** 2, 0);
  return Math.sqrt(sum / a.data.length);
}

async function problemOfBytes(bytes: Buffer): Promise<string> {
  const error: unknown = await decodeBytes(bytes, 'some file.jpg').catch((thrown: unknown) => thrown);
  if (!(error instanceof GraftError)) throw new Error('expected a GraftError');
  expect(error.code).toBe('unreadable-file');
  expect(error.message).toContain('some file.jpg');
  return problemOf(error);
}

describe('decodeBytes gives 8-bit sRGB', () => {
  const image = quarters(32);
  const corners = [pixelAt(image, 4, 4), pixelAt(image, 27, 4), pixelAt(image, 4, 27), pixelAt(image, 27, 27)];
  const cases: [string, string, () => Promise<Buffer>, number][] = [
    ['PNG', 'png', () => toSharp(image).png().toBuffer(), 0],
    ['PNG of 16 bits', 'png', () => toSharp(image).toColourspace('rgb16').png().toBuffer(), 0],
    ['PNG with a palette', 'png', () => toSharp(image).png({ palette: true }).toBuffer(), 2],
    ['JPEG', 'jpeg', () => toSharp(image).jpeg({ quality: 100 }).toBuffer(), 4],
    ['lossless WebP', 'webp', () => toSharp(image).webp({ lossless: true }).toBuffer(), 0],
    ['TIFF', 'tiff', () => toSharp(image).tiff({ compression: 'lzw' }).toBuffer(), 0],
    ['AVIF', 'avif', () => toSharp(image).avif({ lossless: true }).toBuffer(), 4],
    ['GIF', 'gif', () => toSharp(image).gif().toBuffer(), 4],
    ['BMP of 24 bits', 'bmp', async () => bmpBytes(image, { bits: 24, isTopDown: false }), 0],
    ['BMP of 32 bits, top down', 'bmp', async () => bmpBytes(image, { bits: 32, isTopDown: true }), 0],
  ];
  it.each(cases)('of a %s', async (_, format, encode, tolerance) => {
    const decoded = await decodeBytes(await encode(), 'picture');
    expect(decoded).toMatchObject({ format, width: 32, height: 32, originalWidth: 32, originalHeight: 32 });
    expect(decoded.data.length).toBe(32 * 32 * 3);
    const found = [pixelAt(decoded, 4, 4), pixelAt(decoded, 27, 4), pixelAt(decoded, 4, 27), pixelAt(decoded, 27, 27)];
    found.flat().forEach((value, i) => expect(Math.abs(value - corners.flat()[i]!)).toBeLessThanOrEqual(tolerance));
    expect(supportedFormats()).toContain(format);
  });

  it('of a JPEG in CMYK', async () => {
    const bytes = await toSharp(image).toColourspace('cmyk').jpeg({ quality: 100 }).toBuffer();
    expect((await sharp(bytes).metadata()).space).toBe('cmyk');
    const decoded = await decodeBytes(bytes, 'print');
    expect(decoded).toMatchObject({ format: 'jpeg', width: 32, height: 32 });
    // Ink reaches fewer colours than light, but red stays red, and paper white.
    const strongest = [pixelAt(decoded, 4, 4), pixelAt(decoded, 27, 4), pixelAt(decoded, 4, 27)].map((rgb) =>
      rgb.indexOf(Math.max(...rgb)),
    );
    expect(strongest).toEqual([0, 1, 2]);
    expect(Math.min(...pixelAt(decoded, 27, 27))).toBeGreaterThan(240);
  });

  it('of greys, of 8 and of 16 bits', async () => {
    const grey = Uint8Array.from({ length: 64 }, (_, i) => i * 4);
    const picture = sharp(grey, { raw: { width: 8, height: 8, channels: 1 } });
    const eight = await decodeBytes(await picture.clone().png().toBuffer(), 'grey');
    const sixteen = await decodeBytes(await picture.clone().toColourspace('grey16').png().toBuffer(), 'grey');
    const expected = Array.from(grey, (value) => [value, value, value]).flat();
    expect(Array.from(eight.data)).toEqual(expected);
    expect(Array.from(sixteen.data)).toEqual(expected);
  });

  it('of transparency, on white', async () => {
    const pixels = Uint8Array.from([10, 20, 30, 0, 100, 110, 120, 255, 0, 0, 0, 51]);
    const picture = sharp(pixels, { raw: { width: 3, height: 1, channels: 4 } });
    for (const bytes of [
      await picture.clone().webp({ lossless: true }).toBuffer(),
      await picture.clone().png().toBuffer(),
    ]) {
      const { data } = await decodeBytes(bytes, 'transparent');
      // 51/255 of black over white.
      expect(Array.from(data)).toEqual([255, 255, 255, 100, 110, 120, 204, 204, 204]);
    }
  });

  it('of an EXIF-turned JPEG, upright', async () => {
    const wide = toSharp(image).resize(64, 32, { fit: 'fill' });
    const bytes = await wide.jpeg({ quality: 100 }).withMetadata({ orientation: 6 }).toBuffer();
    const decoded = await decodeBytes(bytes, 'turned');
    expect(decoded).toMatchObject({ width: 32, height: 64, originalWidth: 32, originalHeight: 64 });
    // Turned by 90° clockwise: what lay at the bottom left is now at the top left.
    expect(pixelAt(decoded, 4, 4)[2]).toBeGreaterThan(200);
    expect(pixelAt(decoded, 27, 4)[0]).toBeGreaterThan(200);
    const shrunk = await decodeBytes(bytes, 'turned', { maxShorterSide: 8 });
    expect(shrunk).toMatchObject({ width: 8, height: 16, originalWidth: 32, originalHeight: 64 });
    expect(pixelAt(shrunk, 1, 1)[2]).toBeGreaterThan(200);
  });

  it('of the first frame of a film', async () => {
    const frames = Buffer.concat([image.data, makePhoto(32, 32, 1).data]);
    const film = await sharp(frames, { raw: { width: 32, height: 64, channels: 3, pageHeight: 32 } })
      .gif()
      .toBuffer();
    expect((await sharp(film).metadata()).pages).toBe(2);
    const decoded = await decodeBytes(film, 'film');
    expect([decoded.width, decoded.height]).toEqual([32, 32]);
    expect(Math.abs(pixelAt(decoded, 4, 4)[0]! - 230)).toBeLessThanOrEqual(4);
  });
});

describe('a cap on the shorter side', () => {
  it('leaves smaller pictures whole and shrinks larger ones without aliasing', async () => {
    const photo = makePhoto(640, 480, 3);
    const png = await toSharp(photo).png().toBuffer();
    const smooth = resizeImage(photo, 160, 120, 'bicubic');
    const nearest: PixelImage = { width: 160, height: 120, data: new Uint8Array(160 * 120 * 3) };
    for (let i = 0; i < 160 * 120; i++) {
      nearest.data.set(pixelAt(photo, 4 * (i % 160) + 2, 4 * Math.floor(i / 160) + 2), i * 3);
    }
    expect(Buffer.compare((await decodeBytes(png, 'p', { maxShorterSide: 480 })).data, photo.data)).toBe(0);
    for (const bytes of [
      png,
      await toSharp(photo).jpeg({ quality: 100 }).toBuffer(),
      bmpBytes(photo, { bits: 24, isTopDown: false }),
    ]) {
      const shrunk = await decodeBytes(bytes, 'p', { maxShorterSide: 120 });
      expect(shrunk).toMatchObject({ width: 160, height: 120, originalWidth: 640, originalHeight: 480 });
      expect(rootMeanSquare(shrunk, smooth)).toBeLessThan(0.4 * rootMeanSquare(nearest, smooth));
    }
  });

  it('is twice what the framing resizes to', () => {
    expect(sourceCap({ size: 224, resize: 256, interpolation: 'bilinear', mean: [0, 0, 0], std: [1, 1, 1] })).toBe(512);
    expect(sourceSize(1000, 500, 250)).toEqual({ width: 500, height: 250 });
    expect(sourceSize(200, 100, 250)).toEqual({ width: 200, height: 100 });
  });
});

describe('a file that is no whole picture says why', () => {
  it.each(['jpeg', 'png', 'webp', 'tiff', 'gif', 'avif'] as const)('cut off: %s', async (format) => {
    const bytes = await photoBytes(300, 200, 5, (picture) => picture.toFormat(format));
    expect(await problemOfBytes(bytes.subarray(0, Math.floor(bytes.length * 0.6)))).toBe('truncated');
  });

  it('cut off: progressive JPEG, BMP', async () => {
    const progressive = await photoBytes(300, 200, 5, (picture) => picture.jpeg({ progressive: true }));
    expect(await problemOfBytes(progressive.subarray(0, Math.floor(progressive.length * 0.6)))).toBe('truncated');
    const bmp = bmpBytes(makePhoto(30, 20, 1), { bits: 24, isTopDown: false });
    expect(await problemOfBytes(bmp.subarray(0, 1000))).toBe('truncated');
  });

  it.each([
    ['empty-file', ''],
    ['not-an-image', 'just some words'],
    ['not-an-image', '{"a": 1}'],
    [
      'unsupported-format',
      '<?xml version="1.0"?>\n<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>',
    ],
    ['unsupported-format', '%PDF-1.7\n'],
  ])('%s', async (problem, text) => {
    expect(await problemOfBytes(Buffer.from(text))).toBe(problem);
  });

  it('but damage in its middle alone does not exclude it, as with other loaders', async () => {
    const bytes = Buffer.from(await photoBytes(300, 200, 5));
    // A marker in the midst of the coefficients: the decoder goes on behind it.
    bytes.set([0xff, 0xd0], Math.floor(bytes.length / 2));
    expect(await decodeBytes(bytes, 'damaged')).toMatchObject({ width: 300, height: 200, format: 'jpeg' });
  });

  it('a bomb, before it unfolds', async () => {
    const bomb = pngBombBytes(20_000, 20_000);
    expect(bomb.length).toBeLessThan(200_000);
    const before = process.memoryUsage.rss();
    expect(await problemOfBytes(bomb)).toBe('too-large');
    expect(process.memoryUsage.rss() - before).toBeLessThan(200e6);
  });

  it('a BMP that claims a size it cannot have', async () => {
    const bmp = bmpBytes(makePhoto(8, 8, 1), { bits: 24, isTopDown: false });
    bmp.writeInt32LE(40_000, 18);
    bmp.writeInt32LE(40_000, 22);
    expect(await problemOfBytes(bmp)).toBe('too-large');
    bmp.writeUInt16LE(8, 28);
    expect(await problemOfBytes(bmp)).toBe('unsupported-format');
  });

  it('noise behind a good header', async () => {
    const bytes = await photoBytes(64, 64, 2);
    expect(['truncated', 'unreadable']).toContain(
      await problemOfBytes(Buffer.concat([bytes.subarray(0, 30), Buffer.alloc(500, 7)])),
    );
  });

  it('a file that is not there', async () => {
    await expect(decodeImage(join(folder, 'none.jpg'))).rejects.toThrow(/none\.jpg: the file does not exist/);
  });
});

it('decodes files whatever they are called', async () => {
  const bytes = await photoBytes(20, 10, 1);
  for (const name of ['螞蟻 一.jpg', 'it\'s "quoted".png', 'two\nlines.jpg', 'photo.jpg[page=1]', '%41 [1].txt']) {
    putFile(join(folder, name), bytes);
    expect(await decodeImage(join(folder, name))).toMatchObject({ width: 20, height: 10, format: 'jpeg' });
  }
});
