import { describe, expect, it } from 'vitest';
import type { PlannedOp, SquareOp } from '../../../../src/shared/augment/op.js';
import { findAugmentOp } from '../../../../src/shared/augment/registry.js';
import { type RandomStream, createStream } from '../../../../src/shared/random.js';
import type { Box } from '../../../../src/shared/resize.js';
import { TORCHVISION } from '../../../support/transforms.js';

type Fields = PlannedOp & Record<string, unknown>;

const squareOpOf = (id: string): SquareOp => {
  const op = findAugmentOp(id);
  if (op === null || op.kind === 'frame') throw new Error(`expected ${id} to change the square`);
  return op;
};

const defaultsOf = (op: SquareOp) => Object.fromEntries(Object.entries(op.params).map(([k, s]) => [k, s.default]));

/** Draws of an op on a 224-pixel square. */
function drawsOf(id: string, values: Record<string, number | readonly [number, number] | string>, count = 400) {
  const op = squareOpOf(id);
  const settings = { ...defaultsOf(op), ...values };
  return Array.from({ length: count }, (_, view) =>
    op.sample(settings, createStream(view, id), { width: 224, height: 224 }),
  ) as unknown as readonly (readonly Fields[])[];
}

const spread = (values: readonly number[]): [number, number] => [Math.min(...values), Math.max(...values)];

/** Values fill a range: none outside, and some near both ends. */
function expectToFill(values: readonly number[], low: number, high: number): void {
  const [least, most] = spread(values);
  const margin = (high - low) * 0.05;
  expect(least).toBeGreaterThanOrEqual(low);
  expect(least).toBeLessThanOrEqual(low + margin);
  expect(most).toBeLessThanOrEqual(high);
  expect(most).toBeGreaterThanOrEqual(high - margin);
}

describe('geometric ops', () => {
  it('rotation draws from its range', () => {
    expectToFill(
      drawsOf('rotation', { degrees: [-30, 10] }).map(([op]) => op!['degrees'] as number),
      -30,
      10,
    );
  });

  it('affine draws each of its numbers', () => {
    const values = { degrees: [-20, 40], translate: 0.1, scale: [0.8, 1.3], shear: [-8, 4] } as const;
    const ops = drawsOf('affine', values, 2000).map(([op]) => op!);
    expectToFill(
      ops.map((op) => op['degrees'] as number),
      -20,
      40,
    );
    expectToFill(
      ops.map((op) => op['scale'] as number),
      0.8,
      1.3,
    );
    for (const axis of [0, 1]) {
      const shifts = ops.map((op) => (op['translatePixels'] as number[])[axis]!);
      expectToFill(shifts, -22, 22);
      expect(shifts.every(Number.isInteger)).toBe(true);
      expect(shifts.some((shift) => Object.is(shift, -0))).toBe(false);
    }
    expectToFill(
      ops.map((op) => (op['shearDegrees'] as number[])[0]!),
      -8,
      4,
    );
    expect(new Set(ops.map((op) => (op['shearDegrees'] as number[])[1]))).toEqual(new Set([0]));
  });

  it('perspective moves each corner inwards, by at most half of half the side', () => {
    const ops = drawsOf('perspective', { distortion_scale: 0.5 }, 2000).map(([op]) => op!['endpoints'] as number[][]);
    const inward = (corner: number, axis: number): number[] =>
      ops.map((corners) => {
        const value = corners[corner]![axis]!;
        const isFar = axis === 0 ? corner === 1 || corner === 2 : corner >= 2;
        return isFar ? 223 - value : value;
      });
    for (const corner of [0, 1, 2, 3]) {
      for (const axis of [0, 1]) expect(spread(inward(corner, axis))).toEqual([0, 56]);
    }
  });
});

describe('pixel ops', () => {
  it('color_jitter draws four factors in every order', () => {
    const values = { brightness: 0.4, contrast: 0.3, saturation: 1, hue: 0.1 };
    const draws = drawsOf('color_jitter', values, 2000);
    const of = (name: string, field: string): number[] =>
      draws.map((ops) => ops.find((op) => op.op === name)![field] as number);
    expectToFill(of('brightness', 'factor'), 0.6, 1.4);
    expectToFill(of('contrast', 'factor'), 0.7, 1.3);
    expectToFill(of('saturation', 'factor'), 0, 2);
    expectToFill(of('hue', 'turns'), -0.1, 0.1);
    expect(new Set(draws.map((ops) => ops.map((op) => op.op).join())).size).toBe(24);
  });

  it('color_jitter drops what is switched off, and keeps the rest as it was', () => {
    const all = drawsOf('color_jitter', {});
    const without = drawsOf('color_jitter', { contrast: 0 });
    expect(without).toEqual(all.map((ops) => ops.filter((op) => op.op !== 'contrast')));
  });

  it('gaussian_blur draws sigma', () => {
    const ops = drawsOf('gaussian_blur', { kernel_size: 5, sigma: [0.5, 3] }).map(([op]) => op!);
    expectToFill(
      ops.map((op) => op['sigma'] as number),
      0.5,
      3,
    );
    expect(new Set(ops.map((op) => op['kernelSize']))).toEqual(new Set([5]));
  });

  it('random_erasing draws area, aspect and place', () => {
    const ops = drawsOf('random_erasing', { scale: [0.05, 0.2], ratio: [0.5, 2], value: 'mean' }, 3000).map(
      ([op]) => op as unknown as Box & { fill: string; seed: number },
    );
    expectToFill(
      ops.map((op) => (op.width * op.height) / 224 ** 2),
      0.048,
      0.203,
    );
    expectToFill(
      ops.map((op) => Math.log2(op.height / op.width)),
      -1.03,
      1.03,
    );
    expectToFill(
      ops.map((op) => op.left / (224 - op.width)),
      0,
      1,
    );
    expectToFill(
      ops.map((op) => op.top / (224 - op.height)),
      0,
      1,
    );
    expect(new Set(ops.map((op) => op.fill))).toEqual(new Set(['mean']));
    expect(new Set(ops.map((op) => op.seed)).size).toBe(3000);
  });

  it('random_erasing gives up where nothing fits', () => {
    // Nine tenths of a square at aspect 10 is far longer than the square.
    expect(drawsOf('random_erasing', { scale: [0.9, 0.9], ratio: [10, 10] }, 20).flat()).toEqual([]);
  });
});

