import { increase } from './four-pixels.js';
import * as wasm from './instructions.js';
import { type Code, add, get, i32, isLess, load, multiply, repeat, set, subtract } from './instructions.js';
import { numberLocals, type WasmFunction } from './wasm-module.js';

/** Of weights, fixed point; as in the plain resize. */
const PRECISION_BITS = 22;
/**
 * A weight is taken apart into `high · 2¹⁵ + low`: both halves fit 16 bits, so that one instruction weights eight values.
 * Sums of the halves wrap around as the whole sum does, and come out the same.
 */
export const LOW_BITS = 15;

const HALF = 1 << (PRECISION_BITS - 1);

const accumulate = (local: number, value: Code): number[] => set(local, wasm.addLanes32(get(local), value));
const zero = (local: number): number[] => set(local, wasm.splat(i32(0)));

/** Four sums of both halves → four levels as i32, not cut off yet. */
const level = (high: number, low: number): number[] =>
  wasm.shiftRight32(
    wasm.addLanes32(wasm.addLanes32(wasm.shiftLeft32(get(high), i32(LOW_BITS)), get(low)), wasm.splat(i32(HALF))),
    i32(PRECISION_BITS),
  );

const PARAMETERS = [
  'from',
  'fromStride',
  'to',
  'toStride',
  'rows',
  'length',
  'spans',
  'weights',
  'tableBytes',
] as const;
const input = numberLocals(PARAMETERS);
const I32_NAMES = ['row', 'place', 'span', 'table', 'at', 'weight', 'left', 'out'] as const;
const VECTOR_NAMES = [
  'high',
  'low',
  'values',
  'h0',
  'l0',
  'h1',
  'l1',
  'h2',
  'l2',
  'h3',
  'l3',
  'first',
  'second',
  'mixed',
] as const;
const number = numberLocals(I32_NAMES, PARAMETERS.length);
const lane = numberLocals(VECTOR_NAMES, PARAMETERS.length + I32_NAMES.length);

/** Of a table: for each output its first input and number of pairs; for each pair the high halves, then the low ones. */
const SPAN_BYTES = 8;
const PAIR_BYTES = 8;

const loadWeights = [
  ...set(lane.high, wasm.loadSplat32(get(number.weight))),
  ...set(lane.low, wasm.loadSplat32(get(number.weight), 4)),
];

const nextPair = [...increase(number.weight, i32(PAIR_BYTES)), ...set(number.left, subtract(get(number.left), i32(1)))];

const weigh = (high: number, low: number): number[] => [
  ...accumulate(high, wasm.dot16(get(lane.values), get(lane.high))),
  ...accumulate(low, wasm.dot16(get(lane.values), get(lane.low))),
];

/** Two neighbours' RGB → r r g g b b and two idle lanes, 16 bits each; 128 stands for zero. */
const PAIR_OF_PIXELS = [0, 128, 3, 128, 1, 128, 4, 128, 2, 128, 5, 128, 128, 128, 128, 128];

/** Two rows at a time, so that each weight is read once for both. */
const alongX: WasmFunction = {
  name: 'alongX',
  parameters: PARAMETERS.length,
  locals: { i32: I32_NAMES.length, f64: 0, v128: VECTOR_NAMES.length },
  body: repeat(
    [
      ...set(number.span, get(input.spans)),
      ...set(number.table, get(input.weights)),
      ...set(number.out, get(input.to)),
      ...set(number.place, get(input.length)),
      ...repeat(
        [
          ...set(number.at, add(get(input.from), multiply(load(get(number.span)), i32(3)))),
          ...set(number.left, load(get(number.span), 4)),
          ...set(number.weight, get(number.table)),
          ...[lane.h0, lane.l0, lane.h1, lane.l1].flatMap(zero),
          ...repeat(
            [
              ...loadWeights,
              ...set(lane.values, wasm.swizzle(wasm.loadZero64(get(number.at)), wasm.bytes(PAIR_OF_PIXELS))),
              ...weigh(lane.h0, lane.l0),
              ...set(
                lane.values,
                wasm.swizzle(wasm.loadZero64(add(get(number.at), get(input.fromStride))), wasm.bytes(PAIR_OF_PIXELS)),
              ),
              ...weigh(lane.h1, lane.l1),
              ...increase(number.at, i32(6)),
              ...nextPair,
            ],
            get(number.left),
          ),
          ...set(lane.values, wasm.narrow32To16(level(lane.h0, lane.l0), level(lane.h1, lane.l1))),
          ...set(lane.values, wasm.narrow16To8Unsigned(get(lane.values), get(lane.values))),
          // A fourth byte goes along; the next pixel, or the space behind the row, is there for it.
          ...wasm.storeLane32(get(number.out), get(lane.values), 0),
          ...wasm.storeLane32(add(get(number.out), get(input.toStride)), get(lane.values), 1),
          ...increase(number.out, i32(3)),
          ...increase(number.span, i32(SPAN_BYTES)),
          ...increase(number.table, get(input.tableBytes)),
          ...set(number.place, subtract(get(number.place), i32(1))),
        ],
        get(number.place),
      ),
      ...increase(input.from, multiply(get(input.fromStride), i32(2))),
      ...increase(input.to, multiply(get(input.toStride), i32(2))),
      ...increase(number.row, i32(2)),
    ],
    isLess(get(number.row), get(input.rows)),
  ),
};

