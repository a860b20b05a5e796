import { describe, expect, it } from 'vitest';
import { randomResizedCrop } from '../../../../src/shared/augment/ops/random-resized-crop.js';
import { createStream } from '../../../../src/shared/random.js';
import type { Box } from '../../../../src/shared/resize.js';

const DEFAULTS = { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] } as const;
const COUNT = 40_000;

function boxesOf(width: number, height: number, count: number, values: typeof DEFAULTS = DEFAULTS): Box[] {
  const rng = createStream(1, 'crops', width, height);
  return Array.from({ length: count }, () => randomResizedCrop.sample(values, rng, { width, height }));
}

function statistics(values: readonly number[]): [mean: number, deviation: number] {
  const mean = values.reduce((a, b) => a + b, 0) / values.length;
  return [mean, Math.sqrt(values.reduce((sum, value) => sum + (value - mean) ** 2, 0) / values.length)];
}

/** Means and deviations of 40,000 draws of torchvision 0.28's `RandomResizedCrop.get_params`. */
const TORCHVISION = [
  {
    width: 500,
    height: 375,
    area: [0.4342, 0.2172],
    logAspect: [0.0317, 0.164],
    x: [0.4997, 0.1356],
    y: [0.4998, 0.0977],
  },
  {
    width: 200,
    height: 600,
    area: [0.225, 0.0941],
    logAspect: [-0.0459, 0.1675],
    x: [0.4989, 0.0775],
    y: [0.5001, 0.2084],
  },
] as const;

describe('random_resized_crop', () => {
  it.each(TORCHVISION)("has torchvision's statistics on $width × $height", ({ width, height, ...expected }) => {
    const boxes = boxesOf(width, height, COUNT);
    const measures = {
      area: (box: Box) => (box.width * box.height) / (width * height),
      logAspect: (box: Box) => Math.log(box.width / box.height),
      x: (box: Box) => (box.left + box.width / 2) / width,
      y: (box: Box) => (box.top + box.height / 2) / height,
    };
    for (const [name, measure] of Object.entries(measures)) {
      const [mean, deviation] = statistics(boxes.map(measure));
      const [expectedMean, expectedDeviation] = expected[name as keyof typeof measures];
      // About four standard errors of either side.
      expect(Math.abs(mean - expectedMean), `${name}: mean`).toBeLessThan(0.006);
      expect(Math.abs(deviation - expectedDeviation), `${name}: deviation`).toBeLessThan(0.005);
    }
  });

  it('stays inside the picture, whole pixels, whatever its shape', () => {
    for (const [width, height] of [
      [1, 1],
      [1, 400],
      [400, 1],
      [7, 5],
      [2, 3],
    ] as const) {
      for (const box of boxesOf(width, height, 500)) {
        expect(Object.values(box).every(Number.isInteger)).toBe(true);
        expect(Math.min(box.left, box.top)).toBeGreaterThanOrEqual(0);
        expect(Math.min(box.width, box.height)).toBeGreaterThanOrEqual(1);
        expect(box.left + box.width).toBeLessThanOrEqual(width);
        expect(box.top + box.height).toBeLessThanOrEqual(height);
      }
    }
  });

  it('takes the centre of a strip that no crop of the area fits', () => {
    // torchvision's fallback: the whole shorter side, the longer by the allowed aspect.
    const scale = [1, 1] as unknown as typeof DEFAULTS.scale;
    const [wide] = boxesOf(1000, 30, 1, { ...DEFAULTS, scale });
    expect(wide).toEqual({ left: 480, top: 0, width: 40, height: 30 });
    const [tall] = boxesOf(30, 1000, 1, { ...DEFAULTS, scale });
    expect(tall).toEqual({ left: 0, top: 480, width: 30, height: 40 });
  });

  it('never falls back to nothing, however thin the picture and flat the aspect', () => {
    const sample = (ratio: readonly [number, number], width: number, height: number): Box =>
      randomResizedCrop.sample({ scale: [1, 1], ratio }, createStream(1, 'thin'), { width, height });
    expect(sample([4, 4], 1, 700)).toEqual({ left: 0, top: 349, width: 1, height: 1 });
    expect(sample([0.25, 0.25], 700, 1)).toEqual({ left: 349, top: 0, width: 1, height: 1 });
  });
});
