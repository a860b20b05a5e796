import type { PixelImage } from '../../../../shared/image.js';
import { type ResizeJob, type Resizer, useResizer } from '../../../../shared/resize.js';
import { type Coefficients, reach } from '../../../../shared/resize-weights.js';
import { LOW_BITS, resizeModule } from './resize-kernels.js';

type Pass = (
  from: number,
  fromStride: number,
  to: number,
  toStride: number,
  rows: number,
  length: number,
  spans: number,
  weights: number,
  tableBytes: number,
) => void;

interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** What is used of it; Node has it without types of its own. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: { readonly initial: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly host: { readonly memory: WasmMemory } },
  ) => { readonly exports: { readonly alongX: Pass; readonly alongY: Pass } };
};

const PAGE_BYTES = 65_536;
/** Memory that was once taken is kept, so that what needs more is left to the plain resize. */
const MAX_BYTES = 64 * 1024 * 1024;
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

const padded = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;

/**
 * Makes what resizes with the processor's vector instructions, byte by byte as the plain resize does; it is not for two
 * threads. A page's content security policy forbids it there.
 *
 * @returns null where the processor or the runtime has no such instructions
 */
export function createSimdResizer(): Resizer | null {
  const memory = new WebAssembly.Memory({ initial: 1 });
  let passes: { readonly alongX: Pass; readonly alongY: Pass };
  try {
    passes = new WebAssembly.Instance(new WebAssembly.Module(resizeModule()), { host: { memory } }).exports;
  } catch {
    return null;
  }
  const { alongX, alongY } = passes;
  let bytes = new Uint8Array(memory.buffer);

  /** Makes room; whatever was in memory stays. */
  const reserve = (length: number): void => {
    if (length <= bytes.length) return;
    memory.grow(Math.ceil((length - bytes.length) / PAGE_BYTES));
    bytes = new Uint8Array(memory.buffer);
  };

  const put = (values: Int32Array, at: number): void => {
    bytes.set(new Uint8Array(values.buffer, values.byteOffset, values.byteLength), at);
  };

  return ({ source, left, top, horizontal, vertical, isAlongYFirst }: ResizeJob): PixelImage | null => {
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
    if (length > MAX_BYTES) return null;
    reserve(length);
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
  };
}

let isInstalled = false;

/** Has all of this thread's resizes done by {@link createSimdResizer}'s, where there is one; the pixels stay the same. */
export function installSimdResizer(): void {
  if (isInstalled) return;
  isInstalled = true;
  useResizer(createSimdResizer());
}
