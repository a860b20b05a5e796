import { describe, expect, it } from 'vitest';
import { explainProcessor } from '../../../../src/main/engine/cuda-libraries.js';

const DRIVER = '\tlibcuda.so.1 (libc6,x86-64) => /lib/x86_64-linux-gnu/libcuda.so.1\n';
const CUDA = ['cudart', 'cublas', 'cudnn', 'cufft', 'cusparse']
  .map((name) => `\tlib${name}.so.12 (libc6,x86-64) => /usr/lib/lib${name}.so.12\n`)
  .join('');

describe('explainProcessor', () => {
  it.each([
    ['there is no loader’s cache', null, false, 'no GPU support, or found no GPU', []],
    ['there is no driver', CUDA, true, 'no NVIDIA driver on this machine', ['libcuda.so.1']],
    ['there is nothing but the driver', DRIVER, false, 'CUDA libraries are missing: libcudart.so, ', 5],
    ['set-up has brought the libraries', DRIVER, true, 'has CUDA, but found no card', []],
    ['the machine has the libraries', DRIVER + CUDA, false, 'no GPU support, or found no GPU', []],
  ])('where %s', (_, listing, hasOwnLibraries, reason, missing) => {
    const explained = explainProcessor({ listing, hasOwnLibraries });
    expect(explained.reason).toContain(reason);
    if (typeof missing === 'number') expect(explained.missingLibraries).toHaveLength(missing);
    else expect(explained.missingLibraries).toEqual(missing);
  });
});
