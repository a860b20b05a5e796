import type { PixelImage } from '../image.js';
import type { ResizeJob } from '../resize.js';
import { type Coefficients, reach } from '../resize-weights.js';
import { LOW_BITS } from './resize-kernels.js';
import { padded, type SimdModule } from './simd-memory.js';

const BLOCK_BYTES = 16;
const PAIR_BYTES = 8;

const LOW_MASK = (1 << LOW_BITS) - 1;

/** A table as the kernels read it. */
interface Table {
  readonly spans: Int32Array;
  readonly weights: Int32Array;
  readonly tableBytes: number;
}

function tableOf({ size, first, count, weights }: Coefficients): Table {
  const pairs = (size + 1) >> 1;
  const spans = new Int32Array(first.length * 2);
  const halves = new Int32Array(first.length * pairs * 2);
  for (let output = 0; output < first.length; output++) {
    const taps = count[output]!;
    spans[output * 2] = first[output]!;
    spans[output * 2 + 1] = (taps + 1) >> 1;
    for (let tap = 0; tap < taps; tap += 2) {
      const one = weights[output * size + tap]!;
      const other = tap + 1 < taps ? weights[output * size + tap + 1]! : 0;
      const at = output * pairs * 2 + tap;
      halves[at] = ((one >> LOW_BITS) & 0xffff) | ((other >> LOW_BITS) << 16);
      halves[at + 1] = (one & LOW_MASK) | ((other & LOW_MASK) << 16);
    }
  }
  return { spans, weights: halves, tableBytes: pairs * PAIR_BYTES };
}

/** Resizes as the plain resize does, byte by byte; null where that would take too much memory. */
export function resizeFast(
  { kernels, reserve }: SimdModule<'alongX' | 'alongY'>,
  { source, left, top, horizontal, vertical, isAlongYFirst }: ResizeJob,
): PixelImage | null {
  const { alongX, alongY } = kernels;
  const width = horizontal.first.length;
  const height = vertical.first.length;
  const columns = reach(horizontal);
  const rows = reach(vertical);
  const stride = source.width * 3;
  // The last pair of pixels may end beyond the picture.
  const begin = ((top + rows.from) * source.width + left + columns.from) * 3;
  const end = ((top + rows.from + rows.length - 1) * source.width + left + columns.from + columns.length) * 3;
  const across = tableOf(horizontal);
  const down = tableOf(vertical);

  // Rows between the passes, and in the end, have room for whole blocks and one pixel more.
  const lineBytes = isAlongYFirst ? padded(columns.length * 3) : padded(width * 3 + 1);
  const lines = isAlongYFirst ? height : rows.length;
  const outStride = isAlongYFirst ? padded(width * 3 + 1) : width * 3;
  // One row more, for the pair of a last odd one.
  const linesAt = padded(end - begin + stride + BLOCK_BYTES);
  const outAt = linesAt + (lines + 1) * lineBytes + BLOCK_BYTES;
  const tablesAt = padded(outAt + (height + 1) * outStride + BLOCK_BYTES);
  const acrossAt = tablesAt + across.spans.byteLength;
  const downSpansAt = acrossAt + across.weights.byteLength;
  const downAt = downSpansAt + down.spans.byteLength;
  const length = downAt + down.weights.byteLength;
  const bytes = reserve(length);
  if (bytes === null) return null;
  const put = (values: Int32Array, at: number): void => {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
  };
  bytes.set(source.data.subarray(begin, end), 0);
  put(across.spans, tablesAt);
  put(across.weights, acrossAt);
  put(down.spans, downSpansAt);
  put(down.weights, downAt);

  // Tables count from the picture's edge, the copy begins where they first read.
  const columnsFrom = columns.from * 3;
  if (isAlongYFirst) {
    const from = -rows.from * stride;
    alongY(from, stride, linesAt, lineBytes, height, columns.length * 3, downSpansAt, downAt, down.tableBytes);
    const lineFrom = linesAt - columnsFrom;
    alongX(lineFrom, lineBytes, outAt, outStride, height, width, tablesAt, acrossAt, across.tableBytes);
  } else {
    alongX(-columnsFrom, stride, linesAt, lineBytes, lines, width, tablesAt, acrossAt, across.tableBytes);
    const from = linesAt - rows.from * lineBytes;
    alongY(from, lineBytes, outAt, outStride, height, width * 3, downSpansAt, downAt, down.tableBytes);
  }

  if (outStride === width * 3) return { width, height, data: bytes.slice(outAt, outAt + height * outStride) };
  const data = new Uint8Array(width * height * 3);
  for (let y = 0; y < height; y++) {
    data.set(bytes.subarray(outAt + y * outStride, outAt + y * outStride + width * 3), y * width * 3);
  }
  return { width, height, data };
}
