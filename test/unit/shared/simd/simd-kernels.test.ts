import { afterEach, describe, expect, it } from 'vitest';
import { type Matrix, inverseAffine, multiply, sampleThrough } from '../../../../src/shared/augment/matrix.js';
import { primitiveOf } from '../../../../src/shared/augment/registry.js';
import type { PlannedOp } from '../../../../src/shared/augment/op.js';
import { turnHue } from '../../../../src/shared/augment/hue.js';
import type { PixelImage } from '../../../../src/shared/image.js';
import type { InputSpec } from '../../../../src/shared/input.js';
import { type PixelKernels, usePixelKernels } from '../../../../src/shared/pixel-kernels.js';
import { createStream, type RandomStream } from '../../../../src/shared/random.js';
import { createSimdKernels } from '../../../../src/shared/simd/simd-kernels.js';

const simd: PixelKernels | null = createSimdKernels();
const INPUT = { mean: [127, 128, 129] } as unknown as InputSpec;

function noise(width: number, height: number, rng: RandomStream): PixelImage {
  const data = Uint8Array.from({ length: width * height * 3 }, () => [0, 255, rng.integer(256)][rng.integer(3)]!);
  return { width, height, data };
}

const copyOf = (image: PixelImage): PixelImage => ({ ...image, data: image.data.slice() });
const isSame = (a: PixelImage, b: PixelImage): boolean =>
  a.width === b.width && a.height === b.height && Buffer.compare(a.data, b.data) === 0;

/** Draws plainly and with vector instructions. @returns whether the latter were used and the bytes are the same */
function compare(name: keyof PixelKernels, source: PixelImage, draw: (image: PixelImage) => PixelImage): string {
  usePixelKernels(null);
  const plain = draw(copyOf(source));
  let used = 0;
  const counted = Object.fromEntries(
    Object.entries(simd ?? {}).map(([key, kernel]) => [
      key,
      (...parameters: unknown[]): unknown => {
        const found = (kernel as (...all: unknown[]) => unknown)(...parameters);
        if (key === name && found !== null) used++;
        return found;
      },
    ]),
  ) as unknown as PixelKernels;
  usePixelKernels(counted);
  const given = copyOf(source);
  const fast = draw(given);
  usePixelKernels(null);
  if (used === 0) return 'not used';
  if (!isSame(given, source)) return 'changed what it was given';
  return isSame(plain, fast) ? 'same' : 'different';
}

const apply = (planned: PlannedOp) => (image: PixelImage) => {
  const primitive = primitiveOf(planned);
  if (primitive.kind !== 'pixels') throw new Error(`${planned.op} is not an op on pixels`);
  return primitive.apply(image, planned, INPUT);
};

afterEach(() => usePixelKernels(null));

