import type { Chart } from 'chart.js';
import { describe, expect, it } from 'vitest';
import { addedPoints, penOf, strokesOf } from '../../../../src/renderer/charts/growth.js';
import type { LineSeries, Point } from '../../../../src/renderer/charts/series.js';

/** 100 pixels a unit, y from 0 to 1. */
const axis = { min: 0, max: 1, getPixelForValue: (value: number): number => 100 * value };
const chart = { scales: { x: axis, y: axis } } as unknown as Chart;
const line = (points: readonly Point[], more: Partial<LineSeries> = {}): LineSeries => ({
  id: 'batch',
  label: 'Batch',
  colour: '--series-train',
  points,
  ...more,
});
const before: readonly Point[] = [[0, 0.5], [0.1, 0.4]]; // prettier-ignore
const drawn = new Map([['batch', before]]);

describe('addedPoints', () => {
  it('finds what has come behind the last point', () => {
    expect(addedPoints(before, before)).toEqual([]);
    expect(addedPoints(before, [...before, [0.2, 0.3]])).toEqual([[0.2, 0.3]]);
    expect(addedPoints([], [])).toEqual([]);
  });

  it('goes on from a last point that has been thinned out', () => {
    expect(addedPoints(before, [before[0]!, [0.2, 0.3]])).toEqual([[0.2, 0.3]]);
  });

  it('refuses a curve that has changed', () => {
    expect(addedPoints(before, [[0, 0.5], [0.1, 0.45], [0.2, 0.3]])).toBeNull(); // prettier-ignore
    expect(addedPoints(before, [[0, 0.6], [0.2, 0.3]])).toBeNull(); // prettier-ignore
    expect(addedPoints(before, [])).toBeNull();
    expect(addedPoints([], before)).toBeNull();
    // Repeated from a checkpoint.
    expect(addedPoints(before, [[0, 0.5], [0.05, 0.3]])).toBeNull(); // prettier-ignore
  });
});

describe('strokesOf', () => {
  it('goes on from the last point that is drawn', () => {
    const series = line([...before, [0.2, 0.3]]);
    expect(strokesOf(chart, drawn, [series])).toEqual([{ series, points: [[0.1, 0.4], [0.2, 0.3]] }]); // prettier-ignore
  });

  it('waits where nothing would be seen', () => {
    expect(strokesOf(chart, drawn, [line(before)])).toEqual([]);
    expect(strokesOf(chart, drawn, [line([...before, [0.102, 0.402]])])).toEqual([]);
    expect(strokesOf(chart, drawn, [line([...before, [0.102, 0.42]])])).toHaveLength(1);
  });

  it('has the whole chart drawn for a dot, a dash, the second point and a value beyond the axis', () => {
    const grown: readonly Point[] = [...before, [0.2, 0.3]];
    expect(strokesOf(chart, drawn, [line(grown, { hasDots: true })])).toBeNull();
    expect(strokesOf(chart, drawn, [line(grown, { dash: [3, 3] })])).toBeNull();
    expect(strokesOf(chart, new Map([['batch', [[0, 0.5]] as const]]), [line(before)])).toBeNull();
    expect(strokesOf(chart, new Map(), [line(before)])).toBeNull();
    expect(strokesOf(chart, drawn, [line([...before, [0.2, 1.2]])])).toBeNull();
    expect(strokesOf(chart, drawn, [line([...before, [0.2, Number.NaN]])])).toBeNull();
  });
});

describe('penOf', () => {
  it('is thin and pale for what lies behind', () => {
    expect(penOf(line([], { isFaint: true }), '#000000')).toEqual({ colour: '#00000047', width: 1 });
    expect(penOf(line([]), '#000000')).toEqual({ colour: '#000000', width: 2 });
    expect(penOf(line([], { width: 1.25 }), '#000000').width).toBe(1.25);
  });
});
