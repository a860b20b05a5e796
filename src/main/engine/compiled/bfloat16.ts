import { readFile } from 'node:fs/promises';
import { cpuFlagsOf } from '../../common/cpu-flags.js';

/** Float32 rounded to bfloat16, to the nearest and of two equally near to the even one; no NaN. @returns its bits */
export function toBfloat16(values: Float32Array): Uint16Array {
  const bits = new Uint32Array(values.buffer, values.byteOffset, values.length);
  const rounded = new Uint16Array(bits.length);
  // A loop: `from` with a function takes forty times as long, half a second for a usual network.
  for (let i = 0; i < bits.length; i++) {
    const bit = bits[i]!;
    rounded[i] = (bit + 0x7fff + ((bit >>> 16) & 1)) >>> 16;
  }
  return rounded;
}

/** Flags of `/proc/cpuinfo` for products of bfloat16: Intel's and AMD's, and ARM's. */
const FLAGS: readonly string[] = ['avx512_bf16', 'amx_bf16', 'bf16'];

/** Whether a Linux processor says that it multiplies bfloat16. */
export function saysBfloat16(cpuinfo: string): boolean {
  const flags = cpuFlagsOf(cpuinfo);
  return FLAGS.some((flag) => flags.has(flag));
}

/** Whether this processor multiplies bfloat16; false where that cannot be found out, as outside of Linux. */
export async function hasBfloat16(): Promise<boolean> {
  return saysBfloat16(await readFile('/proc/cpuinfo', 'utf8').catch(() => ''));
}
