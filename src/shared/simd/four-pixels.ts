import * as wasm from './instructions.js';
import { type Code } from './instructions.js';

/** Bytes of four RGB pixels. */
export const FOUR_PIXELS_BYTES = 12;
const FOUR_PIXELS = [0, 3, 6, 9];
/** In a swizzle, what stands for zero. */
const NONE = 128;
/** Each channel's byte of four pixels, in turn, from lanes of one channel each. */
const INTERLEAVED = [0, 4, 8, 1, 5, 9, 2, 6, 10, 3, 7, 11, NONE, NONE, NONE, NONE];

/** One channel of four pixels, as i32. @param pixels sixteen bytes of which the first twelve count */
export const channelOf = (pixels: Code, channel: 0 | 1 | 2): number[] =>
  wasm.swizzle(pixels, wasm.bytes(FOUR_PIXELS.flatMap((byte) => [byte + channel, NONE, NONE, NONE])));

/** Stores four pixels of three channels, i32 lanes that are cut off at 0 and 255. @param at a local */
export const storeFourPixels = (at: number, channels: readonly [Code, Code, Code], packed: number): number[] => {
  const [red, green, blue] = channels;
  return [
    ...wasm.set(
      packed,
      wasm.swizzle(
        wasm.narrow16To8Unsigned(wasm.narrow32To16(red, green), wasm.narrow32To16(blue, blue)),
        wasm.bytes(INTERLEAVED),
      ),
    ),
    ...wasm.storeLane64(wasm.get(at), wasm.get(packed), 0),
    ...wasm.storeLane32(wasm.get(at), wasm.get(packed), 2, 8),
  ];
};

/** Pillow's blend of four levels: `from + share · (to − from)` in f32, fractions dropped; not cut off. */
export const blendFour = (from: Code, to: Code, share: Code): number[] =>
  wasm.truncateF32(wasm.addF32(from, wasm.multiplyF32(share, wasm.subtractF32(to, from))));

/** Sixteen bytes as four times four i32. @param bytes a local */
export const sixteenLevels = (bytes: number): readonly [Code, Code, Code, Code] => {
  const low = wasm.extendLow8To16Unsigned(wasm.get(bytes));
  const high = wasm.extendHigh8To16Unsigned(wasm.get(bytes));
  return [
    wasm.extendLow16To32Unsigned(low),
    wasm.extendHigh16To32Unsigned(low),
    wasm.extendLow16To32Unsigned(high),
    wasm.extendHigh16To32Unsigned(high),
  ];
};

/** Sixteen i32 lanes as bytes, cut off at 0 and 255. */
export const sixteenBytes = ([a, b, c, d]: readonly [Code, Code, Code, Code]): number[] =>
  wasm.narrow16To8Unsigned(wasm.narrow32To16(a, b), wasm.narrow32To16(c, d));

/** Adds to an i32 local. */
export const increase = (local: number, by: Code): number[] => wasm.set(local, wasm.add(wasm.get(local), by));
