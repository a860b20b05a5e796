import { describe, expect, it } from 'vitest';
import { createStream, fnv1a32, philox2x32, type RandomStream } from '../../../src/shared/random.js';

const mean = (values: readonly number[]): number => values.reduce((a, b) => a + b, 0) / values.length;
const variance = (values: readonly number[]): number => {
  const centre = mean(values);
  return mean(values.map((value) => (value - centre) ** 2));
};
const draws = (count: number, draw: (rng: RandomStream) => number, key = 'draws'): number[] => {
  const rng = createStream(1, key);
  return Array.from({ length: count }, () => draw(rng));
};

describe('philox2x32', () => {
  // Known answers of the Random123 distribution (kat_vectors).
  it.each([
    [[0, 0], 0, [0xff1dae59, 0x6cd10df2]],
    [[0xffffffff, 0xffffffff], 0xffffffff, [0x2c3f628b, 0xab4fd7ad]],
    [[0x243f6a88, 0x85a308d3], 0x13198a2e, [0xdd7ce038, 0xf62a4c12]],
  ] as const)('counter %j, key %i', (counter, key, expected) => {
    expect(philox2x32(counter, key)).toEqual(expected);
  });
});

describe('fnv1a32', () => {
  // Known answers of the FNV reference (draft-eastlake-fnv).
  it.each([
    ['', 0x811c9dc5],
    ['a', 0xe40c292c],
    ['foobar', 0xbf9cf968],
    // Of its UTF-8 bytes.
    ['Grüße 蜂', 0x839d6002],
  ])('of "%s"', (text, expected) => expect(fnv1a32(text)).toBe(expected));
});

describe('createStream', () => {
  const first = (...parts: (string | number)[]): number[] => {
    const rng = createStream(...parts);
    return [rng.uniform(), rng.uniform(), rng.uniform()];
  };

  it('is a function of its key', () => {
    expect(first(1, 'augment', 0, 'abc')).toEqual(first(1, 'augment', 0, 'abc'));
    const keys = [
      [1, 'augment', 0, 'abc'],
      [2, 'augment', 0, 'abc'],
      [1, 'mix', 0, 'abc'],
      [1, 'augment', 1, 'abc'],
      [1, 'augment', 0, 'abd'],
      ['1', 'augment', 0, 'abc'],
      [1, 'augment', 0, 'a', 'bc'],
    ];
    expect(new Set(keys.flatMap((key) => first(...key))).size).toBe(keys.length * 3);
  });

  it('is uniform in [0, 1)', () => {
    const values = draws(40_000, (rng) => rng.uniform());
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...values)).toBeLessThan(1);
    expect(mean(values)).toBeCloseTo(0.5, 2);
    expect(variance(values)).toBeCloseTo(1 / 12, 2);
    for (let decile = 0; decile < 10; decile++) {
      const share = values.filter((value) => Math.floor(value * 10) === decile).length / values.length;
      expect(Math.abs(share - 0.1)).toBeLessThan(0.01);
    }
  });

  it('is as uniform over the first numbers of many streams', () => {
    const values = Array.from({ length: 20_000 }, (_, image) => createStream(0, 'augment', 0, `${image}`).uniform());
    expect(mean(values)).toBeCloseTo(0.5, 1.9);
    expect(variance(values)).toBeCloseTo(1 / 12, 2);
  });

  it('draws between bounds, integers and chances', () => {
    expect(draws(5, (rng) => rng.between(3, 3))).toEqual([3, 3, 3, 3, 3]);
    const between = draws(5000, (rng) => rng.between(-2, 6));
    expect(Math.min(...between)).toBeGreaterThanOrEqual(-2);
    expect(Math.max(...between)).toBeLessThan(6);
    expect(mean(between)).toBeCloseTo(2, 0.9);
    const integers = draws(5000, (rng) => rng.integer(5));
    expect([...new Set(integers)].sort()).toEqual([0, 1, 2, 3, 4]);
    expect(draws(100, (rng) => Number(rng.chance(0)))).not.toContain(1);
    expect(draws(100, (rng) => Number(rng.chance(1)))).not.toContain(0);
    expect(mean(draws(10_000, (rng) => Number(rng.chance(0.3))))).toBeCloseTo(0.3, 1.5);
  });

  it('draws normal numbers', () => {
    const values = draws(20_000, (rng) => rng.normal());
    expect(Math.abs(mean(values))).toBeLessThan(0.03);
    expect(variance(values)).toBeCloseTo(1, 1);
    expect(values.filter((value) => Math.abs(value) < 1.96).length / values.length).toBeCloseTo(0.95, 2);
  });

  it.each([0.3, 1, 2.5, 9])('draws gamma numbers of shape %d: mean and variance are the shape', (shape) => {
    const values = draws(20_000, (rng) => rng.gamma(shape), `gamma ${shape}`);
    expect(Math.min(...values)).toBeGreaterThanOrEqual(0);
    expect(Math.abs(mean(values) / shape - 1)).toBeLessThan(0.05);
    expect(Math.abs(variance(values) / shape - 1)).toBeLessThan(0.1);
  });

  it.each([
    [0.2, 0.2],
    [1, 1],
    [2, 5],
  ])('draws beta numbers of shape %d, %d', (a, b) => {
    const values = draws(20_000, (rng) => rng.beta(a, b), `beta ${a} ${b}`);
    const expected = (a * b) / ((a + b) ** 2 * (a + b + 1));
    expect(mean(values)).toBeCloseTo(a / (a + b), 1.9);
    expect(Math.abs(variance(values) / expected - 1)).toBeLessThan(0.05);
  });

  it('draws beta numbers where the gamma numbers underflow', () => {
    const values = draws(2000, (rng) => rng.beta(0.001, 0.001));
    expect(values.every((value) => value >= 0 && value <= 1)).toBe(true);
    expect(mean(values)).toBeCloseTo(0.5, 1);
  });

  it('permutes', () => {
    const rng = createStream(4);
    const firsts = new Array<number>(6).fill(0);
    for (let i = 0; i < 6000; i++) {
      const order = Array.from(rng.permutation(6));
      expect([...order].sort()).toEqual([0, 1, 2, 3, 4, 5]);
      firsts[order[0]!]!++;
    }
    for (const count of firsts) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(rng.permutation(0)).toEqual(new Uint32Array(0));
  });
});
