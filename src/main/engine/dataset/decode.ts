import { readFile, stat } from 'node:fs/promises';
import sharp, { type Sharp } from 'sharp';
import { GraftError, messageOf } from '../../../shared/errors.js';
import type { PixelImage } from '../../../shared/image.js';
import type { InputSpec } from '../../../shared/input.js';
import { resizeImage, shorterSideSize } from '../../../shared/resize.js';
import { systemCode } from '../../common/system-code.js';
import { decodeBmp, parseBmpHeader } from './bmp.js';
import { createGate } from './decode-gate.js';
import { sniff } from './sniff.js';

/** Raised when pixels come out differently, so that cached ones are not found. */
export const DECODER_VERSION = 2;

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

/**
 * Reads a picture's bytes, unless there are too many.
 *
 * @throws GraftError `unreadable-file`; {@link problemOf} tells more
 */
export async function readPicture(file: string): Promise<Buffer> {
  try {
    const facts = await stat(file);
    // A device or a pipe would be read for ever.
    if (!facts.isFile()) return fail(file, 'not-an-image', 'expected a picture, received something that is no file');
    const { size } = facts;
    if (size > MAX_FILE_BYTES) {
      const sizeMiB = Math.ceil(size / 2 ** 20);
      return fail(file, 'too-large', `expected at most ${MAX_FILE_BYTES / 2 ** 20} MiB, received ${sizeMiB} MiB`);
    }
    return await readFile(file);
  } catch (error) {
    if (error instanceof GraftError) throw error;
    const isMissing = systemCode(error) === 'ENOENT';
    const message = isMissing ? 'the file does not exist' : `it cannot be opened: ${messageOf(error)}`;
    return fail(file, 'unreadable', message, error);
  }
}

/** The format that a file's bytes show, whatever its name says. */
function checkFormat(bytes: Buffer, file: string): string {
  const found = sniff(bytes);
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
}

/** libvips's words for a file that ends too early. */
const TRUNCATED =
  /premature end|truncat|unexpected end|end of (file|stream)|not enough (image )?data|read error|VipsJpeg: .*EOI|too few bytes|ran out of/i;

const PIXEL_LIMIT = /exceeds pixel limit/i;

const explainPixelLimit = (file: string, cause?: unknown): never =>
  fail(file, 'too-large', `expected at most ${MAX_PIXELS / 1e6} megapixels, the picture has more`, cause);

/** Whether a container says that it is longer than the file: libvips then only complains of a broken header. */
function endsEarly(bytes: Buffer, format: string): boolean {
  if (bytes.length < 8) return true;
  if (format === 'webp') return bytes.readUInt32LE(4) + 8 > bytes.length;
  if (format !== 'tiff') return false;
  const directoryAt = bytes[0] === 0x49 ? bytes.readUInt32LE(4) : bytes.readUInt32BE(4);
  return directoryAt >= bytes.length;
}

function explainSharp(bytes: Buffer, file: string, format: string, error: unknown): never {
  const message = messageOf(error).split('\n')[0]!;
  if (PIXEL_LIMIT.test(message)) return explainPixelLimit(file, error);
  const isTruncated = TRUNCATED.test(messageOf(error)) || endsEarly(bytes, format);
  if (isTruncated) return fail(file, 'truncated', `the picture is cut off: ${message}`, error);
  return fail(file, 'unreadable', `the picture cannot be decoded: ${message}`, error);
}

/** Any colour space, depth and alpha → sRGB, 8 bits, 3 channels, turned upright. */
function normalise(pipeline: Sharp): Sharp {
  return pipeline.autoOrient().flatten({ background: '#ffffff' }).toColourspace('srgb').removeAlpha();
}

type Decoded = Omit<DecodedImage, 'format'>;

/** libvips keeps one buffer of error texts for all threads: beside other failures, a failure's text may be theirs. */
const gate = createGate();

async function attempt(bytes: Buffer, file: string, cap: number, failOn: 'warning' | 'truncated'): Promise<Decoded> {
  // Embedded profiles are left out, as every tool leaves them out that the backbones were trained with.
  const options = { failOn, limitInputPixels: MAX_PIXELS, sequentialRead: true, ignoreIcc: true };
  const { autoOrient, width, height } = await sharp(bytes, options).metadata();
  const originalWidth = autoOrient.width ?? width;
  const originalHeight = autoOrient.height ?? height;
  let pipeline = normalise(sharp(bytes, options).timeout({ seconds: TIMEOUT_SECONDS }));
  if (Math.min(originalWidth, originalHeight) > cap) {
    const target = sourceSize(originalWidth, originalHeight, cap);
    // Against one resize from the whole picture, this kernel before it costs half the difference that a linear one does.
    pipeline = pipeline.resize({ ...target, fit: 'fill', kernel: 'lanczos3' });
  }
  const { data, info } = await pipeline.raw({ depth: 'uchar' }).toBuffer({ resolveWithObject: true });
  if (info.channels !== 3) return fail(file, 'unreadable', `expected 3 channels, received ${info.channels}`);
  const pixels = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  return { width: info.width, height: info.height, data: pixels, originalWidth, originalHeight };
}

async function decodeSharp(bytes: Buffer, file: string, format: string, cap: number): Promise<Decoded> {
  try {
    return await gate.shared(() => attempt(bytes, file, cap, 'warning'));
  } catch (error) {
    if (error instanceof GraftError) throw error;
  }
  // libvips warns also of what leaves the picture whole, such as odd metadata; only a picture that is cut off is refused.
  try {
    return await gate.alone(() => attempt(bytes, file, cap, 'truncated'));
  } catch (error) {
    if (error instanceof GraftError) throw error;
    return explainSharp(bytes, file, format, error);
  }
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

function decodeUncompressed(bytes: Buffer, file: string, cap: number): Decoded {
  const header = parseBmpHeader(bytes, file);
  const { width, height } = header;
  if (width * height > MAX_PIXELS) explainPixelLimit(file);
  const whole = decodeBmp(bytes, header, file);
  const target = sourceSize(width, height, cap);
  const image = target.width === width ? whole : resizeImage(whole, target.width, target.height, 'bicubic');
  return { ...image, originalWidth: width, originalHeight: height };
}

export interface DecodeOptions {
  /** A larger picture is shrunk, antialiased, until its shorter side has this length, in pixels. */
  readonly maxShorterSide?: number;
}

/**
 * Decodes a picture's bytes: first frame, upright, sRGB, 8 bits, transparency on white. They are read to their end, so
 * that a picture that is cut off is found.
 *
 * @param file named in errors
 * @throws GraftError `unreadable-file`; {@link problemOf} tells more
 */
export async function decodeBytes(bytes: Buffer, file: string, options: DecodeOptions = {}): Promise<DecodedImage> {
  const cap = options.maxShorterSide ?? Infinity;
  const format = checkFormat(bytes, file);
  const decoded = format === 'bmp' ? decodeUncompressed(bytes, file, cap) : await decodeSharp(bytes, file, format, cap);
  return { ...decoded, format };
}

/** Reads a file and decodes it as {@link decodeBytes} does. */
export async function decodeImage(file: string, options: DecodeOptions = {}): Promise<DecodedImage> {
  return await decodeBytes(await readPicture(file), file, options);
}
