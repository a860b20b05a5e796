import { increase } from './four-pixels.js';
import * as wasm from './instructions.js';
import { type Code, get, i32, isLess, repeat, set } from './instructions.js';
import { defineFunction } from './wasm-module.js';

/** Of the constants that {@link sample} reads: pairs of f64, x before y. */
const PLACES = { alongX: 0, alongY: 16, offset: 32, size: 48, perspective: 64, last: 96 } as const;
/** Their size. */
export const SAMPLE_SETTINGS_BYTES = 112;

/** Writes the constants of {@link sample}. @param at a multiple of eight */
export function putSampleSettings(
  bytes: Uint8Array<ArrayBuffer>,
  at: number,
  { width, height }: { readonly width: number; readonly height: number },
  [a, b, c, d, e, f, g, h, i]: readonly number[],
): void {
  const values = [a, d, b, e, c, f, width, height, g, h, i] as number[];
  new Float64Array(bytes.buffer, at, values.length).set(values);
  new Int32Array(bytes.buffer, at + PLACES.last, 4).set([width - 1, 0, height - 1, 0]);
}

const FIRST = [0, 1, 2, 3, 4, 5, 6, 7];
const SECOND = FIRST.map((byte) => byte + 8);
/** The lower i32 of each f64: red and green of one vector, blue of another. */
const PIXEL = [0, 1, 2, 3, 8, 9, 10, 11, 16, 17, 18, 19, 24, 25, 26, 27];
const RGB = [255, 0, 0, 0, 255, 0, 0, 0, 255, 0, 0, 0, 0, 0, 0, 0];

/**
 * Added to a whole number in f64, it leaves that number in the lower half of the bits, as i32: fewer instructions than
 * WebAssembly's conversion, which has to do with infinities.
 */
const WHOLE = 1.5 * 2 ** 52;
const toWhole = (numbers: Code): Code => wasm.addLanesF64(wasm.floorLanesF64(numbers), wasm.splatF64(wasm.f64(WHOLE)));

/**
 * Samples a picture through a matrix as `sampleThrough` does, in f64 as well: coordinates two at a time, channels two at a
 * time. What is outside stays as it is.
 */