/** Bytes of two rows, one from each in turn: the first eight of both, and the last. */
const FIRST_BYTES = [0, 16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23];
const LAST_BYTES = [8, 24, 9, 25, 10, 26, 11, 27, 12, 28, 13, 29, 14, 30, 15, 31];
const BLOCK_BYTES = 16;

const weighFour = (values: Code, high: number, low: number): number[] => [
  ...set(lane.values, values),
  ...weigh(high, low),
];

/** Sixteen bytes of a row at a time, whatever channel they belong to. */
const alongY: WasmFunction = {
  name: 'alongY',
  parameters: PARAMETERS.length,
  locals: { i32: I32_NAMES.length, f64: 0, v128: VECTOR_NAMES.length },
  body: repeat(
    [
      ...set(number.span, add(get(input.from), multiply(load(get(input.spans)), get(input.fromStride)))),
      ...set(number.place, i32(0)),
      ...repeat(
        [
          ...set(number.at, add(get(number.span), get(number.place))),
          ...set(number.left, load(get(input.spans), 4)),
          ...set(number.weight, get(input.weights)),
          ...[lane.h0, lane.l0, lane.h1, lane.l1, lane.h2, lane.l2, lane.h3, lane.l3].flatMap(zero),
          ...repeat(
            [
              ...loadWeights,
              ...set(lane.first, wasm.loadVector(get(number.at))),
              ...set(number.at, add(get(number.at), get(input.fromStride))),
              ...set(lane.second, wasm.loadVector(get(number.at))),
              ...set(number.at, add(get(number.at), get(input.fromStride))),
              ...set(lane.mixed, wasm.shuffle(get(lane.first), get(lane.second), FIRST_BYTES)),
              ...weighFour(wasm.extendLow8To16Unsigned(get(lane.mixed)), lane.h0, lane.l0),
              ...weighFour(wasm.extendHigh8To16Unsigned(get(lane.mixed)), lane.h1, lane.l1),
              ...set(lane.mixed, wasm.shuffle(get(lane.first), get(lane.second), LAST_BYTES)),
              ...weighFour(wasm.extendLow8To16Unsigned(get(lane.mixed)), lane.h2, lane.l2),
              ...weighFour(wasm.extendHigh8To16Unsigned(get(lane.mixed)), lane.h3, lane.l3),
              ...nextPair,
            ],
            get(number.left),
          ),
          // What lies behind the row is written, too; the next row, or the space behind the last, is there for it.
          ...wasm.storeVector(
            add(get(input.to), get(number.place)),
            wasm.narrow16To8Unsigned(
              wasm.narrow32To16(level(lane.h0, lane.l0), level(lane.h1, lane.l1)),
              wasm.narrow32To16(level(lane.h2, lane.l2), level(lane.h3, lane.l3)),
            ),
          ),
          ...increase(number.place, i32(BLOCK_BYTES)),
        ],
        isLess(get(number.place), get(input.length)),
      ),
      ...increase(input.to, get(input.toStride)),
      ...increase(input.spans, i32(SPAN_BYTES)),
      ...increase(input.weights, get(input.tableBytes)),
      ...increase(number.row, i32(1)),
    ],
    isLess(get(number.row), get(input.rows)),
  ),
};

/**
 * Both passes of a resize. Their parameters, in bytes where they are addresses or strides: `from`, `fromStride`, `to`,
 * `toStride`, `rows` of the result, `length` of a row (pixels of the result along x, bytes along y), `spans`, `weights`
 * and `tableBytes`, the weights of one output.
 *
 * Along x, rows are read and written in twos. Pairs read one input more where an odd number is weighted; its weight is 0.
 */
export const resizeKernels: readonly WasmFunction[] = [alongX, alongY];
