import { increase, sixteenBytes } from './four-pixels.js';
import * as wasm from './instructions.js';
import { type Code, get, i32, isLess, repeat, set } from './instructions.js';
import { defineFunction } from './wasm-module.js';

const BLOCK_BYTES = 16;
const FLOAT_BYTES = 4;
const NAMES = ['a', 'b', 'c', 'd'] as const;
const VECTORS = [0, 1, 2, 3] as const;

const weighted = (values: Code, weight: number): Code => wasm.multiplyF32(values, get(weight));

/**
 * Blurs rows along x into f32, sixteen bytes at a time. `from` has rows of `stride` bytes, mirrored at both ends; a row of
 * `length` bytes comes to `to`, the next behind it. `half` of `taps` weights and the middle one are at `weights`.
 */
export const blurAlongX = defineFunction(
  'blurAlongX',
  {
    parameters: ['from', 'stride', 'to', 'rows', 'length', 'weights', 'half'],
    i32: ['place', 'left', 'right', 'tap', 'weightAt', 'span'],
    v128: [...NAMES, 'weight', 'one', 'other'],
  },
  (local) => {
    const { from, stride, to, rows, length, weights, half, place, left, right, tap, weightAt, span } = local;
    const { weight, one, other } = local;
    const sums = NAMES.map((name) => local[name]);
    const addTo = (sum: number, lanes: Code): Code =>
      set(sum, wasm.addF32(get(sum), weighted(wasm.lanes32ToF32(lanes), weight)));
    const weigh = (low: Code, high: Code): Code => [
      ...addTo(local.a, wasm.extendLow16To32Unsigned(low)),
      ...addTo(local.b, wasm.extendHigh16To32Unsigned(low)),
      ...addTo(local.c, wasm.extendLow16To32Unsigned(high)),
      ...addTo(local.d, wasm.extendHigh16To32Unsigned(high)),
    ];
    const bothLow = wasm.addLanes16(wasm.extendLow8To16Unsigned(get(one)), wasm.extendLow8To16Unsigned(get(other)));
    const bothHigh = wasm.addLanes16(wasm.extendHigh8To16Unsigned(get(one)), wasm.extendHigh8To16Unsigned(get(other)));
    return [
      ...set(span, wasm.multiply(get(half), i32(6))),
      ...repeat(
        [
          ...set(place, i32(0)),
          ...repeat(
            [
              ...sums.flatMap((sum) => set(sum, wasm.splat(i32(0)))),
              ...set(left, wasm.add(get(from), get(place))),
              ...set(right, wasm.add(get(left), get(span))),
              ...set(weightAt, get(weights)),
              ...set(tap, get(half)),
              ...repeat(
                [
                  ...set(weight, wasm.loadSplat32(get(weightAt))),
                  ...set(one, wasm.loadVector(get(left))),
                  ...set(other, wasm.loadVector(get(right))),
                  ...weigh(bothLow, bothHigh),
                  ...increase(left, i32(3)),
                  ...increase(right, i32(-3)),
                  ...increase(weightAt, i32(FLOAT_BYTES)),
                  ...increase(tap, i32(-1)),
                ],
                get(tap),
              ),
              ...set(weight, wasm.loadSplat32(get(weightAt))),
              ...set(one, wasm.loadVector(get(left))),
              ...weigh(wasm.extendLow8To16Unsigned(get(one)), wasm.extendHigh8To16Unsigned(get(one))),
              // What lies behind the row is written, too; the next row, or the space behind the last, is there for it.
              ...set(left, wasm.add(get(to), wasm.multiply(get(place), i32(FLOAT_BYTES)))),
              ...sums.flatMap((sum, index) => wasm.storeVector(get(left), get(sum), index * BLOCK_BYTES)),
              ...increase(place, i32(BLOCK_BYTES)),
            ],
            isLess(get(place), get(length)),
          ),
          ...increase(from, get(stride)),
          ...increase(to, wasm.multiply(get(length), i32(FLOAT_BYTES))),
          ...increase(rows, i32(-1)),
        ],
        get(rows),
      ),
    ];
  },
);

/**
 * One row of `length` bytes to `to`, from f32 rows that begin where the addresses at `starts` say, one for each tap; `half`
 * of the weights and the middle one are at `weights`.
 */
export const blurAlongY = defineFunction(
  'blurAlongY',
  {
    parameters: ['starts', 'to', 'length', 'weights', 'half'],
    i32: ['place', 'first', 'last', 'weightAt', 'one', 'other'],
    v128: [...NAMES, 'weight'],
  },
  (local) => {
    const { starts, to, length, weights, half, place, first, last, weightAt, one, other, weight } = local;
    const sums = NAMES.map((name) => local[name]);
    const row = (at: Code): Code => wasm.add(wasm.load(at), wasm.multiply(get(place), i32(FLOAT_BYTES)));
    const bytes = (offset: Code): Code => wasm.multiply(offset, i32(FLOAT_BYTES));
    const level = (sum: number): Code => wasm.truncateF32(wasm.addF32(get(sum), wasm.f32x4(0.5)));
    return repeat(
      [
        ...set(weight, wasm.loadSplat32(wasm.add(get(weights), bytes(get(half))))),
        ...set(one, row(wasm.add(get(starts), bytes(get(half))))),
        ...VECTORS.flatMap((index) =>
          set(sums[index]!, weighted(wasm.loadVector(get(one), index * BLOCK_BYTES), weight)),
        ),
        ...set(first, get(starts)),
        ...set(last, wasm.add(get(starts), bytes(wasm.multiply(get(half), i32(2))))),
        ...set(weightAt, get(weights)),
        ...repeat(
          [
            ...set(weight, wasm.loadSplat32(get(weightAt))),
            ...set(one, row(get(first))),
            ...set(other, row(get(last))),
            ...VECTORS.flatMap((index) => {
              const offset = index * BLOCK_BYTES;
              const both = wasm.addF32(wasm.loadVector(get(one), offset), wasm.loadVector(get(other), offset));
              return set(sums[index]!, wasm.addF32(get(sums[index]!), weighted(both, weight)));
            }),
            ...increase(first, i32(FLOAT_BYTES)),
            ...increase(last, i32(-FLOAT_BYTES)),
            ...increase(weightAt, i32(FLOAT_BYTES)),
          ],
          isLess(get(first), get(last)),
        ),
        ...wasm.storeVector(
          wasm.add(get(to), get(place)),
          sixteenBytes([level(local.a), level(local.b), level(local.c), level(local.d)]),
        ),
        ...increase(place, i32(BLOCK_BYTES)),
      ],
      isLess(get(place), get(length)),
    );
  },
);
