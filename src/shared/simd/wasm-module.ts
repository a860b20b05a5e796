import { type Code, END, unsigned } from './instructions.js';

/** A function of a module: all parameters are i32, and it returns nothing. */
export interface WasmFunction {
  readonly name: string;
  readonly parameters: number;
  /** Locals behind the parameters: first so many i32, then f64, then v128. */
  readonly locals: { readonly i32: number; readonly f64: number; readonly v128: number };
  readonly body: Code;
}

const I32 = 0x7f;
const F64 = 0x7c;
const V128 = 0x7b;
const FUNCTION_TYPE = 0x60;

const vector = (items: readonly Code[]): number[] => [...unsigned(items.length), ...items.flat()];
const section = (id: number, content: Code): number[] => [id, ...unsigned(content.length), ...content];
const text = (value: string): number[] => [...unsigned(value.length), ...new TextEncoder().encode(value)];

/** Locals' indices by their names, in order from `first` on. */
export const numberLocals = <T extends string>(names: readonly T[], first = 0): Readonly<Record<T, number>> =>
  Object.fromEntries(names.map((name, index) => [name, first + index])) as Record<T, number>;

/** Names of locals by their type. */
export interface LocalNames<P extends string, I extends string, F extends string, V extends string> {
  readonly parameters: readonly P[];
  readonly i32?: readonly I[];
  readonly f64?: readonly F[];
  readonly v128?: readonly V[];
}

/**
 * A function whose locals have names.
 *
 * @param write gets each local's index by its name
 */
export function defineFunction<
  P extends string,
  I extends string = never,
  F extends string = never,
  V extends string = never,
>(
  name: string,
  { parameters, i32 = [], f64 = [], v128 = [] }: LocalNames<P, I, F, V>,
  write: (local: Readonly<Record<P | I | F | V, number>>) => Code,
): WasmFunction {
  const local = numberLocals([...parameters, ...i32, ...f64, ...v128]);
  const locals = { i32: i32.length, f64: f64.length, v128: v128.length };
  return { name, parameters: parameters.length, locals, body: write(local) };
}

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
        [...unsigned(locals.f64), F64],
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
