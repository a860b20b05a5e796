import { stat } from 'node:fs/promises';
import { createHash } from 'node:crypto';
import { basename } from 'node:path';
import { GraftError, messageOf } from '../../../shared/errors.js';
import type { PixelImage } from '../../../shared/image.js';
import { luma } from '../../../shared/augment/colour.js';
import type { PixelCache } from './cache.js';
import { decodeBytes, DECODER_VERSION, problemOf, readPicture } from './decode.js';

/** What a look at one file found. Kept between scans under the file's path, size and time. */
export interface Examination {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
  readonly decoder: number;
  /** sha256 of the file's bytes; null when they could not be read. */
  readonly id: string | null;
  readonly width: number;
  readonly height: number;
  readonly format: string;
  /** Null when the file can be used. */
  readonly problem: { readonly code: string; readonly message: string } | null;
}

/** Shorter side that suffices to see whether a picture can be decoded to its end. */
const CHECK_CAP = 512;

/** Names that web sites give to the picture that stands in for a missing one. */
const PLACEHOLDER_NAMES =
  /(image|photo|picture|img)[-_ ]?(was[-_ ]?)?(not[-_ ]?found|unavailable|missing)|no[-_ ]?(image|photo)|placeholder/i;
/** Bits a pixel of brightness; photos have six to eight, a line of text on paper less than one. */
const PLACEHOLDER_ENTROPY_BITS = 2;

/** Shannon entropy of a picture's brightness, in bits. */
function brightnessEntropy({ data }: PixelImage): number {
  const counts = new Uint32Array(256);
  for (let i = 0; i < data.length; i += 3) {
    const value = luma(data[i]!, data[i + 1]!, data[i + 2]!);
    counts[value] = counts[value]! + 1;
  }
  const total = data.length / 3;
  return counts.reduce((bits, count) => (count === 0 ? bits : bits - (count / total) * Math.log2(count / total)), 0);
}

/**
 * Looks at one file: its hash, whether it is a picture, whether it decodes to its end. The pixels of that decode go into
 * the cache, so that nothing is decoded twice.
 *
 * @param known what an earlier scan found; returned as it is when the file has not changed
 */
export async function examineFile(
  file: string,
  known: Examination | undefined,
  cache: PixelCache | null,
): Promise<Examination> {
  const facts = await stat(file).catch((cause: unknown) => {
    throw new GraftError('unreadable-file', `${file}: it cannot be read: ${messageOf(cause)}`, { cause });
  });
  const base = { sizeBytes: facts.size, modifiedMs: facts.mtimeMs, decoder: DECODER_VERSION };
  const isKnown =
    known !== undefined &&
    known.sizeBytes === base.sizeBytes &&
    known.modifiedMs === base.modifiedMs &&
    known.decoder === base.decoder;
  if (isKnown) return known;

  const nothing = { ...base, id: null, width: 0, height: 0, format: '' };
  try {
    const bytes = await readPicture(file);
    const id = createHash('sha256').update(bytes).digest('hex');
    const image = await decodeBytes(bytes, file, { maxShorterSide: cache?.settings.cap ?? CHECK_CAP });
    const found = { ...base, id, width: image.originalWidth, height: image.originalHeight, format: image.format };
    if (PLACEHOLDER_NAMES.test(basename(file)) && brightnessEntropy(image) < PLACEHOLDER_ENTROPY_BITS) {
      const message =
        "a web site's stand-in for a missing picture: its name says so, and nearly all of it is one colour";
      return { ...found, problem: { code: 'placeholder', message } };
    }
    await cache?.write(id, image);
    return { ...found, problem: null };
  } catch (error) {
    if (!(error instanceof GraftError)) throw error;
    // The list names the file already.
    const message = error.message.startsWith(`${file}: `) ? error.message.slice(file.length + 2) : error.message;
    return { ...nothing, problem: { code: problemOf(error), message } };
  }
}