describe('drawing with vector instructions', () => {
  const rng = createStream(7, 'kernels');
  const sizes = [
    [1, 1],
    [2, 3],
    [5, 4],
    [7, 9],
    [8, 8],
    [33, 20],
    [64, 65],
    [131, 90],
  ] as const;

  it('is there wherever tests run', () => expect(simd).not.toBeNull());

  it.each([
    ['brightness', 'blendLevel'],
    ['contrast', 'sumLuma'],
    ['saturation', 'saturate'],
  ] as const)('is the plain one byte by byte: %s', (op, kernel) => {
    for (const [width, height] of sizes) {
      for (const factor of [0, 0.013, 0.5, 1, 1.37, 1.999, 3.1]) {
        const planned: PlannedOp & { factor: number } = { op, factor };
        expect(compare(kernel, noise(width, height, rng), apply(planned)), `${width}×${height}, ${factor}`).toBe(
          'same',
        );
      }
    }
  });

  it('is so for a turn of the hue, of every colour that there is', () => {
    const side = 4096;
    const data = new Uint8Array(side * side * 3);
    for (let colour = 0, to = 0; colour < side * side; colour++, to += 3) {
      data[to] = colour >> 16;
      data[to + 1] = (colour >> 8) & 0xff;
      data[to + 2] = colour & 0xff;
    }
    expect(compare('shiftHue', { width: side, height: side, data }, (image) => turnHue(image, 0.1))).toBe('same');
  });

  it('is so for every turn of the hue', () => {
    for (let shift = -127; shift < 128; shift++) {
      const [width, height] = sizes[Math.abs(shift) % sizes.length]!;
      const result = compare('shiftHue', noise(width, height, rng), (image) => turnHue(image, shift / 255));
      expect(result, String(shift)).toBe('same');
    }
  });

  it('is so for sharpness, of pictures that are wide enough', () => {
    for (const [width, height] of sizes.filter(([wide, high]) => wide > 7 && high > 2)) {
      for (const factor of [0, 0.4, 1, 2, 3.7]) {
        const planned: PlannedOp & { factor: number } = { op: 'sharpness', factor };
        expect(compare('sharpen', noise(width, height, rng), apply(planned)), `${width}×${height}`).toBe('same');
      }
    }
    expect(compare('sharpen', noise(7, 7, rng), apply({ op: 'sharpness', factor: 2 } as PlannedOp))).toBe('not used');
  });

  it('is so for blur, also with a kernel that is wider than the picture', () => {
    for (const [width, height] of sizes) {
      for (const [kernelSize, sigma] of [
        [3, 0.1],
        [3, 1.5],
        [9, 2],
        [15, 0.7],
        [31, 9.5],
      ] as const) {
        const planned: PlannedOp & { kernelSize: number; sigma: number } = { op: 'gaussian_blur', kernelSize, sigma };
        const result = compare('blur', noise(width, height, rng), apply(planned));
        expect(result, `${width}×${height}, ${kernelSize}`).toBe('same');
      }
    }
  });

  it('is so for sampling through a matrix, affine and in perspective, what lies outside too', () => {
    for (let trial = 0; trial < 120; trial++) {
      const [width, height] = sizes[trial % sizes.length]!;
      const between = (low: number, high: number): number => rng.between(low, high);
      const affine = inverseAffine(
        between(-180, 180),
        [between(-0.6, 0.6) * width, between(-0.6, 0.6) * height],
        between(0.3, 2),
        [between(-30, 30), between(-30, 30)],
        [width / 2, height / 2],
      );
      const tilt: Matrix = [1, 0, 0, 0, 1, 0, between(-0.02, 0.02), between(-0.02, 0.02), 1];
      const matrix = trial % 2 === 0 ? affine : multiply(affine, tilt);
      const result = compare('sample', noise(width, height, rng), (image) => sampleThrough(image, matrix));
      expect(result, JSON.stringify({ width, height, matrix })).toBe('same');
    }
    // Dividing by nothing gives no number.
    const flat: Matrix = [1.5, 0, 0, 0, 1.5, 0, 0, 0, 0];
    expect(compare('sample', noise(9, 9, rng), (image) => sampleThrough(image, flat))).toBe('same');
  });

  it('makes opaque pixels for a canvas', () => {
    for (const [width, height] of sizes) {
      const source = noise(width, height, rng);
      const rgba = simd?.toRgba(source);
      expect(rgba).toHaveLength(width * height * 4);
      const expected = Array.from({ length: width * height }, (_, at) => [
        ...source.data.subarray(at * 3, at * 3 + 3),
        255,
      ]);
      expect(Array.from(rgba!)).toEqual(expected.flat());
    }
  });

  it('leaves what would take too much memory to the plain one', () => {
    const data = new Uint8Array(5000 * 5000 * 3).fill(9);
    expect(simd?.saturate({ width: 5000, height: 5000, data }, 0.5)).toBeNull();
    expect(simd?.toRgba({ width: 5000, height: 5000, data })).toBeNull();
  });
});
