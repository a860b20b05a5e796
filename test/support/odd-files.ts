import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { bmpBytes, makePhoto, photoBytes, pngBombBytes, putFile } from './images.js';

/** Pictures of every kind and under every kind of name, by their place in a data set. */
export async function goodFiles(): Promise<Record<string, Buffer>> {
  const photo = await photoBytes(90, 60, 1);
  const bee = await photoBytes(40, 30, 14);
  const frames = Buffer.concat([makePhoto(20, 20, 40).data, makePhoto(20, 20, 41).data]);
  return {
    'train/ants/photo.jpg': photo,
    'train/ants/photo again.jpg': photo,
    'train/ants/cmyk.jpg': await photoBytes(40, 30, 2, (picture) => picture.toColourspace('cmyk').jpeg()),
    'train/ants/turned.jpg': await photoBytes(80, 30, 3, (picture) => picture.jpeg().withMetadata({ orientation: 6 })),
    'train/ants/16 bits.png': await photoBytes(40, 30, 4, (picture) => picture.toColourspace('rgb16').png()),
    'train/ants/clear.webp': await photoBytes(40, 30, 5, (picture) => picture.ensureAlpha(0.5).webp()),
    'train/ants/scan.tiff': await photoBytes(40, 30, 6, (picture) => picture.tiff()),
    'train/ants/paint.bmp': bmpBytes(makePhoto(40, 30, 7), { bits: 24, isTopDown: false }),
    'train/ants/new.avif': await photoBytes(40, 30, 8, (picture) => picture.avif()),
    'train/ants/film.gif': await sharp(frames, { raw: { width: 20, height: 40, channels: 3, pageHeight: 20 } })
      .gif()
      .toBuffer(),
    'train/ants/png by name.png': await photoBytes(40, 30, 9),
    'train/ants/deep/er/nested.JPG': await photoBytes(40, 30, 10),
    'train/ants/tiny.png': await photoBytes(40, 15, 11, (picture) => picture.png()),
    'train/ants/strip.png': await photoBytes(300, 20, 12, (picture) => picture.png()),
    'train/bees/photo.jpg': photo,
    'train/bees/two\nlines "quoted" it\'s.jpg': await photoBytes(40, 30, 13),
    'train/bees/蜜蜂 (1).jpg': bee,
    'train/bees/蜜蜂 (2).jpg': bee,
    'train/🐜 蟻/1.jpg': await photoBytes(40, 30, 15),
    'Valid/ants/photo.jpg': photo,
    'Valid/bees/other.jpg': await photoBytes(40, 30, 16),
  };
}

/**
 * Writes files into a data set that cannot be used, each for its own reason.
 *
 * @param home a folder outside the data set, for links to point at
 */
export async function putBadFiles(folder: string, home: string): Promise<void> {
  const put = (path: string, data: Uint8Array | string): void => putFile(join(folder, path), data);
  const photo = await photoBytes(90, 60, 20);
  put('train/ants/cut.jpg', photo.subarray(0, photo.length / 2));
  put('train/ants/words.jpg', 'just words');
  put('train/ants/empty.jpg', '');
  put('train/ants/bomb.png', pngBombBytes(20_000, 20_000));
  put('train/ants/drawing.svg', '<svg xmlns="http://www.w3.org/2000/svg" width="9" height="9"></svg>');
  put('train/ants/phone.heic', Buffer.from('\0\0\0\x18ftypheic\0\0\0\0mif1heic', 'latin1'));
  put('train/ants/film.mp4', Buffer.from('\0\0\0\x18ftypisom\0\0\0\0isommp42', 'latin1'));
  put('train/ants/labels.csv', 'a,b\n1,2\n');
  put('train/ants/.hidden.jpg', photo);
  put('train/ants/.DS_Store', 'x');
  put('train/readme.md', '# read me');
  put('labels/ants.txt', 'x');
  mkdirSync(join(folder, 'train', 'wasps'));
  const outside = join(home, 'outside.jpg');
  writeFileSync(outside, photo);
  symlinkSync(outside, join(folder, 'train', 'ants', 'link.jpg'));
  symlinkSync(home, join(folder, 'train', 'bees', 'linked folder'));
  // A name that is not UTF-8: it can be listed, but not opened by the name that Node makes of it.
  const raw = Buffer.concat([
    Buffer.from(join(folder, 'train', 'bees', 'x')),
    Buffer.from([0xff]),
    Buffer.from('.jpg'),
  ]);
  writeFileSync(raw, photo);
}
