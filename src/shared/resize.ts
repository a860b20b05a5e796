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

/**
 * Resizes `rows` rows from `firstRow` on along x; positions of the table count from `left`. Two rows at a time, so that
 * each weight is read once for six values.
 */
function resizeAlongX(
  { data, width: sourceWidth }: PixelImage,
  left: number,
  firstRow: number,
  rows: number,
  { size, first, count, weights }: Coefficients,
): PixelImage {
  const width = first.length;
  // Storing into it cuts off at 0 and 255.
  const out = new Uint8ClampedArray(rows * width * 3);
  for (let y = 0; y < rows; y += 2) {
    // The last of an odd number of rows is its own partner.
    const step = y + 1 < rows ? 1 : 0;
    const row = (firstRow + y) * sourceWidth + left;
    const rowBelow = step * sourceWidth * 3;
    const below = step * width * 3;
    let to = y * width * 3;
    for (let x = 0; x < width; x++, to += 3) {
      let from = ((row + first[x]!) * 3) | 0;
      let tap = x * size;
      const end = tap + count[x]!;
      let r0 = HALF;
      let g0 = HALF;
      let b0 = HALF;
      let r1 = HALF;
      let g1 = HALF;
      let b1 = HALF;
      for (; tap < end; tap++, from += 3) {
        const weight = weights[tap]!;
        const other = from + rowBelow;
        r0 = (r0 + Math.imul(data[from]!, weight)) | 0;
        g0 = (g0 + Math.imul(data[from + 1]!, weight)) | 0;
        b0 = (b0 + Math.imul(data[from + 2]!, weight)) | 0;
        r1 = (r1 + Math.imul(data[other]!, weight)) | 0;
        g1 = (g1 + Math.imul(data[other + 1]!, weight)) | 0;
        b1 = (b1 + Math.imul(data[other + 2]!, weight)) | 0;
      }
      out[to] = r0 >> PRECISION_BITS;
      out[to + 1] = g0 >> PRECISION_BITS;
      out[to + 2] = b0 >> PRECISION_BITS;
      out[to + below] = r1 >> PRECISION_BITS;
      out[to + below + 1] = g1 >> PRECISION_BITS;
      out[to + below + 2] = b1 >> PRECISION_BITS;
    }
  }
  return { width, height: rows, data: new Uint8Array(out.buffer) };
}

/** Rows that are weighted in one go: more would not fit the processor's registers. */
const ROWS_AT_ONCE = 3;

/** Adds three weighted rows, which begin at `from` and follow each other by `stride`, to `sums`. */
function addRows(
  sums: Int32Array,
  data: Uint8Array,
  from: number,
  stride: number,
  weights: Int32Array,
  tap: number,
): void {
  const [w0, w1, w2] = [weights[tap]!, weights[tap + 1]!, weights[tap + 2]!];
  const second = from + stride;
  const third = second + stride;
  for (let i = 0; i < sums.length; i++) {
    const rest = (Math.imul(data[second + i]!, w1) + Math.imul(data[third + i]!, w2)) | 0;
    sums[i] = sums[i]! + Math.imul(data[from + i]!, w0) + rest;
  }
}

/** Resizes `columns` columns from `firstColumn` on along y; positions of the table count from `top`. */
function resizeAlongY(
  { data, width: sourceWidth }: PixelImage,
  top: number,
  firstColumn: number,
  columns: number,
  { size, first, count, weights }: Coefficients,
): PixelImage {
  const height = first.length;
  const length = columns * 3;
  const stride = sourceWidth * 3;
  // Storing into it cuts off at 0 and 255.
  const out = new Uint8ClampedArray(height * length);
  const sums = new Int32Array(length);
  for (let y = 0; y < height; y++) {
    sums.fill(HALF);
    let tap = y * size;
    let from = ((top + first[y]!) * sourceWidth + firstColumn) * 3;
    let left = count[y]!;
    for (; left > ROWS_AT_ONCE; left -= ROWS_AT_ONCE, tap += ROWS_AT_ONCE, from += ROWS_AT_ONCE * stride) {
      addRows(sums, data, from, stride, weights, tap);
    }
    // The last one to three rows; a row that is not there counts nothing.
    const w0 = weights[tap]!;
    const w1 = left > 1 ? weights[tap + 1]! : 0;
    const w2 = left > 2 ? weights[tap + 2]! : 0;
    const second = left > 1 ? from + stride : from;
    const third = left > 2 ? second + stride : from;
    const to = y * length;
    for (let i = 0; i < length; i++) {
      const rest = (Math.imul(data[second + i]!, w1) + Math.imul(data[third + i]!, w2)) | 0;
      out[to + i] = ((sums[i]! + Math.imul(data[from + i]!, w0) + rest) | 0) >> PRECISION_BITS;
    }
  }
  return { width: columns, height, data: new Uint8Array(out.buffer) };
}

/** The run of source positions that a table reads. */
function reach({ first, count }: Coefficients): { from: number; length: number } {
  const from = first[0]!;
  return { from, length: first.at(-1)! + count.at(-1)! - from };
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
  if (shrinkY > 0 && shrinkY > 2 * shrinkX) {
    const columns = reach(horizontal);
    const lines = resizeAlongY(source, box.top, box.left + columns.from, columns.length, vertical);
    return resizeAlongX(lines, -columns.from, 0, window.height, horizontal);
  }
  const rows = reach(vertical);
  const lines = resizeAlongX(source, box.left, box.top + rows.from, rows.length, horizontal);
  return resizeAlongY(lines, -rows.from, 0, window.width, vertical);
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
