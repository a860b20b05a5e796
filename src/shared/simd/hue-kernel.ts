import { channelOf, FOUR_PIXELS_BYTES, increase, storeFourPixels } from './four-pixels.js';
import * as wasm from './instructions.js';
import { type Code, f32x4, get, i32, isLess, repeat, set } from './instructions.js';
import { defineFunction } from './wasm-module.js';

/** The two upper f32 lanes below, for what takes the lower ones. */
const UPPER = [8, 9, 10, 11, 12, 13, 14, 15, 8, 9, 10, 11, 12, 13, 14, 15];
/** The two lower lanes of one vector and of another. */
const BOTH = [0, 1, 2, 3, 4, 5, 6, 7, 16, 17, 18, 19, 20, 21, 22, 23];
const all = (value: number): number[] => wasm.splat(i32(value));
const HUES = 255;

/** The fractions of two lanes' sixths of the colour wheel, over 6, in turns: in f64, since f32 rounds some of them otherwise. */
const turnsOf = (sixths: Code): Code => {
  const turns = wasm.addLanesF64(
    wasm.divideLanesF64(wasm.lowF32ToF64(sixths), wasm.splatF64(wasm.f64(6))),
    wasm.splatF64(wasm.f64(1)),
  );
  return turns;
};

/**
 * Turns hues as `turnHue` does, in place, from `at` to `end`, by `shift`. What is f32 here and f64 there comes out the same
 * for every colour, which a test goes through.
 */
export const shiftHue = defineFunction(
  'shiftHue',
  {
    parameters: ['at', 'end', 'shift'],
    v128: [
      'bytes',
      'red',
      'green',
      'blue',
      'max',
      'min',
      'chroma',
      'isRed',
      'isGreen',
      'isDown',
      'base',
      'unit',
      'sixths',
      'low',
      'high',
      'hue',
      'saturation',
      'sector',
      'part',
      'p',
      'q',
      't',
      'isGrey',
      'packed',
      'in0',
      'in1',
      'in2',
      'in3',
      'in4',
      'in5',
    ],
  },
  (local) => {
    const { at, end, shift, bytes, red, green, blue, max, min, chroma, isRed, isGreen, isDown, base, unit } = local;
    const { sixths, low, high, hue, saturation, sector, part, p, q, t, isGrey, packed, in0, in1, in2, in3, in4, in5 } =
      local;
    const float = (lanes: number): Code => wasm.lanes32ToF32(get(lanes));
    const isMin = (channel: number): Code => wasm.equal32(get(channel), get(min));
    const choose = (a: Code, b: Code, mask: number): Code => wasm.choose(a, b, get(mask));
    const extremes = (pick: (a: Code, b: Code) => number[]): Code => pick(pick(get(red), get(green)), get(blue));
    /** `max · (1 − share)`, to the nearest. */
    const darker = (share: Code): Code =>
      wasm.truncateF32(wasm.addF32(wasm.multiplyF32(float(max), wasm.subtractF32(f32x4(1), share)), f32x4(0.5)));
    const fraction = (turns: number): Code =>
      wasm.f64ToLowF32(wasm.subtractLanesF64(get(turns), wasm.floorLanesF64(get(turns))));
    const inSector = (number: number): Code => wasm.equal32(get(sector), all(number));
    /** A channel is the highest in two sixths of the wheel, falls in one, rises in one, and is the lowest in two. */
    const bySector = (highest: Code, falling: number, rising: number): Code => {
      const between = choose(get(q), choose(get(t), get(p), rising), falling);
      return wasm.choose(get(max), between, wasm.or(highest, get(isGrey)));
    };
    const either = (one: number, other: number): Code => wasm.or(get(one), get(other));

    const takeHue = [
      // The channel between the others, over the chroma: 0 at the highest, 1 at the lowest.
      ...set(
        low,
        wasm.subtractLanes32(
          wasm.addLanes32(wasm.addLanes32(get(red), get(green)), get(blue)),
          wasm.addLanes32(get(max), get(min)),
        ),
      ),
      ...set(unit, wasm.divideF32(wasm.lanes32ToF32(wasm.subtractLanes32(get(max), get(low))), float(chroma))),
      ...set(isRed, wasm.equal32(get(max), get(red))),
      ...set(isGreen, wasm.equal32(get(max), get(green))),
      ...set(isDown, choose(isMin(blue), choose(isMin(red), isMin(green), isGreen), isRed)),
      ...set(base, choose(f32x4(0), choose(f32x4(2), f32x4(4), isGreen), isRed)),
      ...set(
        sixths,
        choose(
          wasm.subtractF32(wasm.addF32(get(base), f32x4(1)), get(unit)),
          wasm.addF32(wasm.subtractF32(get(base), f32x4(1)), get(unit)),
          isDown,
        ),
      ),
      ...set(low, turnsOf(get(sixths))),
      ...set(high, turnsOf(wasm.shuffle(get(sixths), get(sixths), UPPER))),
      ...set(hue, wasm.truncateF32(wasm.multiplyF32(wasm.shuffle(fraction(low), fraction(high), BOTH), f32x4(HUES)))),
      ...set(hue, wasm.and(wasm.addLanes32(get(hue), wasm.splat(get(shift))), all(0xff))),
    ];
    const takeParts = [
      ...set(hue, wasm.multiplyLanes32(get(hue), all(6))),
      ...set(sector, wasm.truncateF32(wasm.divideF32(float(hue), f32x4(HUES)))),
      ...set(
        part,
        wasm.divideF32(
          wasm.lanes32ToF32(wasm.subtractLanes32(get(hue), wasm.multiplyLanes32(get(sector), all(HUES)))),
          f32x4(HUES),
        ),
      ),
      // The last hue is the first sixth again.
      ...set(in0, wasm.or(inSector(0), inSector(6))),
      ...[in1, in2, in3, in4, in5].flatMap((mask, index) => set(mask, inSector(index + 1))),
      ...set(unit, wasm.divideF32(float(saturation), f32x4(HUES))),
      ...set(p, darker(get(unit))),
      ...set(q, darker(wasm.multiplyF32(get(unit), get(part)))),
      ...set(t, darker(wasm.multiplyF32(get(unit), wasm.subtractF32(f32x4(1), get(part))))),
    ];
    return repeat(
      [
        ...set(bytes, wasm.loadVector(get(at))),
        ...set(red, channelOf(get(bytes), 0)),
        ...set(green, channelOf(get(bytes), 1)),
        ...set(blue, channelOf(get(bytes), 2)),
        ...set(max, extremes(wasm.maxLanes32)),
        ...set(min, extremes(wasm.minLanes32)),
        ...set(chroma, wasm.subtractLanes32(get(max), get(min))),
        ...set(saturation, wasm.truncateF32(wasm.multiplyF32(wasm.divideF32(float(chroma), float(max)), f32x4(HUES)))),
        ...set(isGrey, wasm.equal32(get(saturation), all(0))),
        ...takeHue,
        ...takeParts,
        ...storeFourPixels(
          at,
          [
            bySector(either(in0, in5), in1, in4),
            bySector(either(in1, in2), in3, in0),
            bySector(either(in3, in4), in5, in2),
          ],
          packed,
        ),
        ...increase(at, i32(FOUR_PIXELS_BYTES)),
      ],
      isLess(get(at), get(end)),
    );
  },
);
