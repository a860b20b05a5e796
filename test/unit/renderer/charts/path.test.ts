import { describe, expect, it } from 'vitest';
import { areaPath, boundsOf, linePath, placeValues } from '../../../../src/renderer/charts/path.js';

describe('boundsOf', () => {
  it('holds all values and has a width', () => {
    expect(boundsOf([3, 1, 2])).toEqual({ min: 1, max: 3 });
    expect(boundsOf([2, 2])).toEqual({ min: 1.5, max: 2.5 });
    expect(boundsOf([])).toEqual({ min: 0, max: 1 });
    expect(boundsOf([Number.NaN, 1, 4])).toEqual({ min: 1, max: 4 });
  });
});

describe('placeValues', () => {
  const frame = { width: 100, height: 20, inset: 0, min: 0, max: 1 };

  it('spreads values over the width, the larger the higher', () => {
    expect(placeValues([0, 0.5, 1], frame)).toEqual([[0, 20], [50, 10], [100, 0]]); // prettier-ignore
  });

  it('keeps what is outside at the edge and one value at the start', () => {
    expect(placeValues([7], { ...frame, inset: 2 })).toEqual([[2, 2]]);
    expect(placeValues([-1], frame)).toEqual([[0, 20]]);
  });
});

describe('paths', () => {
  it('draws lines, and areas that close at the bottom', () => {
    expect(linePath([[0, 1], [2, 3]])).toBe('M0 1L2 3'); // prettier-ignore
    expect(areaPath([[0, 1], [2, 3]], 9)).toBe('M0 1L2 3L2 9L0 9Z'); // prettier-ignore
    expect(areaPath([], 9)).toBe('');
  });
});
