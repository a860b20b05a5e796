import { describe, expect, it } from 'vitest';
import { resizeImage, roundHalfEven, shorterSideSize } from '../../../src/shared/resize.js';
import { TORCHVISION, formulaPicture, unpacked } from '../../support/transforms.js';

describe('resizeImage', () => {
  it.each(
    TORCHVISION.resizes.map(
      (entry) => [`${entry.source.join(' × ')} to ${entry.to.join(' × ')}, ${entry.interpolation}`, entry] as const,
    ),
  )('is Pillow to the bit: %s', (_name, { source, to, interpolation, box, expected }) => {
    const resized = resizeImage(formulaPicture(...source), ...to, interpolation, { box });
    expect([resized.width, resized.height]).toEqual(to);
    expect(Array.from(resized.data)).toEqual(Array.from(unpacked(expected)));
  });

  it('leaves a picture of the right size as it is, and its source alone', () => {
    const source = formulaPicture(9, 7);
    const before = source.data.slice();
    for (const interpolation of ['bilinear', 'bicubic'] as const) {
      const same = resizeImage(source, 9, 7, interpolation);
      expect(same.data).toEqual(before);
      expect(same.data).not.toBe(source.data);
    }
    resizeImage(source, 3, 3, 'bicubic');
    expect(source.data).toEqual(before);
  });

  it('averages two pixels by hand', () => {
    const source = { width: 2, height: 1, data: Uint8Array.of(0, 10, 255, 100, 21, 255) };
    // Halving with a triangle of half-width 2: weights 3/4·1/… are equal by symmetry, so the mean, half rounded up.
    expect(Array.from(resizeImage(source, 1, 1, 'bilinear').data)).toEqual([50, 16, 255]);
  });

  it('computes a window as a part of the whole', () => {
    const source = formulaPicture(50, 40);
    const whole = resizeImage(source, 31, 29, 'bicubic');
    const window = { left: 4, top: 9, width: 11, height: 13 };
    const part = resizeImage(source, 31, 29, 'bicubic', { window });
    const expected: number[] = [];
    for (let y = window.top; y < window.top + window.height; y++) {
      const start = (y * 31 + window.left) * 3;
      expected.push(...whole.data.subarray(start, start + window.width * 3));
    }
    expect([part.width, part.height]).toEqual([11, 13]);
    expect(Array.from(part.data)).toEqual(expected);
  });

  it('keeps an even colour even, also where bicubic weights are negative', () => {
    const source = { width: 13, height: 8, data: new Uint8Array(13 * 8 * 3).fill(201) };
    for (const side of [3, 8, 40]) {
      expect(new Set(resizeImage(source, side, side, 'bicubic').data)).toEqual(new Set([201]));
    }
  });

  it('gives the same after many other sizes have been through its tables', () => {
    const source = formulaPicture(60, 60);
    const first = resizeImage(source, 17, 19, 'bilinear').data;
    for (let width = 1; width <= 300; width++) resizeImage(source, width, 1, 'bilinear');
    expect(resizeImage(source, 17, 19, 'bilinear').data).toEqual(first);
  });
});

describe('sizes', () => {
  it('follows torchvision where the shorter side is given', () => {
    for (const { source, resize, resized } of TORCHVISION.crops) {
      const { width, height } = shorterSideSize(...source, resize);
      expect([width, height]).toEqual(resized);
    }
    expect(shorterSideSize(500, 375, 256)).toEqual({ width: 341, height: 256 });
    expect(shorterSideSize(375, 500, 256)).toEqual({ width: 256, height: 341 });
    expect(shorterSideSize(80, 80, 256)).toEqual({ width: 256, height: 256 });
  });

  it('rounds halves to the even neighbour', () => {
    const rounded = [0.5, 1.5, 2.5, 58.5, -0.5, -1.5, 2.4999, 2.5001, 7].map((value) => roundHalfEven(value) + 0);
    expect(rounded).toEqual([0, 2, 2, 58, 0, -2, 2, 3, 7]);
  });
});