export const sample = defineFunction(
  'sample',
  {
    parameters: ['from', 'to', 'width', 'height', 'settings', 'isPerspective'],
    i32: ['x', 'y', 'row', 'left', 'right', 'top', 'bottom'],
    f64: ['xc', 'yc'],
    v128: ['at', 'start', 'alongX', 'offset', 'size', 'last', 'cell', 'dx', 'dy', 'p', 'q', 'r', 's'],
  },
  (local) => {
    const { from, to, width, height, settings, isPerspective, x, y, row, left, right, top, bottom, xc, yc } = local;
    const { at, start, alongX, offset, size, last, cell, dx, dy, p, q, r, s } = local;
    const centre = (place: number): Code => wasm.addF64(wasm.toF64(get(place)), wasm.f64(0.5));
    const plane = (coefficient: number, by: number): Code =>
      wasm.multiplyF64(wasm.loadF64(get(settings), PLACES.perspective + coefficient * 8), get(by));
    const divide = [
      ...set(
        at,
        wasm.divideLanesF64(
          get(at),
          wasm.splatF64(
            wasm.addF64(wasm.addF64(plane(0, xc), plane(1, yc)), wasm.loadF64(get(settings), PLACES.perspective + 16)),
          ),
        ),
      ),
    ];
    const clamped = (cellAt: Code): Code => wasm.minLanes32(wasm.maxLanes32(cellAt, wasm.splat(i32(0))), get(last));
    const corner = (line: number, column: number): Code =>
      wasm.extendLow16To32Unsigned(wasm.extendLow8To16Unsigned(wasm.loadZero32(wasm.add(get(line), get(column)))));
    const mix = (start: number, step: number): Code =>
      wasm.addLanesF64(
        wasm.lowLanes32ToF64(get(start)),
        wasm.multiplyLanesF64(wasm.lowLanes32ToF64(get(step)), get(dx)),
      );
    /** Between two rows, of the two lower channels. */
    const blend = [
      ...set(cell, mix(p, q)),
      ...toWhole(
        wasm.addLanesF64(get(cell), wasm.multiplyLanesF64(wasm.subtractLanesF64(mix(r, s), get(cell)), get(dy))),
      ),
    ];
    const upper = (lanes: number): Code => set(lanes, wasm.shuffle(get(lanes), get(lanes), [...SECOND, ...SECOND]));

    const draw = [
      ...set(at, wasm.subtractLanesF64(get(at), wasm.splatF64(wasm.f64(0.5)))),
      ...set(cell, wasm.floorLanesF64(get(at))),
      ...set(dy, wasm.subtractLanesF64(get(at), get(cell))),
      ...set(dx, wasm.shuffle(get(dy), get(dy), [...FIRST, ...FIRST])),
      ...set(dy, wasm.shuffle(get(dy), get(dy), [...SECOND, ...SECOND])),
      ...set(cell, toWhole(get(cell))),
      ...set(p, clamped(get(cell))),
      ...set(q, clamped(wasm.addLanes32(get(cell), wasm.splat(i32(1))))),
      ...set(left, wasm.multiply(wasm.lane32(get(p), 0), i32(3))),
      ...set(right, wasm.multiply(wasm.lane32(get(q), 0), i32(3))),
      ...set(top, wasm.add(get(from), wasm.multiply(wasm.lane32(get(p), 2), get(row)))),
      ...set(bottom, wasm.add(get(from), wasm.multiply(wasm.lane32(get(q), 2), get(row)))),
      ...set(p, corner(top, left)),
      ...set(q, wasm.subtractLanes32(corner(top, right), get(p))),
      ...set(r, corner(bottom, left)),
      ...set(s, wasm.subtractLanes32(corner(bottom, right), get(r))),
      ...set(at, blend),
      ...[p, q, r, s].flatMap(upper),
      // Lanes of 32 bits are moved by one instruction; bytes would be by way of memory.
      ...set(at, wasm.and(wasm.shuffle(get(at), blend, PIXEL), wasm.bytes(RGB))),
      ...set(at, wasm.narrow32To16(get(at), get(at))),
      // A fourth byte goes along, a zero: whatever comes there is written later, or stays black.
      ...wasm.storeLane32(get(to), wasm.narrow16To8Unsigned(get(at), get(at)), 0),
    ];
    return [
      ...set(alongX, wasm.loadVector(get(settings), PLACES.alongX)),
      ...set(offset, wasm.loadVector(get(settings), PLACES.offset)),
      ...set(size, wasm.loadVector(get(settings), PLACES.size)),
      ...set(last, wasm.loadVector(get(settings), PLACES.last)),
      ...set(row, wasm.multiply(get(width), i32(3))),
      ...repeat(
        [
          ...set(yc, centre(y)),
          ...set(start, wasm.multiplyLanesF64(wasm.loadVector(get(settings), PLACES.alongY), wasm.splatF64(get(yc)))),
          ...set(x, i32(0)),
          ...repeat(
            [
              ...set(xc, centre(x)),
              ...set(
                at,
                wasm.addLanesF64(
                  wasm.addLanesF64(wasm.multiplyLanesF64(get(alongX), wasm.splatF64(get(xc))), get(start)),
                  get(offset),
                ),
              ),
              ...wasm.when(get(isPerspective), divide),
              // Coordinates that are no numbers fall outside.
              ...wasm.when(
                wasm.areAll64(
                  wasm.and(wasm.isAtLeastF64(get(at), wasm.splatF64(wasm.f64(0))), wasm.isLessF64(get(at), get(size))),
                ),
                draw,
              ),
              ...increase(to, i32(3)),
              ...increase(x, i32(1)),
            ],
            isLess(get(x), get(width)),
          ),
          ...increase(y, i32(1)),
        ],
        isLess(get(y), get(height)),
      ),
    ];
  },
);
