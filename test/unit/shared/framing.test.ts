import { describe, expect, it } from 'vitest';
import { frameImage, frameRegion } from '../../../src/shared/framing.js';
import { resizeImage } from '../../../src/shared/resize.js';
import { TORCHVISION, formulaPicture, inputOf, unpacked } from '../../support/transforms.js';

describe('frameImage', () => {
  it.each(
    TORCHVISION.crops.map((entry) => [`${entry.source.join(' × ')}, ${entry.resize} → ${entry.size}`, entry] as const),
  )('crops as Resize and CenterCrop do: %s', (_name, { source, resize, size, interpolation, expected }) => {
    const framed = frameImage(formulaPicture(...source), inputOf(size, resize, interpolation), 'crop');
    expect([framed.width, framed.height]).toEqual([size, size]);
    expect(Array.from(framed.data)).toEqual(Array.from(unpacked(expected)));
  });

  it('squashes the whole picture', () => {
    const source = formulaPicture(31, 12);
    expect(frameImage(source, inputOf(16, 20), 'squash')).toEqual(resizeImage(source, 16, 16, 'bilinear'));
  });

  it.each([
    [30, 15, 16, 8, 0, 4],
    [15, 30, 8, 16, 4, 0],
    [4, 400, 1, 16, 7, 0],
  ])('letterboxes %i × %i in the mean colour', (width, height, w, h, left, top) => {
    const source = formulaPicture(width, height);
    const framed = frameImage(source, { ...inputOf(16), mean: [123.675, 116.28, 103.53] }, 'letterbox');
    const inside = resizeImage(source, w, h, 'bilinear');
    for (let y = 0; y < 16; y++) {
      for (let x = 0; x < 16; x++) {
        const isInside = x >= left && x < left + w && y >= top && y < top + h;
        const from = ((y - top) * w + x - left) * 3;
        const expected = isInside ? Array.from(inside.data.subarray(from, from + 3)) : [124, 116, 104];
        expect(Array.from(framed.data.subarray((y * 16 + x) * 3, (y * 16 + x) * 3 + 3))).toEqual(expected);
      }
    }
  });

  it.each(['crop', 'squash', 'letterbox'] as const)('%s copes with a single pixel and a strip', (framing) => {
    for (const [width, height] of [
      [1, 1],
      [1, 700],
      [700, 1],
    ] as const) {
      const framed = frameImage(formulaPicture(width, height), inputOf(8, 9), framing);
      expect(framed.data.length).toBe(8 * 8 * 3);
    }
  });
});

describe('frameRegion', () => {
  it('is the centre of a crop, in source pixels', () => {
    const region = frameRegion(500, 375, inputOf(224, 256), 'crop');
    // Resized to 341 × 256; offsets 58.5 → 58 and 16.
    expect(region.left).toBeCloseTo((58 * 500) / 341, 10);
    expect(region.top).toBeCloseTo((16 * 375) / 256, 10);
    expect(region.width).toBeCloseTo((224 * 500) / 341, 10);
    expect(region.height).toBeCloseTo((224 * 375) / 256, 10);
  });

  it.each(['squash', 'letterbox'] as const)('is the whole picture for %s', (framing) => {
    const region = frameRegion(500, 375, inputOf(224, 256), framing);
    expect(region).toEqual({ left: 0, top: 0, width: 500, height: 375 });
  });
});
