import {
  blendFour,
  channelOf,
  FOUR_PIXELS_BYTES,
  increase,
  sixteenBytes,
  sixteenLevels,
  storeFourPixels,
} from './four-pixels.js';
import * as wasm from './instructions.js';
import { type Code, get, i32, isLess, repeat, set } from './instructions.js';
import { defineFunction } from './wasm-module.js';

const BLOCK_BYTES = 16;

/** In place, from `at` to `end`; at `settings` the level and the share, f32. */
export const blendLevel = defineFunction(
  'blendLevel',
  { parameters: ['at', 'end', 'settings'], v128: ['bytes', 'level', 'share'] },
  ({ at, end, settings, bytes, level, share }) => {
    const blend = (lanes: Code): Code => blendFour(get(level), wasm.lanes32ToF32(lanes), get(share));
    const [a, b, c, d] = sixteenLevels(bytes);
    return [
      ...set(level, wasm.loadSplat32(get(settings))),
      ...set(share, wasm.loadSplat32(get(settings), 4)),
      ...repeat(
        [
          ...set(bytes, wasm.loadVector(get(at))),
          ...wasm.storeVector(get(at), sixteenBytes([blend(a), blend(b), blend(c), blend(d)])),
          ...increase(at, i32(BLOCK_BYTES)),
        ],
        isLess(get(at), get(end)),
      ),
    ];
  },
);

/** Luma of four pixels, as `luma` in colour.ts. */
const lumaOf = (red: Code, green: Code, blue: Code): Code => {
  const weighted = (channel: Code, weight: number): Code => wasm.multiplyLanes32(channel, wasm.splat(i32(weight)));
  const sum = wasm.addLanes32(
    wasm.addLanes32(weighted(red, 19595), weighted(green, 38470)),
    wasm.addLanes32(weighted(blue, 7471), wasm.splat(i32(0x8000))),
  );
  return wasm.shiftRight32(sum, i32(16));
};

/** Sums up the luma of the pixels from `at` to `end`, four at a time, into four i32 at `to`: to be added up. */
export const sumLuma = defineFunction(
  'sumLuma',
  { parameters: ['at', 'end', 'to'], v128: ['bytes', 'sum'] },
  ({ at, end, to, bytes, sum }) => [
    ...repeat(
      [
        ...set(bytes, wasm.loadVector(get(at))),
        ...set(
          sum,
          wasm.addLanes32(
            get(sum),
            lumaOf(channelOf(get(bytes), 0), channelOf(get(bytes), 1), channelOf(get(bytes), 2)),
          ),
        ),
        ...increase(at, i32(FOUR_PIXELS_BYTES)),
      ],
      isLess(get(at), get(end)),
    ),
    ...wasm.storeVector(get(to), get(sum)),
  ],
);

/** In place, from `at` to `end`; at `settings` the share, f32. */
export const saturate = defineFunction(
  'saturate',
  { parameters: ['at', 'end', 'settings'], v128: ['bytes', 'red', 'green', 'blue', 'grey', 'share', 'packed'] },
  ({ at, end, settings, bytes, red, green, blue, grey, share, packed }) => {
    const blend = (channel: number): Code => blendFour(get(grey), wasm.lanes32ToF32(get(channel)), get(share));
    return [
      ...set(share, wasm.loadSplat32(get(settings))),
      ...repeat(
        [
          ...set(bytes, wasm.loadVector(get(at))),
          ...set(red, channelOf(get(bytes), 0)),
          ...set(green, channelOf(get(bytes), 1)),
          ...set(blue, channelOf(get(bytes), 2)),
          ...set(grey, wasm.lanes32ToF32(lumaOf(get(red), get(green), get(blue)))),
          ...storeFourPixels(at, [blend(red), blend(green), blend(blue)], packed),
          ...increase(at, i32(FOUR_PIXELS_BYTES)),
        ],
        isLess(get(at), get(end)),
      ),
    ];
  },
);

/** A product with it, shifted, is a division by 26: exactly, of all that nine levels can sum up to. */
const SMOOTH_FACTOR = 20165;
const SMOOTH_SHIFT = 19;

