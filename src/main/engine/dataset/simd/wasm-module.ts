/** Instructions, encoded. */
export type Code = readonly number[];

/** A function of a module: all parameters are i32, and it returns nothing. */
export interface WasmFunction {
  readonly name: string;
  readonly parameters: number;
  /** Locals behind the parameters: first so many i32, then so many v128. */
  readonly locals: { readonly i32: number; readonly v128: number };
  readonly body: Code;
}

const I32 = 0x7f;
const V128 = 0x7b;
const FUNCTION_TYPE = 0x60;
const EMPTY_BLOCK = 0x40;
const END = 0x0b;

function unsigned(value: number): number[] {
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

const vector = (items: readonly Code[]): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, content: Code): number[] => [id, ...unsigned(content.length), ...content];
const text = (value: string): number[] => [...unsigned(value.length), ...new TextEncoder().encode(value)];

/** `log2` of the alignment, then the offset: alignment is a hint, and none is promised. */
const address = (offset: number): number[] => [0, ...unsigned(offset)];
const simd =
  (opcode: number) =>
  (...operands: readonly Code[]): number[] => [...operands.flat(), 0xfd, ...unsigned(opcode)];

/** An instruction of the same name, its operands' code before it. https://webassembly.github.io/spec/core/ */
export const wasm = {
  get: (local: number): number[] => [0x20, ...unsigned(local)],
  set: (local: number, value: Code): number[] => [...value, 0x21, ...unsigned(local)],
  i32: (value: number): number[] => [0x41, ...signed(value)],
  add: (a: Code, b: Code): number[] => [...a, ...b, 0x6a],
  subtract: (a: Code, b: Code): number[] => [...a, ...b, 0x6b],
  multiply: (a: Code, b: Code): number[] => [...a, ...b, 0x6c],
  isLess: (a: Code, b: Code): number[] => [...a, ...b, 0x48],
  load: (at: Code, offset = 0): number[] => [...at, 0x28, ...address(offset)],
  /** Repeats its body for as long as the condition holds behind it. */
  repeat: (body: Code, condition: Code): number[] => [0x03, EMPTY_BLOCK, ...body, ...condition, 0x0d, 0, END],

  loadVector: (at: Code, offset = 0): number[] => [...simd(0x00)(at), ...address(offset)],
  loadSplat32: (at: Code, offset = 0): number[] => [...simd(0x09)(at), ...address(offset)],
  loadZero64: (at: Code, offset = 0): number[] => [...simd(0x5d)(at), ...address(offset)],
  storeVector: (at: Code, value: Code, offset = 0): number[] => [...simd(0x0b)(at, value), ...address(offset)],
  storeLane32: (at: Code, value: Code, lane: number): number[] => [...simd(0x5a)(at, value), ...address(0), lane],
  bytes: (values: Code): number[] => [...simd(0x0c)(), ...values],
  swizzle: simd(0x0e),
  shuffle: (a: Code, b: Code, lanes: Code): number[] => [...simd(0x0d)(a, b), ...lanes],
  splat: simd(0x11),
  narrow16To8Unsigned: simd(0x66),
  narrow32To16: simd(0x85),
  extendLow8To16Unsigned: simd(0x89),
  extendHigh8To16Unsigned: simd(0x8a),
  shiftLeft32: simd(0xab),
  shiftRight32: simd(0xac),
  addLanes32: simd(0xae),
  dot16: simd(0xba),
} as const;

/** Encodes a module that imports its memory as `host.memory` and exports its functions by name. */
export function encodeModule(functions: readonly WasmFunction[]): Uint8Array<ArrayBuffer> {
  const types = functions.map(({ parameters }) => [
    FUNCTION_TYPE,
    ...vector(Array.from({ length: parameters }, () => [I32])),
    0,
  ]);
  const memory = [...text('host'), ...text('memory'), 0x02, 0x00, ...unsigned(1)];
  const names = functions.map(({ name }, index) => [...text(name), 0x00, ...unsigned(index)]);
  const bodies = functions.map(({ locals, body }) => {
    const code = [
      ...vector([
        [...unsigned(locals.i32), I32],
        [...unsigned(locals.v128), V128],
      ]),
      ...body,
      END,
    ];
    return [...unsigned(code.length), ...code];
  });
  return Uint8Array.of(
    ...[0x00, 0x61, 0x73, 0x6d, 0x01, 0x00, 0x00, 0x00],
    ...section(1, vector(types)),
    ...section(2, vector([memory])),
    ...section(3, vector(functions.map((_, index) => unsigned(index)))),
    ...section(7, vector(names)),
    ...section(10, vector(bodies)),
  );
}
