import { describe, expect, it } from 'vitest';
import { argMax, classMetrics, confusionMatrix, softmax, wilsonInterval } from '../../../src/shared/metrics.js';

describe('wilsonInterval', () => {
  // The roots of (share − p)² = z² p (1 − p) / n, which define the interval, by numpy.roots.
  it.each([
    [147, 153, 0.9170917348166632, 0.9819052590916598],
    [0, 10, 0, 0.2775327998628892],
    [10, 10, 0.7224672001371111, 1],
    [1, 1, 0.20654931437723742, 1],
    [50, 100, 0.4038315303659956, 0.5961684696340044],
    [8, 10, 0.4901624715366418, 0.9433178485456248],
  ])('of %d in %d', (successes, trials, low, high) => {
    const interval = wilsonInterval(successes, trials);
    expect(interval[0]).toBeCloseTo(low, 12);
    expect(interval[1]).toBeCloseTo(high, 12);
  });

  it('knows nothing without trials', () => {
    expect(wilsonInterval(0, 0)).toEqual([0, 1]);
  });

  it('stays within 0..1 and around the share', () => {
    for (let trials = 1; trials <= 40; trials++) {
      for (let successes = 0; successes <= trials; successes++) {
        const [low, high] = wilsonInterval(successes, trials);
        expect(low).toBeGreaterThanOrEqual(0);
        expect(high).toBeLessThanOrEqual(1);
        expect(low).toBeLessThanOrEqual(successes / trials + 1e-12);
        expect(high).toBeGreaterThanOrEqual(successes / trials - 1e-12);
      }
    }
  });
});

describe('confusionMatrix', () => {
  it('counts by true class and predicted class', () => {
    expect(confusionMatrix([0, 0, 1, 2, 2, 2], [0, 1, 1, 0, 2, 2], 3)).toEqual([
      [1, 1, 0],
      [0, 1, 0],
      [1, 0, 2],
    ]);
  });

  it('keeps classes that do not occur', () => {
    expect(confusionMatrix([], [], 2)).toEqual([
      [0, 0],
      [0, 0],
    ]);
  });
});

describe('classMetrics', () => {
  it('gives precision, recall and F1', () => {
    const [first, second, third] = classMetrics([
      [1, 1, 0],
      [0, 1, 0],
      [1, 0, 2],
    ]);
    expect(first).toEqual({ support: 2, precision: 1 / 2, recall: 1 / 2, f1: 1 / 2 });
    expect(second).toMatchObject({ support: 1, precision: 1 / 2, recall: 1 });
    expect(second!.f1).toBeCloseTo(2 / 3, 12);
    expect(third).toMatchObject({ support: 3, precision: 1, recall: 2 / 3 });
    expect(third!.f1).toBeCloseTo(0.8, 12);
  });

  it('has no share where there are no cases', () => {
    const [never, all] = classMetrics([
      [0, 0],
      [0, 3],
    ]);
    expect(never).toEqual({ support: 0, precision: null, recall: null, f1: null });
    expect(all).toEqual({ support: 3, precision: 1, recall: 1, f1: 1 });
    expect(
      classMetrics([
        [0, 2],
        [0, 0],
      ]),
    ).toEqual([
      { support: 2, precision: null, recall: 0, f1: 0 },
      { support: 0, precision: 0, recall: null, f1: 0 },
    ]);
  });
});

describe('argMax and softmax', () => {
  it('takes the first of equals', () => {
    expect(argMax([1, 3, 3, 2])).toBe(1);
    expect(argMax(new Float32Array([-2, -1]))).toBe(1);
  });

  it("agrees with PyTorch's softmax and does not overflow", () => {
    const close = (values: readonly number[]) => values.map((value) => expect.closeTo(value, 14) as number);
    expect(softmax([1, 2, 3])).toEqual(close([0.09003057317038045, 0.2447284710547976, 0.6652409557748218]));
    expect(softmax([1000, 1001])).toEqual(close([0.26894142136999516, 0.7310585786300049]));
    expect(softmax([])).toEqual([]);
  });
});
