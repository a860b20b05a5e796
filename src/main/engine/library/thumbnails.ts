import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { isAbsolute } from 'node:path';
import sharp from 'sharp';
import { GraftError } from '../../../shared/errors.js';
import { decodeBytes, DECODER_VERSION, readPicture } from '../dataset/decode.js';
import { openBoundedFolder } from './bounded-folder.js';
import type { NewestFirst } from './newest-first.js';
import { thumbnailsFolder } from './paths.js';

/** A picture of which a thumbnail is wanted. */
export interface ThumbnailSource {
  readonly file: string;
  /** sha256 of its bytes where they were read before; null where they were not. */
  readonly hash: string | null;
}

export interface Thumbnails {
  /**
   * A webp of at most `size` × `size` pixels, upright, its shape kept; never larger than the picture.
   *
   * @returns its file, in the cache
   * @throws GraftError `unreadable-file`, `invalid-value`, `disk-full`, `cancelled`
   */
  get(source: ThumbnailSource, size: number, signal: AbortSignal): Promise<string>;
}

const QUALITY = 78;
const MAX_BYTES = 512 * 1024 ** 2;
/** Files outside the data set whose hash is remembered. */
const REMEMBERED_FILES = 2000;

const FILE_NAME = /^v\d+\/[0-9a-f]{2}\/[0-9a-f]{64}-\d+\.webp/;
const nameOf = (hash: string, size: number): string => `v${DECODER_VERSION}/${hash.slice(0, 2)}/${hash}-${size}.webp`;

async function encode(bytes: Buffer, file: string, size: number): Promise<Buffer> {
  // The decoder of training: what it refuses has no thumbnail either, and colours and the turn are the same.
  const { width, height, data } = await decodeBytes(bytes, file, { maxShorterSide: size });
  return await sharp(data, { raw: { width, height, channels: 3 } })
    .resize({ width: size, height: size, fit: 'inside', withoutEnlargement: true })
    .webp({ quality: QUALITY })
    .toBuffer();
}

/** Opens the cache of thumbnails; decodes go through `queue`. */
export function openThumbnails(queue: NewestFirst, maxBytes: number = MAX_BYTES): Thumbnails {
  const folder = openBoundedFolder(thumbnailsFolder(), FILE_NAME, maxBytes);
  /** Hashes by what a file looks like from outside. */
  const hashes = new Map<string, string>();

  const remember = (key: string, hash: string): void => {
    hashes.delete(key);
    hashes.set(key, hash);
    if (hashes.size > REMEMBERED_FILES) hashes.delete(hashes.keys().next().value!);
  };

  return {
    async get({ file, hash }, size, signal) {
      if (!isAbsolute(file)) {
        throw new GraftError('invalid-value', `expected an absolute path to a picture, received "${file}"`);
      }
      const facts = hash === null ? await stat(file).catch(() => null) : null;
      const key = facts === null ? null : `${file}\n${facts.size}\n${facts.mtimeMs}`;
      const known = hash ?? (key === null ? null : (hashes.get(key) ?? null));
      const found = known === null ? null : await folder.find(nameOf(known, size));
      if (found !== null) return found;
      return await queue.run(`thumbnail ${size} ${file}`, signal, async () => {
        const bytes = await readPicture(file);
        // The file may have changed since its hash was taken.
        const own = createHash('sha256').update(bytes).digest('hex');
        if (key !== null) remember(key, own);
        const made = own === known ? null : await folder.find(nameOf(own, size));
        return made ?? (await folder.write(nameOf(own, size), await encode(bytes, file, size)));
      });
    },
  };
}
