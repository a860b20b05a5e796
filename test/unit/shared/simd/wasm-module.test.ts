import { describe, expect, it } from 'vitest';
import * as wasm from '../../../../src/shared/simd/instructions.js';
import { encodeModule } from '../../../../src/shared/simd/wasm-module.js';

/** What is used of it; Node has it without types of its own. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: { readonly initial: number }) => { readonly buffer: ArrayBuffer };
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (module: object, imports: object) => { readonly exports: Record<string, () => void> };
};

describe('a WebAssembly module', () => {
  it('keeps constants of every length and sign', () => {
    const values = [0, 1, -1, 63, 64, -64, -65, 127, 128, 8191, 8192, -8192, -8193, 0x200000, 0x7fffffff, -0x80000000];
    const body = values.flatMap((value, place) =>
      wasm.storeVector(wasm.i32(0), wasm.splat(wasm.i32(value)), place * 16),
    );
    const locals = { i32: 0, f64: 0, v128: 0 };
    const bytes = encodeModule([
      { name: 'nothing', parameters: 2, locals, body: [] },
      { name: 'store', parameters: 0, locals, body },
    ]);
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(bytes), { host: { memory } });
    exports['store']!();
    expect(Array.from(new Int32Array(memory.buffer, 0, values.length * 4))).toEqual(
      values.flatMap((value) => [value, value, value, value]),
    );
  });
});
