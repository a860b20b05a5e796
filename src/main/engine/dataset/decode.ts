import { open, readFile } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { GraftError, messageOf } from '../../../shared/errors.js';
import type { PixelImage } from '../../../shared/image.js';
import type { InputSpec } from '../../../shared/input.js';
import { resizeImage, shorterSideSize } from '../../../shared/resize.js';
import { systemCode } from '../files.js';
import { decodeBmp } from './bmp.js';
import { sniff, SNIFF_BYTES } from './sniff.js';

/** Raised when pixels come out differently, so that cached ones are not found. */
export const DECODER_VERSION = 1;

/** A decompression bomb has more pixels than any photo. */
export const MAX_PIXELS = 120_000_000;
/** No photo file is larger. */
export const MAX_FILE_BYTES = 200 * 1024 * 1024;
const TIMEOUT_SECONDS = 60;

// Loaders for formats that nobody photographs in (SVG among them) stay closed: less code meets untrusted bytes.
sharp.block({ operation: ['VipsForeignLoad'] });
sharp.unblock({
  operation: [
    'VipsForeignLoadJpeg',
    'VipsForeignLoadPng',
    'VipsForeignLoadWebp',
    'VipsForeignLoadNsgif',
    'VipsForeignLoadTiff',
    'VipsForeignLoadHeif',
  ],
});
sharp.cache(false);

/** Formats that can be read here, by their usual names. */
export function supportedFormats(): string[] {
  const readable = (['jpeg', 'png', 'webp', 'gif', 'tiff', 'heif'] as const).filter(
    (id) => sharp.format[id].input.buffer,
  );
  return [...readable.map((id) => (id === 'heif' ? 'avif' : id)), 'bmp'];
}

/** Why a file cannot be a picture of a data set. */
export type DecodeProblem =
  'empty-file' | 'not-an-image' | 'unsupported-format' | 'too-large' | 'truncated' | 'unreadable';

/** The problem that a {@link GraftError} from here stands for. */
export function problemOf(error: GraftError): DecodeProblem {
  const problem = error.details?.['problem'];
  return typeof problem === 'string' ? (problem as DecodeProblem) : 'unreadable';
}

function fail(file: string, problem: DecodeProblem, message: string, cause?: unknown): never {
  throw new GraftError('unreadable-file', `${file}: ${message}`, {
    details: { problem, file },
    ...(cause === undefined ? {} : { cause }),
  });
}

/** The shorter side that source pixels keep at most: twice what framing needs, so that crops stay sharp. */
export function sourceCap(input: InputSpec): number {
  return 2 * input.resize;
}

/** A file's format, checked by its first bytes and its size before anything decodes it. */
async function checkFile(file: string): Promise<string> {
  const handle = await open(file).catch((cause: unknown) => {
    const isMissing = systemCode(cause) === 'ENOENT';
    return fail(
      file,
      'unreadable',
      isMissing ? 'the file does not exist' : `it cannot be opened: ${messageOf(cause)}`,
      cause,
    );
  });
  try {
    const { size } = await handle.stat();
    if (size > MAX_FILE_BYTES) {
      return fail(
        file,
        'too-large',
        `expected at most ${MAX_FILE_BYTES / 2 ** 20} MiB, received ${Math.ceil(size / 2 ** 20)} MiB`,
      );
    }
    const { buffer, bytesRead } = await handle.read(new Uint8Array(SNIFF_BYTES), 0, SNIFF_BYTES, 0);
    const found = sniff(buffer.subarray(0, bytesRead));
    switch (found.kind) {
      case 'image':
        return found.format;
      case 'empty':
        return fail(file, 'empty-file', 'expected a picture, the file is empty');
      case 'unsupported':
        return fail(
          file,
          'unsupported-format',
          `expected a photo format, received ${found.format}: save it as JPEG or PNG`,
        );
      case 'other':
        return fail(file, 'not-an-image', "expected a picture, the file's first bytes are not those of one");
    }
  } finally {
    await handle.close();
  }
}

