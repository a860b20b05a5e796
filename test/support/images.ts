import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { crc32, deflateRawSync, deflateSync } from 'node:zlib';
import sharp, { type Sharp } from 'sharp';
import type { PixelImage } from '../../src/shared/image.js';
import { createStream } from '../../src/shared/random.js';

/** Makes a fresh folder under the system's temporary one. */
export const makeFolder = (name: string): string => mkdtempSync(join(tmpdir(), `graft-${name}-`));

export const removeFolder = (folder: string): void => rmSync(folder, { recursive: true, force: true });

/** Writes bytes or text, and the folders above. */
export function putFile(file: string, data: Uint8Array | string): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, data);
}

/** A picture with gradients, edges and many colours; another one for each seed. */
export function makePhoto(width: number, height: number, seed: number): PixelImage {
  const stream = createStream(seed, 'photo');
  const [fx, fy, phase] = [stream.between(0.01, 0.08), stream.between(0.01, 0.08), stream.between(0, 6)];
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      data[to] = 128 + 100 * Math.sin(x * fx + phase);
      data[to + 1] = 128 + 100 * Math.sin(y * fy - phase);
      data[to + 2] = (x * 7 + y * 13 + seed * 31) & 255;
    }
  }
  return { width, height, data };
}

/** A picture as sharp's input. */
export function toSharp({ width, height, data }: PixelImage): Sharp {
  return sharp(data, { raw: { width, height, channels: 3 } });
}

/** A photo as a file's bytes; JPEG at quality 90 unless another encoding is asked for. */
export function photoBytes(
  width: number,
  height: number,
  seed: number,
  encode: (picture: Sharp) => Sharp = (picture) => picture.jpeg({ quality: 90 }),
): Promise<Buffer> {
  return encode(toSharp(makePhoto(width, height, seed))).toBuffer();
}

function pngChunk(type: string, data: Uint8Array): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const frame = Buffer.alloc(8 + body.length);
  frame.writeUInt32BE(data.length, 0);
  body.copy(frame, 4);
  frame.writeUInt32BE(crc32(body), 4 + body.length);
  return frame;
}

/** A valid black-and-white PNG of any size, all black: a few kilobytes that unfold to `width × height` pixels. */
export function pngBombBytes(width: number, height: number): Buffer {
  const header = Buffer.alloc(13);
  header.writeUInt32BE(width, 0);
  header.writeUInt32BE(height, 4);
  header.set([1, 0, 0, 0, 0], 8);
  const rows = deflateSync(Buffer.alloc((1 + Math.ceil(width / 8)) * height), { level: 9 });
  const chunks = [pngChunk('IHDR', header), pngChunk('IDAT', rows), pngChunk('IEND', Buffer.alloc(0))];
  return Buffer.concat([Buffer.from('89504e470d0a1a0a', 'hex'), ...chunks]);
}

/** An uncompressed BMP, written as the format's description has it. */
export function bmpBytes(image: PixelImage, options: { readonly bits: 24 | 32; readonly isTopDown: boolean }): Buffer {
  const { width, height, data } = image;
  const bytesPerPixel = options.bits / 8;
  const stride = Math.ceil((width * bytesPerPixel) / 4) * 4;
  const bytes = Buffer.alloc(54 + stride * height);
  bytes.write('BM', 'latin1');
  bytes.writeUInt32LE(bytes.length, 2);
  bytes.writeUInt32LE(54, 10);
  bytes.writeUInt32LE(40, 14);
  bytes.writeInt32LE(width, 18);
  bytes.writeInt32LE(options.isTopDown ? -height : height, 22);
  bytes.writeUInt16LE(1, 26);
  bytes.writeUInt16LE(options.bits, 28);
  for (let y = 0; y < height; y++) {
    const row = 54 + stride * (options.isTopDown ? y : height - 1 - y);
    for (let x = 0; x < width; x++) {
      const from = (y * width + x) * 3;
      bytes.set([data[from + 2]!, data[from + 1]!, data[from]!], row + x * bytesPerPixel);
    }
  }
  return bytes;
}

/** An entry of a hand-made archive: names and modes that honest writers refuse. */
export interface RawZipEntry {
  readonly name: string;
  readonly data: Uint8Array;
  /** Unix mode; a plain file's unless given. */
  readonly mode?: number;
  /** Uncompressed size that the archive claims, in bytes; the true one unless given. */
  readonly claimedBytes?: number;
}

/** A zip archive, entries deflated, nothing checked. */
export function zipBytes(entries: readonly RawZipEntry[]): Buffer {
  const files: Buffer[] = [];
  const directory: Buffer[] = [];
  let offset = 0;
  for (const { name, data, mode = 0o100644, claimedBytes = data.length } of entries) {
    const packed = deflateRawSync(data);
    const nameBytes = Buffer.from(name, 'utf8');
    // Version, flags (UTF-8 names), method, time, date, crc, sizes, lengths: the same in both headers.
    const shared = Buffer.alloc(26);
    shared.writeUInt16LE(20, 0);
    shared.writeUInt16LE(0x800, 2);
    shared.writeUInt16LE(8, 4);
    shared.writeUInt16LE(0x21, 8);
    shared.writeUInt32LE(crc32(data), 10);
    shared.writeUInt32LE(packed.length, 14);
    shared.writeUInt32LE(claimedBytes, 18);
    shared.writeUInt16LE(nameBytes.length, 22);
    const local = Buffer.concat([Buffer.from('PK\x03\x04', 'latin1'), shared, nameBytes, packed]);
    const tail = Buffer.alloc(14);
    tail.writeUInt32LE((mode << 16) >>> 0, 6);
    tail.writeUInt32LE(offset, 10);
    // Made by Unix, so that the mode counts.
    directory.push(Buffer.concat([Buffer.from('PK\x01\x02\x14\x03', 'latin1'), shared, tail, nameBytes]));
    files.push(local);
    offset += local.length;
  }
  const central = Buffer.concat(directory);
  const end = Buffer.alloc(22);
  end.write('PK\x05\x06', 'latin1');
  end.writeUInt16LE(entries.length, 8);
  end.writeUInt16LE(entries.length, 10);
  end.writeUInt32LE(central.length, 12);
  end.writeUInt32LE(offset, 16);
  return Buffer.concat([...files, central, end]);
}
