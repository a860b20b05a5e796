import type { PixelImage } from './image.js';
import type { Interpolation } from './input.js';

/** A rectangle of whole pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

interface Filter {
  /** Half its width at scale 1. */
  readonly support: number;
  weight(x: number): number;
}

const FILTERS: Readonly<Record<Interpolation, Filter>> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    // Keys's kernel with a = −0.5, as Pillow has it.
    weight: (x) => {
      const a = -0.5;
      const t = Math.abs(x);
      if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
      return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
    },
  },
};

/** Fixed-point fraction bits: 8 bits of pixel, 2 of head room for overshoot, 22 left of 32. */
const PRECISION_BITS = 22;
const HALF = 1 << (PRECISION_BITS - 1);

/** For every output position, the input positions that it reads and their weights. */
interface Coefficients {
  /** Longest run of weights. */
  readonly size: number;
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `size` weights an output position, fixed point. */
  readonly weights: Int32Array;
}

const cache = new Map<string, Coefficients>();
const CACHE_LIMIT = 256;

/** Weights for outputs [from, to) of a line of `outLength` pixels over `inLength` source pixels. */
function coefficients(
  inLength: number,
  outLength: number,
  from: number,
  to: number,
  interpolation: Interpolation,
): Coefficients {
  const key = `${inLength}/${outLength}/${from}/${to}/${interpolation}`;
  const known = cache.get(key);
  if (known) return known;
  const filter = FILTERS[interpolation];
  const scale = inLength / outLength;
  // Antialiasing: when the picture shrinks, the filter widens with the scale.
  const filterScale = Math.max(scale, 1);
  const support = filter.support * filterScale;
  const size = Math.ceil(support) * 2 + 1;
  const total = to - from;
  const first = new Int32Array(total);
  const count = new Int32Array(total);
  const weights = new Int32Array(total * size);
  const line = new Float64Array(size);
  for (let i = 0; i < total; i++) {
    const centre = (from + i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(inLength, Math.trunc(centre + support + 0.5));
    let sum = 0;
    for (let j = start; j < end; j++) {
      const weight = filter.weight((j - centre + 0.5) / filterScale);
      line[j - start] = weight;
      sum += weight;
    }
    first[i] = start;
    count[i] = end - start;
    for (let j = 0; j < end - start; j++) {
      const share = (line[j]! / sum) * (1 << PRECISION_BITS);
      weights[i * size + j] = share < 0 ? Math.trunc(share - 0.5) : Math.trunc(share + 0.5);
    }
  }
  const result = { size, first, count, weights };
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(key, result);
  return result;
}

const clip = (value: number): number => (value < 0 ? 0 : value > 255 ? 255 : value);

/** Resizes along x: rows [firstRow, firstRow + rows) of the source. */
function resizeRows(
  source: PixelImage,
  left: number,
  firstRow: number,
  rows: number,
  table: Coefficients,
  width: number,
): Uint8Array {
  const out = new Uint8Array(rows * width * 3);
  const { data, width: sourceWidth } = source;
  const { size, first, count, weights } = table;
  let to = 0;
  for (let y = 0; y < rows; y++) {
    const row = (firstRow + y) * sourceWidth + left;
    for (let x = 0; x < width; x++, to += 3) {
      let from = (row + first[x]!) * 3;
      const base = x * size;
      const end = base + count[x]!;
      let r = HALF;
      let g = HALF;
      let b = HALF;
      for (let tap = base; tap < end; tap++, from += 3) {
        const weight = weights[tap]!;
        r = (r + Math.imul(data[from]!, weight)) | 0;
        g = (g + Math.imul(data[from + 1]!, weight)) | 0;
        b = (b + Math.imul(data[from + 2]!, weight)) | 0;
      }
      out[to] = clip(r >> PRECISION_BITS);
      out[to + 1] = clip(g >> PRECISION_BITS);
      out[to + 2] = clip(b >> PRECISION_BITS);
    }
  }
  return out;
}

/** Resizes along y, `width` pixels a row. */
function resizeColumns(
  rows: Uint8Array,
  firstRow: number,
  table: Coefficients,
  width: number,
  height: number,
): Uint8Array {
  const stride = width * 3;
  const out = new Uint8Array(height * stride);
  const sums = new Int32Array(stride);
  const { size, first, count, weights } = table;
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    for (let tap = 0; tap < count[y]!; tap++) {
      const weight = weights[y * size + tap]!;
      const from = (first[y]! + tap - firstRow) * stride;
      for (let i = 0; i < stride; i++) sums[i] = sums[i]! + Math.imul(rows[from + i]!, weight);
    }
    const to = y * stride;
    for (let i = 0; i < stride; i++) out[to + i] = clip(sums[i]! >> PRECISION_BITS);
  }
  return out;
}

export interface ResizeOptions {
  /** Part of the source that is resized; all of it unless given. */
  readonly box?: Box;
  /** Part of the result that is wanted; all of it unless given. Nothing else is computed. */
  readonly window?: Box;
}

/**
 * Resizes with an antialiased separable filter, bit by bit as Pillow does it (libImaging/Resample.c): fixed-point weights,
 * first along x, then along y, uint8 between the two.
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
  const right = window.left + window.width;
  const bottom = window.top + window.height;
  const horizontal = coefficients(box.width, width, window.left, right, interpolation);
  const vertical = coefficients(box.height, height, window.top, bottom, interpolation);
  const firstRow = vertical.first[0]!;
  const lastRow = vertical.first[window.height - 1]! + vertical.count[window.height - 1]!;
  const rows = resizeRows(source, box.left, box.top + firstRow, lastRow - firstRow, horizontal, window.width);
  const data = resizeColumns(rows, firstRow, vertical, window.width, window.height);
  return { width: window.width, height: window.height, data };
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