/** libvips's words for a file that ends too early. */
const TRUNCATED =
  /premature end|truncat|unexpected end|end of (file|stream)|not enough (image )?data|read error|VipsJpeg: .*EOI|too few bytes|ran out of/i;

function explainSharp(file: string, error: unknown): never {
  const message = messageOf(error).split('\n')[0]!;
  if (/exceeds pixel limit/i.test(message)) {
    return fail(file, 'too-large', `expected at most ${MAX_PIXELS / 1e6} megapixels, the picture has more`, error);
  }
  if (TRUNCATED.test(messageOf(error))) return fail(file, 'truncated', `the picture is cut off: ${message}`, error);
  return fail(file, 'unreadable', `the picture cannot be decoded: ${message}`, error);
}

/** Any colour space, depth and alpha → sRGB, 8 bits, 3 channels, turned upright. */
function normalise(pipeline: Sharp): Sharp {
  return pipeline.autoOrient().flatten({ background: '#ffffff' }).toColourspace('srgb').removeAlpha();
}

type Decoded = Omit<DecodedImage, 'format'>;

async function decodeSharp(file: string, cap: number): Promise<Decoded> {
  // libvips warns also of what leaves the picture whole, such as odd metadata; only a picture that is cut off is refused.
  for (const failOn of ['warning', 'truncated'] as const) {
    try {
      const options = { failOn, limitInputPixels: MAX_PIXELS, sequentialRead: true };
      const { autoOrient, width, height } = await sharp(file, options).metadata();
      const originalWidth = autoOrient.width ?? width;
      const originalHeight = autoOrient.height ?? height;
      let pipeline = normalise(sharp(file, options).timeout({ seconds: TIMEOUT_SECONDS }));
      if (Math.min(originalWidth, originalHeight) > cap) {
        const target = sourceSize(originalWidth, originalHeight, cap);
        pipeline = pipeline.resize({ ...target, fit: 'fill', kernel: 'linear' });
      }
      const { data, info } = await pipeline.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
      if (info.channels !== 3) return fail(file, 'unreadable', `expected 3 channels, received ${info.channels}`);
      const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
      return { width: info.width, height: info.height, data: pixels, originalWidth, originalHeight };
    } catch (error) {
      if (error instanceof GraftError) throw error;
      if (failOn === 'truncated' || TRUNCATED.test(messageOf(error)) || /exceeds pixel limit/i.test(messageOf(error))) {
        explainSharp(file, error);
      }
    }
  }
  return fail(file, 'unreadable', 'the picture cannot be decoded');
}

/** A decoded picture and what it was. */
export interface DecodedImage extends PixelImage {
  readonly format: string;
  /** Before it was shrunk, upright, in pixels. */
  readonly originalWidth: number;
  readonly originalHeight: number;
}

/** The size that source pixels have after {@link decodeImage} with a cap on the shorter side. */
export function sourceSize(width: number, height: number, cap: number): { width: number; height: number } {
  return Math.min(width, height) > cap ? shorterSideSize(width, height, cap) : { width, height };
}

/**
 * Decodes a picture: first frame, upright, sRGB, transparency on white.
 *
 * @param options.maxShorterSide a larger picture is shrunk, antialiased, until its shorter side has this length
 * @throws GraftError `unreadable-file`; {@link problemOf} tells more
 */
export async function decodeImage(
  file: string,
  options: { readonly maxShorterSide?: number } = {},
): Promise<DecodedImage> {
  const cap = options.maxShorterSide ?? Infinity;
  const format = await checkFile(file);
  if (format !== 'bmp') return { ...(await decodeSharp(file, cap)), format };
  let image: PixelImage;
  try {
    image = decodeBmp(await readFile(file), MAX_PIXELS);
  } catch (error) {
    return fail(file, /truncated/.test(messageOf(error)) ? 'truncated' : 'unreadable', messageOf(error), error);
  }
  const { width: originalWidth, height: originalHeight } = image;
  const target = sourceSize(originalWidth, originalHeight, cap);
  if (target.width !== originalWidth) image = resizeImage(image, target.width, target.height, 'bilinear');
  return { ...image, format, originalWidth, originalHeight };
}
