import { GraftError } from '../../../shared/errors.js';
import type { PixelImage } from '../../../shared/image.js';

/** Pixels of a BMP's 24 or 32 bits start here at the earliest: file header and BITMAPINFOHEADER. */
const MIN_HEADER_BYTES = 54;
const BI_RGB = 0;
const BI_BITFIELDS = 3;
/** Masks of the only bit field layout that is written in practice: BGRX. */
const BGRX_MASKS = [0xff0000, 0xff00, 0xff] as const;

export interface BmpHeader {
  readonly width: number;
  readonly height: number;
  readonly isTopDown: boolean;
  readonly bytesPerPixel: 3 | 4;
  readonly pixelsAt: number;
}

/**
 * Reads the header of an uncompressed BMP of 24 or 32 bits.
 *
 * @throws GraftError `unreadable-file` for every other kind; `details.problem` says `unsupported-format` or `truncated`
 */
export function parseBmpHeader(bytes: Buffer, file: string): BmpHeader {
  const fail = (problem: string, received: string): never => {
    const message = `${file}: expected an uncompressed BMP of 24 or 32 bits, received ${received}: save it as JPEG or PNG`;
    throw new GraftError('unreadable-file', message, { details: { problem } });
  };
  if (bytes.length < MIN_HEADER_BYTES) return fail('truncated', `${bytes.length} bytes`);
  const headerBytes = bytes.readUInt32LE(14);
  if (headerBytes < 40) return fail('unsupported-format', 'an OS/2 BMP');
  const bits = bytes.readUInt16LE(28);
  const compression = bytes.readUInt32LE(30);
  if (bits !== 24 && bits !== 32) return fail('unsupported-format', `${bits} bits a pixel`);
  if (compression === BI_BITFIELDS && bits === 32 && bytes.length >= 66) {
    const hasKnownMasks = BGRX_MASKS.every((mask, channel) => bytes.readUInt32LE(54 + channel * 4) === mask);
    if (!hasKnownMasks) return fail('unsupported-format', 'an unusual order of channels');
  } else if (compression !== BI_RGB) {
    return fail('unsupported-format', `compression ${compression}`);
  }
  const width = bytes.readInt32LE(18);
  const signedHeight = bytes.readInt32LE(22);
  if (width <= 0 || signedHeight === 0) return fail('unreadable', `a size of ${width}×${signedHeight}`);
  return {
    width,
    height: Math.abs(signedHeight),
    isTopDown: signedHeight < 0,
    bytesPerPixel: bits === 24 ? 3 : 4,
    pixelsAt: bytes.readUInt32LE(10),
  };
}

/**
 * Decodes a BMP whose header was checked, size limits included. The fourth byte of 32 bits is ignored: few writers mean
 * alpha by it.
 *
 * @throws GraftError `unreadable-file` when the file ends before its last row; `details.problem` is `truncated`
 */
export function decodeBmp(bytes: Buffer, header: BmpHeader, file: string): PixelImage {
  const { width, height, isTopDown, bytesPerPixel, pixelsAt } = header;
  const stride = Math.ceil((width * bytesPerPixel) / 4) * 4;
  // The last row's padding may be missing: other readers do not mind either.
  const needed = pixelsAt + stride * (height - 1) + width * bytesPerPixel;
  if (bytes.length < needed) {
    throw new GraftError('unreadable-file', `${file}: expected a BMP of ${needed} bytes, received ${bytes.length}`, {
      details: { problem: 'truncated' },
    });
  }
  const data = new Uint8Array(width * height * 3);
  let to = 0;
  for (let y = 0; y < height; y++) {
    let from = pixelsAt + stride * (isTopDown ? y : height - 1 - y);
    for (let x = 0; x < width; x++, from += bytesPerPixel, to += 3) {
      data[to] = bytes[from + 2]!;
      data[to + 1] = bytes[from + 1]!;
      data[to + 2] = bytes[from]!;
    }
  }
  return { width, height, data };
}
