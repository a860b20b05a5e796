import { createHash } from 'node:crypto';
import { GraftError } from '../../../shared/errors.js';
import type { PixelImage } from '../../../shared/image.js';
import { openPixelCacheWith, type PixelCacheSettings } from './cache.js';
import { decodeBytes, readPicture } from './decode.js';
import type { DatasetImage } from './types.js';

/**
 * Pixels kept in memory unless another bound is given, for epochs after the first. Not more: the system keeps what was read
 * from disk anyway, and gives that up when training needs the memory.
 */
export const MEMORY_BYTES = 32 * 1024 * 1024;

/** What is needed of a picture to get its pixels. */
export type PictureRef = Pick<DatasetImage, 'id' | 'file' | 'path'>;

/** Source pixels of pictures: from memory, else from the disk cache, else decoded. */
export interface SourcePixels {
  /** The result is shared: do not change it. */
  read(picture: PictureRef): Promise<PixelImage>;
}

/** Opens {@link SourcePixels} over a disk cache, with a bounded memory in front: what was used longest ago goes out. */
export function openSourcePixels(settings: PixelCacheSettings, memoryBytes: number = MEMORY_BYTES): SourcePixels {
  const cache = openPixelCacheWith(settings);
  const memory = new Map<string, PixelImage>();
  let bytes = 0;

  const remember = (id: string, image: PixelImage): void => {
    if (image.data.length > memoryBytes) return;
    memory.set(id, image);
    bytes += image.data.length;
    for (const [oldest, old] of memory) {
      if (bytes <= memoryBytes) break;
      memory.delete(oldest);
      bytes -= old.data.length;
    }
  };

  const load = async ({ id, file, path }: PictureRef): Promise<PixelImage> => {
    const cached = cache.readNow(id);
    if (cached !== null) return cached;
    try {
      const bytes = await readPicture(file);
      // Other bytes under this hash would poison the cache for every data set that has the picture.
      if (createHash('sha256').update(bytes).digest('hex') !== id) {
        throw new GraftError('unreadable-file', `${file}: its content has changed`);
      }
      const image = await decodeBytes(bytes, file, { maxShorterSide: settings.cap });
      await cache.write(id, image);
      return image;
    } catch (error) {
      if (!(error instanceof GraftError)) throw error;
      throw new GraftError(
        'unreadable-file',
        `expected the picture ${path} as it was when the data set was scanned, but it cannot be read any more: ${error.message}. Scan the data set again`,
        { cause: error, details: { path, ...error.details } },
      );
    }
  };

  return {
    async read(picture) {
      const known = memory.get(picture.id);
      if (known) {
        // Moved to the end: the map's order is the order of use.
        memory.delete(picture.id);
        memory.set(picture.id, known);
        return known;
      }
      const image = await load(picture);
      if (!memory.has(picture.id)) remember(picture.id, image);
      return image;
    },
  };
}
