import type { PixelImage } from '../../shared/image.js';
import { halveImage } from './draft.js';

/** Fetches source pixels. */
export type LoadPixels = (url: string) => Promise<PixelImage>;

/** Source pixels kept in a worker's memory. */
const MEMORY_BYTES = 96 * 1024 * 1024;

/** Source pixels by address, fetched once; what was used longest ago goes out. */
export interface SourceStore {
  /** What is here already. */
  get(url: string): PixelImage | null;
  /** A picture at half its size, made once. */
  half(source: PixelImage): PixelImage;
  /** Resolves when {@link SourceStore.get} has it. */
  fetch(url: string): Promise<void>;
}

/** Opens a {@link SourceStore} with a bounded memory. */
export function createSourceStore(load: LoadPixels, memoryBytes: number = MEMORY_BYTES): SourceStore {
  const kept = new Map<string, PixelImage>();
  const halves = new WeakMap<PixelImage, PixelImage>();
  const loading = new Map<string, Promise<void>>();
  let bytes = 0;

  const keep = (url: string, image: PixelImage): void => {
    kept.set(url, image);
    bytes += image.data.length;
    for (const [oldest, old] of kept) {
      // The newest stays, however large it is.
      if (bytes <= memoryBytes || oldest === url) break;
      kept.delete(oldest);
      bytes -= old.data.length;
    }
  };

  return {
    get(url) {
      const image = kept.get(url) ?? null;
      if (image !== null) {
        // Moved to the end: the map's order is the order of use.
        kept.delete(url);
        kept.set(url, image);
      }
      return image;
    },
    half(source) {
      const known = halves.get(source) ?? halveImage(source);
      halves.set(source, known);
      return known;
    },
    fetch(url) {
      if (kept.has(url)) return Promise.resolve();
      const known = loading.get(url);
      if (known !== undefined) return known;
      const job = load(url)
        .then((image) => keep(url, image))
        .finally(() => loading.delete(url));
      loading.set(url, job);
      return job;
    },
  };
}
