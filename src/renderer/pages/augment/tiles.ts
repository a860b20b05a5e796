import type { Recipe } from '../../../shared/recipe.js';
import type { ImageItem } from '../../../shared/studio.js';
import type { PreviewTile } from '../../preview/protocol.js';
import { viewOfEpoch } from '../../preview/view.js';

/** One cell of the grid. */
export interface GridCell {
  readonly key: string;
  readonly image: ImageItem;
  /** Whose dice it shows; null for the original. */
  readonly epoch: number | null;
}

/** Squares of the grid that show dice, whatever their number a picture. */
export const TILE_COUNT = 12;

export const VARIATIONS = [1, 2, 3, 4] as const;
export type Variations = (typeof VARIATIONS)[number];

/**
 * The cells of the grid: each picture in so many epochs from `epoch` on, behind its original where that is wanted. After
 * the last epoch comes the first again.
 */
export function gridCells(
  pictures: readonly ImageItem[],
  options: {
    readonly variations: Variations;
    readonly epoch: number;
    readonly epochs: number;
    readonly originals: boolean;
  },
): GridCell[] {
  const { variations, epoch, epochs, originals } = options;
  return pictures.slice(0, TILE_COUNT / variations).flatMap((image) => [
    ...(originals ? [{ key: `${image.path}/original`, image, epoch: null }] : []),
    ...Array.from({ length: variations }, (_, variation) => ({
      key: `${image.path}/${variation}`,
      image,
      epoch: ((epoch - 1 + variation) % epochs) + 1,
    })),
  ]);
}

const COLUMNS = { 1: 4, 2: 4, 3: 6, 4: 4 } as const satisfies Record<Variations, number>;
const COLUMNS_WITH_ORIGINALS = { 1: 6, 2: 6, 3: 4, 4: 5 } as const satisfies Record<Variations, number>;

/** How many cells stand side by side, so that a picture's cells stay together. */
export function gridColumns(variations: Variations, originals: boolean): number {
  return (originals ? COLUMNS_WITH_ORIGINALS : COLUMNS)[variations];
}

/** Space between cells of one picture and of different ones, in CSS pixels. */
const GAP = 4;
const GROUP_GAP = 12;
const MIN_CELL = 48;

/** How cells of one picture stand together: by more space around them, where there are several. */
export function gridGaps(
  variations: Variations,
  originals: boolean,
): { readonly inner: number; readonly outer: number } {
  return variations + Number(originals) === 1 ? { inner: 8, outer: 8 } : { inner: GAP, outer: GROUP_GAP };
}

/** The largest square that fits a grid's cells into a box, in CSS pixels. */
export function cellSize(
  box: { readonly width: number; readonly height: number },
  cells: number,
  variations: Variations,
  originals: boolean,
): number {
  const columns = gridColumns(variations, originals);
  const { inner, outer } = gridGaps(variations, originals);
  const groups = columns / (variations + Number(originals));
  const rows = Math.max(1, Math.ceil(cells / columns));
  const byWidth = (box.width - outer * (groups - 1) - inner * (columns - groups)) / columns;
  const byHeight = (box.height - outer * (rows - 1)) / rows;
  return Math.max(MIN_CELL, Math.floor(Math.min(byWidth, byHeight)));
}

/** What the workers are asked for: cells, with their dice. */
export function toPreviewTiles(
  cells: readonly GridCell[],
  views: Recipe['training']['views'],
  urlOf: (image: ImageItem) => string,
): PreviewTile[] {
  return cells.map(({ key, image, epoch }) => ({
    key,
    imageId: image.hash,
    url: urlOf(image),
    view: epoch === null ? null : viewOfEpoch(epoch, views),
  }));
}
