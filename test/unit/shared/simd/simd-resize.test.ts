import { afterEach, describe, expect, it } from 'vitest';
import type { PixelImage } from '../../../../src/shared/image.js';
import { createStream, type RandomStream } from '../../../../src/shared/random.js';
import { type PixelKernels, usePixelKernels } from '../../../../src/shared/pixel-kernels.js';
import { type Box, resizeImage, type ResizeJob } from '../../../../src/shared/resize.js';
import { createSimdKernels } from '../../../../src/shared/simd/simd-kernels.js';

/** Black, white and what is between: where weights overshoot, sums leave 0..255. */
function harshPicture(width: number, height: number, rng: RandomStream): PixelImage {
  const data = Uint8Array.from({ length: width * height * 3 }, () => [0, 255, rng.integer(256)][rng.integer(3)]!);
  return { width, height, data };
}

function boxWithin(width: number, height: number, rng: RandomStream): Box {
  const size = { width: 1 + rng.integer(width), height: 1 + rng.integer(height) };
  return { ...size, left: rng.integer(width - size.width + 1), top: rng.integer(height - size.height + 1) };
}

/** Element by element takes minutes. */
const isSame = (a: PixelImage, b: PixelImage): boolean =>
  a.width === b.width && a.height === b.height && Buffer.compare(a.data, b.data) === 0;

afterEach(() => usePixelKernels(null));

/** Has this thread resize by what is given, and nothing else but plainly. */
const useResizer = (resize: ((job: ResizeJob) => PixelImage | null) | null): void =>
  usePixelKernels(resize === null || simd === null ? null : { ...simd, resize });

const simd: PixelKernels | null = createSimdKernels();

describe('resizing with vector instructions', () => {
  it('is there wherever tests run', () => {
    expect(simd).not.toBeNull();
  });

  it.each(['bilinear', 'bicubic'] as const)('is the plain resize byte by byte: %s', (interpolation) => {
    const rng = createStream(5, 'resize', interpolation);
    let used = 0;
    for (let trial = 0; trial < 200; trial++) {
      const longest = trial % 10 === 0 ? 300 : 50;
      const source = harshPicture(1 + rng.integer(longest), 1 + rng.integer(longest), rng);
      const box = boxWithin(source.width, source.height, rng);
      const [width, height] = [1 + rng.integer(60), 1 + rng.integer(60)];
      const options = { box, ...(trial % 2 === 0 ? { window: boxWithin(width, height, rng) } : {}) };
      useResizer(null);
      const plain = resizeImage(source, width, height, interpolation, options);
      useResizer((job) => {
        used++;
        return simd?.resize(job) ?? null;
      });
      const before = { ...source, data: source.data.slice() };
      const resized = resizeImage(source, width, height, interpolation, options);
      expect(isSame(resized, plain), JSON.stringify(options)).toBe(true);
      expect(isSame(source, before)).toBe(true);
    }
    expect(used).toBe(200);
  });

  it('is so in either order of the passes, with a picture that is a part of a larger buffer', () => {
    const rng = createStream(6, 'resize');
    const { data } = harshPicture(120, 121, rng);
    const source = { width: 120, height: 120, data: data.subarray(7, 7 + 120 * 120 * 3) };
    for (const [width, height] of [
      [110, 21],
      [21, 110],
      [33, 33],
    ] as const) {
      const orders: boolean[] = [];
      useResizer(null);
      const plain = resizeImage(source, width, height, 'bicubic');
      useResizer((job) => {
        orders.push(job.isAlongYFirst);
        return simd?.resize(job) ?? null;
      });
      expect(isSame(resizeImage(source, width, height, 'bicubic'), plain)).toBe(true);
      expect(orders).toEqual([height < width]);
    }
  });

  it('leaves a picture that would take too much memory to the plain resize', () => {
    const source = { width: 8000, height: 3000, data: new Uint8Array(8000 * 3000 * 3).fill(77) };
    const results: (PixelImage | null)[] = [];
    useResizer((job) => {
      results.push(simd?.resize(job) ?? null);
      return results.at(-1)!;
    });
    expect(new Set(resizeImage(source, 4, 3, 'bilinear').data)).toEqual(new Set([77]));
    expect(results).toEqual([null]);
  });
});