describe('automatic policies', () => {
  /** Dice that come up as wanted: which entry, which bin, and whether the sign turns. */
  const loaded = (entry: number, bin: number, isNegative: boolean): RandomStream => ({
    ...createStream(0),
    integer: (count) => (count === 14 ? entry : bin),
    chance: () => isNegative,
  });

  const degreesOf = (slope: number): number => (Math.atan(slope) * 180) / Math.PI;

  /** torchvision's `_apply_op`, as a planned op of ours; null leaves the picture alone. */
  function plannedOf(name: string, magnitude: number): Fields | null {
    const move = { op: 'affine', degrees: 0, scale: 1, translatePixels: [0, 0], shearDegrees: [0, 0], about: 'centre' };
    switch (name) {
      case 'Identity':
        return null;
      case 'ShearX':
        return { ...move, shearDegrees: [degreesOf(magnitude), 0], about: 'corner' };
      case 'ShearY':
        return { ...move, shearDegrees: [0, degreesOf(magnitude)], about: 'corner' };
      case 'TranslateX':
        return { ...move, translatePixels: [Math.trunc(magnitude) + 0, 0] };
      case 'TranslateY':
        return { ...move, translatePixels: [0, Math.trunc(magnitude) + 0] };
      case 'Rotate':
        return { op: 'rotation', degrees: magnitude };
      case 'Color':
        return { op: 'saturation', factor: 1 + magnitude };
      case 'Brightness':
      case 'Contrast':
      case 'Sharpness':
        return { op: name.toLowerCase(), factor: 1 + magnitude };
      case 'Posterize':
        return { op: 'posterize', bits: magnitude };
      case 'Solarize':
        return { op: 'solarize', threshold: magnitude };
      default:
        return { op: name.toLowerCase() };
    }
  }

  /** The same with every number inside taken to float32's precision, which torchvision's tables have. */
  const nearly = (value: unknown): unknown =>
    JSON.parse(JSON.stringify(value), (_, part: unknown) =>
      typeof part === 'number' ? (expect.closeTo(part, 4) as unknown) : part,
    );

  it.each(['trivial_augment_wide', 'rand_augment'] as const)("%s has torchvision's table", (id) => {
    const op = squareOpOf(id);
    expect(TORCHVISION.spaces[id].length).toBe(14);
    TORCHVISION.spaces[id].forEach(({ name, isSigned, magnitudes }, entry) => {
      TORCHVISION.bins.forEach((bin, place) => {
        for (const isNegative of [false, true]) {
          const values = id === 'rand_augment' ? { num_ops: 1, magnitude: bin } : {};
          const planned = op.sample(values, loaded(entry, bin, isNegative), { width: 224, height: 224 });
          const magnitude = magnitudes[place]!;
          const expected = plannedOf(name, isSigned && isNegative ? 0 - magnitude : magnitude);
          expect(planned, `${name}, bin ${bin}`).toEqual(nearly(expected === null ? [] : [expected]));
        }
      });
    });
  });

  it('trivial_augment_wide draws every entry alike', () => {
    const draws = drawsOf('trivial_augment_wide', {}, 7000);
    const counts = new Map<string, number>();
    for (const ops of draws) {
      const name = ops[0]?.op ?? 'identity';
      counts.set(name, (counts.get(name) ?? 0) + 1);
    }
    // Two shears and two shifts are one planned op.
    expect(counts.size).toBe(11);
    for (const [name, count] of counts) {
      const expected = name === 'affine' ? 2000 : 500;
      expect(Math.abs(count - expected), name).toBeLessThan(5 * Math.sqrt(expected));
    }
  });

  it('rand_augment applies as many changes as asked, and more changes keep the first', () => {
    const two = drawsOf('rand_augment', { num_ops: 2 });
    const three = drawsOf('rand_augment', { num_ops: 3 });
    expect(Math.max(...three.map((ops) => ops.length))).toBe(3);
    three.forEach((ops, view) => expect(ops.slice(0, two[view]!.length)).toEqual(two[view]));
  });
});
