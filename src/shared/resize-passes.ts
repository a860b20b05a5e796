import type { PixelImage } from './image.js';
import { type Coefficients, PRECISION_BITS } from './resize-weights.js';

const HALF = 1 << (PRECISION_BITS - 1);

/**
 * Resizes `rows` rows from `firstRow` on along x; positions of the table count from `left`. Two rows at a time, so that
 * each weight is read once for six values.
 */
export function resizeAlongX(
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
export function resizeAlongY(
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
