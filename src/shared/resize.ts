import type { PixelImage } from './image.js';
import type { Interpolation } from './input.js';
import { pixelKernels } from './pixel-kernels.js';
import { resizeAlongX, resizeAlongY } from './resize-passes.js';
import { type Coefficients, coefficients, reach } from './resize-weights.js';

/** A rectangle of whole pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A resize, worked out. */
export interface ResizeJob {
  readonly source: PixelImage;
  /** Where the tables' positions count from, in the source's pixels. */
  readonly left: number;
  readonly top: number;
  readonly horizontal: Coefficients;
  readonly vertical: Coefficients;
  /** Which pass comes first; bytes between them are rounded. */
  readonly isAlongYFirst: boolean;
}

function resizePlainly({ source, left, top, horizontal, vertical, isAlongYFirst }: ResizeJob): PixelImage {
  if (isAlongYFirst) {
    const columns = reach(horizontal);
    const lines = resizeAlongY(source, top, left + columns.from, columns.length, vertical);
    return resizeAlongX(lines, -columns.from, 0, vertical.first.length, horizontal);
  }
  const rows = reach(vertical);
  const lines = resizeAlongX(source, left, top + rows.from, rows.length, horizontal);
  return resizeAlongY(lines, -rows.from, 0, horizontal.first.length, vertical);
}

export interface ResizeOptions {
  /** Part of the source that is resized; all of it unless given. */
  readonly box?: Box;
  /** Part of the result that is wanted; all of it unless given. Nothing else is computed. */
  readonly window?: Box;
}

/**
 * Resizes with an antialiased separable filter, bit by bit as Pillow does it (libImaging/Resample.c): fixed-point weights,
 * uint8 between the two passes, and Pillow 13's order of them: along x first, unless the height shrinks by more than twice
 * of what the width does.
 *
 * @param width of the whole result, in pixels
 * @param height of the whole result, in pixels
 */
export function resizeImage(
  source: PixelImage,
  width: number,
  height: number,
  interpolation: Interpolation,
  options: ResizeOptions = {},
): PixelImage {
  const box = options.box ?? { left: 0, top: 0, width: source.width, height: source.height };
  const window = options.window ?? { left: 0, top: 0, width, height };
  const horizontal = coefficients(box.width, width, window.left, window.left + window.width, interpolation);
  const vertical = coefficients(box.height, height, window.top, window.top + window.height, interpolation);
  const shrinkX = box.width - width;
  const shrinkY = box.height - height;
  const isAlongYFirst = shrinkY > 0 && shrinkY > 2 * shrinkX;
  const job = { source, left: box.left, top: box.top, horizontal, vertical, isAlongYFirst };
  return pixelKernels()?.resize(job) ?? resizePlainly(job);
}

/**
 * Size after the shorter side has been resized to `shorter`, as torchvision's `Resize` computes it.
 */
export function shorterSideSize(width: number, height: number, shorter: number): { width: number; height: number } {
  return width <= height
    ? { width: shorter, height: Math.floor((shorter * height) / width) }
    : { width: Math.floor((shorter * width) / height), height: shorter };
}

/** Rounds to the nearest whole number, halves to the even one, as Python's `round` does. */
export function roundHalfEven(value: number): number {
  const floor = Math.floor(value);
  const rest = value - floor;
  if (rest !== 0.5) return Math.round(value);
  return floor % 2 === 0 ? floor : floor + 1;
}
