import type { PixelImage } from '../image.js';
import { pixelKernels } from '../pixel-kernels.js';

/** A 3×3 matrix, row by row, mapping output coordinates to input coordinates. */
export type Matrix = readonly [number, number, number, number, number, number, number, number, number];

export const IDENTITY: Matrix = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/** `a · b`: first `b`, then `a`. */
export function multiply(a: Matrix, b: Matrix): Matrix {
  const at = (row: number, column: number): number =>
    a[row * 3]! * b[column]! + a[row * 3 + 1]! * b[column + 3]! + a[row * 3 + 2]! * b[column + 6]!;
  return [at(0, 0), at(0, 1), at(0, 2), at(1, 0), at(1, 1), at(1, 2), at(2, 0), at(2, 1), at(2, 2)];
}

const radians = (degrees: number): number => (degrees * Math.PI) / 180;

/**
 * The inverse of torchvision's affine transform (`_get_inverse_affine_matrix`): rotation, scale and shear about a centre,
 * then a translation.
 *
 * @param degrees clockwise
 */
export function inverseAffine(
  degrees: number,
  translate: readonly [number, number],
  scale: number,
  shearDegrees: readonly [number, number],
  centre: readonly [number, number],
): Matrix {
  const rot = radians(degrees);
  const [sx, sy] = shearDegrees.map(radians) as [number, number];
  const [cx, cy] = centre;
  const [tx, ty] = translate;
  const a = Math.cos(rot - sy) / Math.cos(sy);
  const b = (-Math.cos(rot - sy) * Math.tan(sx)) / Math.cos(sy) - Math.sin(rot);
  const c = Math.sin(rot - sy) / Math.cos(sy);
  const d = (-Math.sin(rot - sy) * Math.tan(sx)) / Math.cos(sy) + Math.cos(rot);
  const [m0, m1, m3, m4] = [d / scale, -b / scale, -c / scale, a / scale];
  const m2 = m0 * (-cx - tx) + m1 * (-cy - ty) + cx;
  const m5 = m3 * (-cx - tx) + m4 * (-cy - ty) + cy;
  return [m0, m1, m2, m3, m4, m5, 0, 0, 1];
}

/** Whether a matrix moves whole pixels onto whole pixels: flips, quarter turns, whole shifts. */
function isPixelMove([a, b, c, d, e, f, g, h, i]: Matrix): boolean {
  const isUnit = (p: number, q: number): boolean => Math.abs(p) + Math.abs(q) === 1 && p * q === 0;
  return isUnit(a, b) && isUnit(d, e) && Number.isInteger(c) && Number.isInteger(f) && g === 0 && h === 0 && i === 1;
}

/** The run of positions x, from 0 up to `count`, for which `step · x + start` lies in 0..length; `step` is −1, 0 or 1. */
function runInside(step: number, start: number, length: number, count: number): readonly [from: number, to: number] {
  if (step === 0) return start >= 0 && start < length ? [0, count] : [0, 0];
  const [first, last] = step > 0 ? [-start, length - start] : [start - length + 1, start + 1];
  return [Math.max(0, first), Math.min(count, last)];
}

/** {@link sampleThrough} where every sample falls on a pixel's centre. */
function movePixels(source: PixelImage, [a, b, c, d, e, f]: Matrix): PixelImage {
  const { width, height, data } = source;
  const out = new Uint8Array(data.length);
  // The half pixel from corner to centre, on the way in and out: a whole number once the offset is added.
  const left = c + (a + b - 1) / 2;
  const top = f + (d + e - 1) / 2;
  const step = (d * width + a) * 3;
  for (let y = 0; y < height; y++) {
    const xin = b * y + left;
    const yin = e * y + top;
    const [x0, x1] = runInside(a, xin, width, width);
    const [y0, y1] = runInside(d, yin, height, width);
    const first = Math.max(x0, y0);
    const end = (y * width + Math.min(x1, y1)) * 3;
    let from = (yin * width + xin) * 3 + first * step;
    for (let to = (y * width + first) * 3; to < end; to += 3, from = (from + step) | 0) {
      out[to] = data[from]!;
      out[to + 1] = data[from + 1]!;
      out[to + 2] = data[from + 2]!;
    }
  }
  return { width, height, data: out };
}

/**
 * Samples a picture once through a matrix, bilinear, black outside; the result has the source's size. As Pillow's
 * `Image.transform` does it (libImaging/Geometry.c): pixel centres at halves, neighbours clamped at the edges, fractions
 * of a level dropped.
 */
export function sampleThrough(source: PixelImage, matrix: Matrix): PixelImage {
  if (isPixelMove(matrix)) return movePixels(source, matrix);
  return pixelKernels()?.sample(source, matrix) ?? samplePlainly(source, matrix);
}

function samplePlainly(source: PixelImage, matrix: Matrix): PixelImage {
  const { width, height, data } = source;
  const out = new Uint8Array(data.length);
  const [a, b, c, d, e, f, g, h, i] = matrix;
  const isAffine = g === 0 && h === 0 && i === 1;
  const row = width * 3;
  let to = 0;
  for (let y = 0; y < height; y++) {
    const yc = y + 0.5;
    for (let x = 0; x < width; x++, to += 3) {
      const xc = x + 0.5;
      let xin = a * xc + b * yc + c;
      let yin = d * xc + e * yc + f;
      if (!isAffine) {
        const w = g * xc + h * yc + i;
        xin /= w;
        yin /= w;
      }
      // Written so that coordinates that are no numbers fall outside.
      if (!(xin >= 0 && xin < width && yin >= 0 && yin < height)) continue;
      const xs = xin - 0.5;
      const ys = yin - 0.5;
      const x0 = Math.floor(xs);
      const y0 = Math.floor(ys);
      const dx = xs - x0;
      const dy = ys - y0;
      const left = (x0 < 0 ? 0 : x0) * 3;
      const right = (x0 + 1 < width ? x0 + 1 : width - 1) * 3;
      const top = (y0 < 0 ? 0 : y0) * row;
      const bottom = (y0 + 1 < height ? y0 + 1 : height - 1) * row;
      const p = top + left;
      const q = top + right;
      const r = bottom + left;
      const s = bottom + right;
      const red = data[p]! + (data[q]! - data[p]!) * dx;
      const green = data[p + 1]! + (data[q + 1]! - data[p + 1]!) * dx;
      const blue = data[p + 2]! + (data[q + 2]! - data[p + 2]!) * dx;
      out[to] = red + (data[r]! + (data[s]! - data[r]!) * dx - red) * dy;
      out[to + 1] = green + (data[r + 1]! + (data[s + 1]! - data[r + 1]!) * dx - green) * dy;
      out[to + 2] = blue + (data[r + 2]! + (data[s + 2]! - data[r + 2]!) * dx - blue) * dy;
    }
  }
  return { width, height, data: out };
}
