import { createHash } from 'node:crypto';
import { stat } from 'node:fs/promises';
import { GraftError } from '../../../shared/errors.js';
import { getBackbone } from '../backbones/registry.js';
import { openPixelCache, pixelCacheFile, type PixelCacheSettings } from '../dataset/cache.js';
import { readPicture } from '../dataset/decode.js';
import { openSourcePixels, type PictureRef } from '../dataset/source-pixels.js';
import type { NewestFirst } from './newest-first.js';
import { shownPixelsFolder } from './paths.js';

/** A picture of which source pixels are wanted. */
export interface PixelsSource {
  /** Inside the data set; for errors. */
  readonly path: string;
  readonly file: string;
  /** sha256 of its bytes where they were read before; null where they were not. */
  readonly hash: string | null;
}

export interface Pixels {
  /**
   * The file in the pixel cache that training reads a picture from, made when it is not there.
   *
   * @throws GraftError `unknown-backbone`, `unreadable-file`, `disk-full`, `cancelled`
   */
  get(source: PixelsSource, backbone: string, signal: AbortSignal): Promise<string>;
}

/** Bound of what is kept apart while training's cache is full. */
const SHOWN_MAX_BYTES = 256 * 1024 ** 2;

/** Makes sure that a picture's pixels lie in one cache; null when that has no room for them. */
type Store = (picture: PictureRef) => Promise<string | null>;

function openStore(settings: PixelCacheSettings): Store {
  // Nothing is kept in memory: the file is what counts.
  const source = openSourcePixels(settings, 0);
  return async (picture) => {
    await source.read(picture);
    const file = pixelCacheFile(settings, picture.id);
    return await stat(file).then(
      () => file,
      () => null,
    );
  };
}

/** Opens the source pixels; decodes go through `queue`. */
export function openPixels(queue: NewestFirst): Pixels {
  /** By the shorter side that pixels keep: backbones of one input size share them. */
  const storesByCap = new Map<number, Store>();

  const storeFor = (settings: PixelCacheSettings): Store => {
    const known = storesByCap.get(settings.cap);
    if (known !== undefined) return known;
    const own = openStore(settings);
    // Training's cache takes nothing more while what is in use fills it; what lies apart may go whenever room is needed.
    const apart = openStore({
      ...settings,
      folder: shownPixelsFolder(),
      maxBytes: SHOWN_MAX_BYTES,
      openedMs: Infinity,
    });
    const store: Store = async (picture) => (await own(picture)) ?? (await apart(picture));
    storesByCap.set(settings.cap, store);
    return store;
  };

  return {
    async get({ path, file, hash }, backbone, signal) {
      const { settings } = openPixelCache({ input: getBackbone(backbone).input });
      return await queue.run(`pixels ${settings.cap} ${file}`, signal, async () => {
        const id =
          hash ??
          createHash('sha256')
            .update(await readPicture(file))
            .digest('hex');
        const stored = await storeFor(settings)({ id, file, path });
        if (stored !== null) return stored;
        throw new GraftError(
          'disk-full',
          `expected to keep the pixels of ${path} in ${settings.folder}, but they could not be written: look whether the disk is full or write-protected`,
        );
      });
    },
  };
}
