import { createStream } from '../../../shared/random.js';
import type { ImageFilter } from '../../../shared/contract.js';
import type { ImageItem, ImagePage } from '../../../shared/studio.js';

/** Asks for pictures of the data set. */
export type FetchPage = (filter: ImageFilter, offset: number, limit: number) => Promise<ImagePage>;

export interface PictureChoice {
  /** Classes with how many training pictures each has. */
  readonly classes: readonly { readonly name: string; readonly train: number }[];
  /** Only of this class; null for all in turn. */
  readonly className: string | null;
  readonly count: number;
  /** Another one shows other pictures. */
  readonly shuffle: number;
  /** Pictures that stay, first. */
  readonly pinned: readonly ImageItem[];
}

/** Training pictures that are used, of one class or of all. */
export const trainingFilter = (className: string | null): ImageFilter => ({
  className,
  split: 'train',
  problem: null,
  isExcluded: false,
  search: '',
});

/**
 * Picks training pictures: the classes in turn, so that each is seen, and within a class at random. The same choice gives
 * the same pictures.
 */
export async function choosePictures(fetchPage: FetchPage, choice: PictureChoice): Promise<ImageItem[]> {
  const { className, count, shuffle, pinned } = choice;
  const classes = choice.classes.filter(({ name, train }) => train > 0 && (className === null || name === className));
  const kept = pinned.slice(0, count);
  const orders = classes.map(({ name, train }) => ({
    name,
    order: createStream('preview', shuffle, name).permutation(Math.min(train, 10_000)),
    next: 0,
  }));
  const seen = new Set(kept.map(({ path }) => path));
  const chosen = [...kept];
  while (chosen.length < count) {
    const round = orders.filter(({ order, next }) => next < order.length).slice(0, count - chosen.length);
    if (round.length === 0) break;
    const pages = await Promise.all(round.map((one) => fetchPage(trainingFilter(one.name), one.order[one.next++]!, 1)));
    for (const [item] of pages.map(({ items }) => items)) {
      if (item === undefined || seen.has(item.path)) continue;
      seen.add(item.path);
      chosen.push(item);
    }
  }
  return chosen;
}
