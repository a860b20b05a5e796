interface WasmMemory {
  readonly buffer: ArrayBuffer;
  grow(pages: number): number;
}

/** A function of a module, all of whose parameters are numbers. */
export type Kernel = (...parameters: readonly number[]) => void;

/** What is used of it; Node has it without types of its own. */
declare const WebAssembly: {
  readonly Memory: new (descriptor: { readonly initial: number }) => WasmMemory;
  readonly Module: new (bytes: Uint8Array<ArrayBuffer>) => object;
  readonly Instance: new (
    module: object,
    imports: { readonly host: { readonly memory: WasmMemory } },
  ) => { readonly exports: Readonly<Record<string, Kernel>> };
};

const PAGE_BYTES = 65_536;
/** Memory that was once taken is kept, so that what needs more is left to the plain ways. */
const MAX_BYTES = 64 * 1024 * 1024;
const BLOCK_BYTES = 16;

/** A module's functions and its memory, which every call of one may use all of. */
export interface SimdModule<Name extends string> {
  readonly kernels: Readonly<Record<Name, Kernel>>;
  /** All of memory, at least so much; null when that is too much. What was in it stays. */
  reserve(length: number): Uint8Array<ArrayBuffer> | null;
}

/** @returns the next multiple of a block of sixteen bytes */
export const padded = (bytes: number): number => Math.ceil(bytes / BLOCK_BYTES) * BLOCK_BYTES;

/**
 * Compiles a module.
 *
 * @returns null where the processor or the runtime has no such instructions, or a page's security policy forbids them
 */
export function openSimdModule<Name extends string>(
  module: Uint8Array<ArrayBuffer>,
  names: readonly Name[],
): SimdModule<Name> | null {
  try {
    const memory = new WebAssembly.Memory({ initial: 1 });
    const { exports } = new WebAssembly.Instance(new WebAssembly.Module(module), { host: { memory } });
    const kernels = Object.fromEntries(names.map((name) => [name, exports[name]!])) as Record<Name, Kernel>;
    let bytes = new Uint8Array(memory.buffer);
    return {
      kernels,
      reserve(length) {
        if (length > MAX_BYTES) return null;
        if (length > bytes.length) {
          memory.grow(Math.ceil((length - bytes.length) / PAGE_BYTES));
          bytes = new Uint8Array(memory.buffer);
        }
        return bytes;
      },
    };
  } catch {
    return null;
  }
}
