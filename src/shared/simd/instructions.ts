/** Instructions, encoded. */
export type Code = readonly number[];

const EMPTY_BLOCK = 0x40;
export const END = 0x0b;

/** A whole number as LEB128. */
export function unsigned(value: number): number[] {
  const bytes: number[] = [];
  let rest = value >>> 0;
  do {
    const byte = rest & 0x7f;
    rest >>>= 7;
    bytes.push(rest === 0 ? byte : byte | 0x80);
  } while (rest !== 0);
  return bytes;
}

function signed(value: number): number[] {
  const bytes: number[] = [];
  let rest = value | 0;
  for (;;) {
    const byte = rest & 0x7f;
    rest >>= 7;
    // The sign bit of the last byte fills what is left of it.
    if ((rest === 0 && (byte & 0x40) === 0) || (rest === -1 && (byte & 0x40) !== 0)) return [...bytes, byte];
    bytes.push(byte | 0x80);
  }
}

const bytesOf = (numbers: Float32Array | Float64Array): number[] => Array.from(new Uint8Array(numbers.buffer));
/** `log2` of the alignment, then the offset: alignment is a hint, and none is promised. */
const address = (offset: number): number[] => [0, ...unsigned(offset)];
const plain =
  (opcode: number) =>
  (...operands: readonly Code[]): number[] => [...operands.flat(), opcode];
const simd =
  (opcode: number) =>
  (...operands: readonly Code[]): number[] => [...operands.flat(), 0xfd, ...unsigned(opcode)];
const access =
  (opcode: number) =>
  (at: Code, offset = 0): number[] => [...simd(opcode)(at), ...address(offset)];

// Each is an instruction of much the same name, its operands' code before it: https://webassembly.github.io/spec/core/

export const get = (local: number): number[] => [0x20, ...unsigned(local)];
export const set = (local: number, value: Code): number[] => [...value, 0x21, ...unsigned(local)];
/** Repeats its body for as long as the condition holds behind it. */
export const repeat = (body: Code, condition: Code): number[] => [
  0x03,
  EMPTY_BLOCK,
  ...body,
  ...condition,
  0x0d,
  0,
  END,
];
export const when = (condition: Code, body: Code): number[] => [...condition, 0x04, EMPTY_BLOCK, ...body, END];

export const i32 = (value: number): number[] => [0x41, ...signed(value)];
export const add = plain(0x6a);
export const subtract = plain(0x6b);
export const multiply = plain(0x6c);
export const isLess = plain(0x48);
export const load = (at: Code, offset = 0): number[] => [...at, 0x28, ...address(offset)];

export const f64 = (value: number): number[] => [0x44, ...bytesOf(Float64Array.of(value))];
export const toF64 = plain(0xb7);
export const addF64 = plain(0xa0);
export const multiplyF64 = plain(0xa2);
export const loadF64 = (at: Code, offset = 0): number[] => [...at, 0x2b, ...address(offset)];

export const loadVector = access(0x00);
export const loadSplat32 = access(0x09);
export const loadZero32 = access(0x5c);
export const loadZero64 = access(0x5d);
export const storeVector = (at: Code, value: Code, offset = 0): number[] => [
  ...simd(0x0b)(at, value),
  ...address(offset),
];
export const storeLane32 = (at: Code, value: Code, lane: number, offset = 0): number[] => [
  ...simd(0x5a)(at, value),
  ...address(offset),
  lane,
];
export const storeLane64 = (at: Code, value: Code, lane: number): number[] => [
  ...simd(0x5b)(at, value),
  ...address(0),
  lane,
];

export const bytes = (values: Code): number[] => [...simd(0x0c)(), ...values];
export const swizzle = simd(0x0e);
export const shuffle = (a: Code, b: Code, lanes: Code): number[] => [...simd(0x0d)(a, b), ...lanes];
export const splat = simd(0x11);
export const splatF64 = simd(0x14);
export const f32x4 = (value: number): number[] => {
  const lane = bytesOf(Float32Array.of(value));
  return [...simd(0x0c)(), ...lane, ...lane, ...lane, ...lane];
};
export const lane32 = (value: Code, lane: number): number[] => [...simd(0x1b)(value), lane];
export const and = simd(0x4e);
export const or = simd(0x50);
/** Bits of `a` where the mask has ones, of `b` elsewhere. */
export const choose = (a: Code, b: Code, mask: Code): number[] => simd(0x52)(a, b, mask);

export const narrow16To8Unsigned = simd(0x66);
export const narrow32To16 = simd(0x85);
export const extendLow8To16Unsigned = simd(0x89);
export const extendHigh8To16Unsigned = simd(0x8a);
export const extendLow16To32Unsigned = simd(0xa9);
export const extendHigh16To32Unsigned = simd(0xaa);
export const addLanes16 = simd(0x8e);

export const equal32 = simd(0x37);
export const shiftLeft32 = simd(0xab);
export const shiftRight32 = simd(0xac);
export const addLanes32 = simd(0xae);
export const subtractLanes32 = simd(0xb1);
export const multiplyLanes32 = simd(0xb5);
export const minLanes32 = simd(0xb6);
export const maxLanes32 = simd(0xb8);
export const dot16 = simd(0xba);

export const lanes32ToF32 = simd(0xfa);
/** Towards zero; what is no number becomes 0. */
export const truncateF32 = simd(0xf8);
export const addF32 = simd(0xe4);
export const subtractF32 = simd(0xe5);
export const multiplyF32 = simd(0xe6);
export const divideF32 = simd(0xe7);

/** Of the two lower lanes. */
export const lowF32ToF64 = simd(0x5f);
export const lowLanes32ToF64 = simd(0xfe);
export const f64ToLowF32 = simd(0x5e);
export const floorLanesF64 = simd(0x75);
export const addLanesF64 = simd(0xf0);
export const subtractLanesF64 = simd(0xf1);
export const multiplyLanesF64 = simd(0xf2);
export const divideLanesF64 = simd(0xf3);
export const isAtLeastF64 = simd(0x4c);
export const isLessF64 = simd(0x49);
export const areAll64 = simd(0xc3);
