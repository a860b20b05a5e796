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

/** How many cells stand side by side, so that a picture's cells stay together. */
export function gridColumns(variations: Variations, originals: boolean): number {
  const group = variations + (originals ? 1 : 0);
  return { 1: 4, 2: originals ? 6 : 4, 3: originals ? 4 : 6, 4: originals ? 5 : 4, 5: 5 }[group] ?? group;
}

/** The largest square that fits a grid's cells into a box, in CSS pixels. */
export function cellSize(
  box: { readonly width: number; readonly height: number },
  cells: number,
  columns: number,
  gap: number,
): number {
  const rows = Math.max(1, Math.ceil(cells / columns));
  const byWidth = (box.width - gap * (columns - 1)) / columns;
  const byHeight = (box.height - gap * (rows - 1)) / rows;
  return Math.max(48, Math.floor(Math.min(byWidth, byHeight)));
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