/** Levels smoothed by the 3×3 kernel: `around + 5 · middle`, over 13, to the nearest. */
const smoothOf = (sum: Code): Code => {
  const doubled = wasm.addLanes32(wasm.shiftLeft32(sum, i32(1)), wasm.splat(i32(13)));
  return wasm.shiftRight32(wasm.multiplyLanes32(doubled, wasm.splat(i32(SMOOTH_FACTOR))), i32(SMOOTH_SHIFT));
};

/**
 * One row, sixteen bytes at a time, from `from` to `to` of which `length` bytes are wanted, at least sixteen: the last block
 * begins where it ends with them. At `settings` the share, f32.
 */
export const sharpenRow = defineFunction(
  'sharpenRow',
  {
    parameters: ['from', 'stride', 'to', 'length', 'settings'],
    i32: ['place', 'last', 'at'],
    v128: ['middle', 'around', 'low', 'high', 'share'],
  },
  ({ from, stride, to, length, settings, place, last, at, middle, around, low, high, share }) => {
    const addTo = (sum: number, part: Code): Code => set(sum, wasm.addLanes16(get(sum), part));
    const addNeighbour = (rows: -1 | 0 | 1, pixels: -1 | 0 | 1): Code => {
      const row =
        rows === 0 ? get(at) : rows > 0 ? wasm.add(get(at), get(stride)) : wasm.subtract(get(at), get(stride));
      return [
        ...set(around, wasm.loadVector(wasm.add(row, i32(pixels * 3)))),
        ...addTo(low, wasm.extendLow8To16Unsigned(get(around))),
        ...addTo(high, wasm.extendHigh8To16Unsigned(get(around))),
      ];
    };
    const fiveTimes = (part: Code): Code =>
      wasm.addLanes16(part, wasm.addLanes16(wasm.addLanes16(part, part), wasm.addLanes16(part, part)));
    const [a, b, c, d] = sixteenLevels(middle);
    const blend = (sum: Code, level: Code): Code =>
      blendFour(wasm.lanes32ToF32(smoothOf(sum)), wasm.lanes32ToF32(level), get(share));
    return [
      ...set(share, wasm.loadSplat32(get(settings))),
      ...set(last, wasm.subtract(get(length), i32(BLOCK_BYTES))),
      ...repeat(
        [
          ...wasm.when(isLess(get(last), get(place)), set(place, get(last))),
          ...set(at, wasm.add(get(from), get(place))),
          ...set(middle, wasm.loadVector(get(at))),
          ...set(low, fiveTimes(wasm.extendLow8To16Unsigned(get(middle)))),
          ...set(high, fiveTimes(wasm.extendHigh8To16Unsigned(get(middle)))),
          ...([-1, 0, 1] as const).flatMap((rows) =>
            ([-1, 0, 1] as const).flatMap((pixels) => (rows === 0 && pixels === 0 ? [] : addNeighbour(rows, pixels))),
          ),
          ...wasm.storeVector(
            wasm.add(get(to), get(place)),
            sixteenBytes([
              blend(wasm.extendLow16To32Unsigned(get(low)), a),
              blend(wasm.extendHigh16To32Unsigned(get(low)), b),
              blend(wasm.extendLow16To32Unsigned(get(high)), c),
              blend(wasm.extendHigh16To32Unsigned(get(high)), d),
            ]),
          ),
          ...increase(place, i32(BLOCK_BYTES)),
        ],
        isLess(get(place), get(length)),
      ),
    ];
  },
);

const OPAQUE = 0xff000000 | 0;
const RGB_TO_RGBA = [0, 1, 2, 128, 3, 4, 5, 128, 6, 7, 8, 128, 9, 10, 11, 128];

/** From `at` to `end`, four pixels at a time, written to `to`. */
export const toRgba = defineFunction('toRgba', { parameters: ['at', 'end', 'to'] }, ({ at, end, to }) =>
  repeat(
    [
      ...wasm.storeVector(
        get(to),
        wasm.or(wasm.swizzle(wasm.loadVector(get(at)), wasm.bytes(RGB_TO_RGBA)), wasm.splat(i32(OPAQUE))),
      ),
      ...increase(at, i32(FOUR_PIXELS_BYTES)),
      ...increase(to, i32(BLOCK_BYTES)),
    ],
    isLess(get(at), get(end)),
  ),
);
