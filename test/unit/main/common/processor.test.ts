import { cpus } from 'node:os';
import { describe, expect, it } from 'vitest';
import { featuresOf, hasBfloat16, thisProcessor } from '../../../../src/main/common/processor.js';

describe('featuresOf', () => {
  it.each([
    ['processor: 0\nflags\t\t: fpu avx avx2 avx512f amx_bf16\nbugs\t: x', ['AVX2', 'AVX-512', 'AMX BF16'], true],
    ['flags\t\t: fpu avx512f avx512_bf16 avx512_vnni', ['AVX-512', 'AVX-512 VNNI', 'AVX-512 BF16'], true],
    ['Features\t: fp asimd bf16 i8mm', ['NEON', 'BF16'], true],
    ['flags\t\t: fpu avx512f avx512_vnni', ['AVX-512', 'AVX-512 VNNI'], false],
    ['model name\t: avx512_bf16', [], false],
    ['', [], false],
  ])('reads %j', (cpuinfo, features, multipliesBfloat16) => {
    expect(featuresOf(cpuinfo)).toEqual(features);
    expect(hasBfloat16({ features })).toBe(multipliesBfloat16);
  });
});

describe('thisProcessor', () => {
  it('names the processor that runs this, and how many cores it has', () => {
    const { model, cores } = thisProcessor();
    expect(cores).toBe(cpus().length);
    expect(model).not.toBe('');
  });
});
