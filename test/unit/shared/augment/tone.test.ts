import { describe, expect, it } from 'vitest';
import type { PlannedOp } from '../../../../src/shared/augment/op.js';
import { renderAugment } from '../../../../src/shared/augment/render.js';

/** Draws one op on a square of grey levels, and gives its levels. */
function drawn(size: number, levels: readonly number[], planned: PlannedOp): number[] {
  const input = { size, resize: size, interpolation: 'bilinear', mean: [0, 0, 0], std: [1, 1, 1] } as const;
  const data = Uint8Array.from(levels.flatMap((level) => [level, level, level]));
  const plan = { input, frame: { kind: 'framing', framing: 'squash' }, ops: [planned] } as const;
  const { data: out } = renderAugment({ width: size, height: size, data }, plan);
  const result = levels.map((_, index) => out[index * 3]!);
  levels.forEach((_, index) => {
    expect([...out.subarray(index * 3, index * 3 + 3)]).toEqual([result[index], result[index], result[index]]);
  });
  return result;
}

const FEW = [10, 10, 20, 30, 40, 40, 40, 50, 200, 200, 220, 250, 250, 250, 250, 250];

describe('tone, by hand', () => {
  it('autocontrast stretches 10..250 to 0..255, fractions dropped', () => {
    const expected = [0, 0, 10, 21, 31, 31, 31, 42, 201, 201, 223, 255, 255, 255, 255, 255];
    expect(drawn(4, FEW, { op: 'autocontrast' })).toEqual(expected);
    expect(drawn(2, [7, 7, 7, 7], { op: 'autocontrast' })).toEqual([7, 7, 7, 7]);
  });

  it('posterize keeps the highest three bits', () => {
    const planned = { op: 'posterize', bits: 3 };
    expect(drawn(4, FEW, planned)).toEqual([0, 0, 0, 0, 32, 32, 32, 32, 192, 192, 192, 224, 224, 224, 224, 224]);
  });

  it('solarize inverts from the threshold on, the threshold itself too', () => {
    const planned = { op: 'solarize', threshold: 40 };
    expect(drawn(4, FEW, planned)).toEqual([10, 10, 20, 30, 215, 215, 215, 205, 55, 55, 35, 5, 5, 5, 5, 5]);
  });

  it('equalize leaves a picture of fewer pixels than levels alone', () => {
    expect(drawn(4, FEW, { op: 'equalize' })).toEqual(FEW);
  });

  it("equalize spreads thirteen levels as Pillow's ImageOps does", () => {
    const levels = Array.from({ length: 32 * 32 }, (_, index) => (index % 7) * 10 + (index > 500 ? 60 : 0));
    const equalized = drawn(32, levels, { op: 'equalize' });
    const table = new Map(levels.map((level, index) => [level, equalized[index]!]));
    // PIL.ImageOps.equalize of the same picture.
    const expected = [0, 24, 48, 72, 96, 120, 143, 192, 217, 242, 255, 255, 255];
    expect([...table].sort(([a], [b]) => a - b)).toEqual(expected.map((value, index) => [index * 10, value]));
  });
});
