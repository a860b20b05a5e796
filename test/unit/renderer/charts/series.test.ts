import { describe, expect, it } from 'vitest';
import {
  lastX,
  nearestIndex,
  type Point,
  smooth,
  valueAt,
  withOpacity,
  zoomBounds,
} from '../../../../src/renderer/charts/series.js';

const points: readonly Point[] = [
  [0, 5],
  [1, 6],
  [2, 7],
  [4, 8],
];

describe('nearestIndex', () => {
  it('finds the point that is nearest in x, the earlier of two', () => {
    expect([-3, 0.4, 0.5, 0.6, 3, 3.1, 99].map((x) => nearestIndex(points, x))).toEqual([0, 0, 0, 1, 2, 3, 3]);
  });

  it('has nothing to find without points', () => {
    expect(nearestIndex([], 1)).toBe(-1);
    expect(valueAt([], 1)).toBeNull();
    expect(valueAt([], null)).toBeNull();
  });

  it('reads the last value out where there is no pointer', () => {
    expect(valueAt(points, null)).toBe(8);
    expect(valueAt(points, 1.2)).toBe(6);
  });

  it('reads nothing out beyond its reach', () => {
    expect(valueAt(points, 9, 0.6)).toBeNull();
    expect(valueAt(points, 4.5, 0.6)).toBe(8);
  });

  it('knows where the curves end', () => {
    expect(lastX([{ points }, { points: [[7, 0]] }, { points: [] }])).toBe(7);
    expect(lastX([{ points: [] }])).toBeNull();
  });
});

describe('smooth', () => {
  it('leaves a constant as it is, from the first point on', () => {
    const flat = smooth([[0, 3], [1, 3], [2, 3]], 0.9); // prettier-ignore
    for (const [, y] of flat) expect(y).toBeCloseTo(3, 12);
  });

  it('is the mean weighted by age', () => {
    const [first, second] = smooth([[0, 1], [1, 4]], 0.5); // prettier-ignore
    expect(first).toEqual([0, 1]);
    // (0.25·1 + 0.5·4) / 0.75
    expect(second![1]).toBeCloseTo(3, 12);
  });

  it('returns the same points without weight', () => {
    expect(smooth(points, 0)).toBe(points);
  });
});

describe('withOpacity', () => {
  it('adds an alpha to a hexadecimal colour and leaves others alone', () => {
    expect(withOpacity('#0f7a57', 0.5)).toBe('#0f7a5780');
    expect(withOpacity('#0f7a57', 2)).toBe('#0f7a57ff');
    expect(withOpacity('rgb(1 2 3)', 0.5)).toBe('rgb(1 2 3)');
  });
});

describe('zoomBounds', () => {
  const full = { min: 0, max: 10 };

  it('halves around the centre and stays inside', () => {
    expect(zoomBounds(full, full, 5, 0.5)).toEqual({ min: 2.5, max: 7.5 });
    expect(zoomBounds(full, full, 10, 0.5)).toEqual({ min: 5, max: 10 });
  });

  it('goes back to all of it', () => {
    expect(zoomBounds(full, { min: 5, max: 10 }, 10, 2)).toBeNull();
    expect(zoomBounds(full, { min: 8, max: 10 }, 10, 2)).toEqual({ min: 6, max: 10 });
  });
});
