import { describe, expect, it } from 'vitest';
import type { PlannedOp } from '../../../../src/shared/augment/op.js';
import type { AugmentPlan } from '../../../../src/shared/augment/plan.js';
import { renderAugment, renderAugmentInto } from '../../../../src/shared/augment/render.js';
import type { PixelImage } from '../../../../src/shared/image.js';
import {
  TORCHVISION,
  difference,
  dullPicture,
  formulaPicture,
  inputOf,
  unpacked,
} from '../../../support/transforms.js';

/** A plan for a picture that has the input's size already: squashing leaves it as it is. */
const planOf = (size: number, ...ops: readonly PlannedOp[]): AugmentPlan => ({
  input: { ...inputOf(size), mean: [124, 116, 104] },
  frame: { kind: 'framing', framing: 'squash' },
  ops,
});

const draw = (source: PixelImage, ...ops: readonly (PlannedOp & Record<string, unknown>)[]): number[] =>
  Array.from(renderAugment(source, planOf(source.width, ...ops)).data);

/** A square from the red values of its rows; green and blue are zero. */
function redSquare(rows: readonly (readonly number[])[]): PixelImage {
  const data = Uint8Array.from(rows.flat().flatMap((red) => [red, 0, 0]));
  return { width: rows.length, height: rows.length, data };
}

const redRows = ({ width, data }: PixelImage): number[][] =>
  Array.from({ length: width }, (_, y) => Array.from({ length: width }, (__, x) => data[(y * width + x) * 3]!));

/** Ops whose fractions Pillow's or torch's compiled code may round another way, one level off. */
const INEXACT = new Set(['rotation', 'affine', 'perspective', 'gaussian_blur']);

describe('every planned op against torchvision', () => {
  const { size, ops } = TORCHVISION;
  const sources = { square: formulaPicture(size, size), dull: dullPicture(size, size) };
  const name = ({ op, ...values }: PlannedOp): string => `${op} ${Object.values(values).map(String).join(' ')}`;

  it.each(ops.map((entry) => [name(entry.planned), entry] as const))('%s', (_name, { source, planned, expected }) => {
    const actual = renderAugment(sources[source], planOf(size, planned)).data;
    const { worst } = difference(actual, unpacked(expected));
    expect(worst).toBeLessThanOrEqual(INEXACT.has(planned.op) ? 1 : 0);
  });
});

describe('renderAugment', () => {
  it('copies exactly where an op moves whole pixels', () => {
    const source = redSquare([
      [1, 2, 3],
      [4, 5, 6],
      [7, 8, 9],
    ]);
    const rows = (...ops: (PlannedOp & Record<string, unknown>)[]): number[][] =>
      redRows(renderAugment(source, planOf(3, ...ops)));
    expect(rows({ op: 'horizontal_flip' })).toEqual([
      [3, 2, 1],
      [6, 5, 4],
      [9, 8, 7],
    ]);
    expect(rows({ op: 'vertical_flip' })).toEqual([
      [7, 8, 9],
      [4, 5, 6],
      [1, 2, 3],
    ]);
    expect(rows({ op: 'rotation', degrees: 90 })).toEqual([
      [3, 6, 9],
      [2, 5, 8],
      [1, 4, 7],
    ]);
    const shift = { op: 'affine', degrees: 0, translatePixels: [1, -2], scale: 1, shearDegrees: [0, 0] };
    expect(rows({ ...shift, about: 'centre' })).toEqual([
      [0, 7, 8],
      [0, 0, 0],
      [0, 0, 0],
    ]);
  });

  it('samples between pixels by hand', () => {
    const source = redSquare([
      [0, 100],
      [200, 40],
    ]);
    const half = { op: 'affine', degrees: 0, translatePixels: [0.5, 0], scale: 1, shearDegrees: [0, 0] };
    // Half a pixel to the right: the left column shows the clamped edge, the right one the mean of both.
    expect(redRows(renderAugment(source, planOf(2, { ...half, about: 'centre' } as PlannedOp)))).toEqual([
      [0, 50],
      [200, 120],
    ]);
  });

  it('samples once for geometric ops that follow each other', () => {
    const source = formulaPicture(40, 40);
    const there = { op: 'rotation', degrees: 17 };
    const back = { op: 'rotation', degrees: -17 };
    // Sampled twice, corners would be black and edges soft; composed, nothing happens but rounding.
    expect(difference(draw(source, there, back), source.data).worst).toBeLessThanOrEqual(1);
    const flips = [{ op: 'horizontal_flip' }, { op: 'vertical_flip' }];
    expect(draw(source, ...flips)).toEqual(draw(source, { op: 'rotation', degrees: 180 }));
  });

  it('composes in the order of the plan', () => {
    const source = formulaPicture(24, 24);
    const turn = { op: 'rotation', degrees: 90 };
    const flip = { op: 'horizontal_flip' };
    const apart = renderAugment(renderAugment(source, planOf(24, turn)), planOf(24, flip));
    expect(draw(source, turn, flip)).toEqual(Array.from(apart.data));
    expect(draw(source, flip, turn)).not.toEqual(Array.from(apart.data));
  });

  it('composes perspective with affine ops as one after the other', () => {
    const source = formulaPicture(32, 32);
    const { data } = source;
    // Smooth, so that sampling twice costs little.
    for (let i = 0; i < data.length; i++) data[i] = 128 + 100 * Math.sin(i / 3 / 32 / 6) * Math.cos(((i / 3) % 32) / 7);
    const corners = (list: number[][]): number[][] => list;
    const tilt = {
      op: 'perspective',
      startpoints: corners([
        [0, 0],
        [31, 0],
        [31, 31],
        [0, 31],
      ]),
      endpoints: corners([
        [-4, -3],
        [35, -2],
        [34, 36],
        [-2, 33],
      ]),
    };
    const turn = { op: 'rotation', degrees: 90 };
    const apart = renderAugment(renderAugment(source, planOf(32, tilt)), planOf(32, turn));
    expect(difference(draw(source, tilt, turn), apart.data).worst).toBeLessThanOrEqual(1);
  });

  it('draws pixel ops in order, on what geometry left', () => {
    const source = redSquare([
      [10, 200],
      [30, 40],
    ]);
    const flip = { op: 'horizontal_flip' };
    const invert = { op: 'invert' };
    const solarize = { op: 'solarize', threshold: 128 };
    expect(redRows(renderAugment(source, planOf(2, flip, invert, solarize)))).toEqual([
      [200 - 145, 10],
      [40, 30],
    ]);
    expect(redRows(renderAugment(source, planOf(2, solarize, flip, invert)))).toEqual([
      [200, 245],
      [215, 225],
    ]);
  });

  it('survives a perspective with no way back', () => {
    const source = formulaPicture(8, 8);
    const line = [
      [0, 0],
      [3, 3],
      [5, 5],
      [7, 7],
    ];
    const startpoints = [
      [0, 0],
      [7, 0],
      [7, 7],
      [0, 7],
    ];
    expect(draw(source, { op: 'perspective', startpoints, endpoints: line })).toEqual(Array.from(source.data));
  });

  it('crops without copying: a box is the cropped picture, resized', () => {
    const source = formulaPicture(30, 20);
    const box = { left: 7, top: 2, width: 16, height: 16 };
    const plan: AugmentPlan = { input: inputOf(16), frame: { kind: 'crop', box }, ops: [] };
    const expected: number[] = [];
    for (let y = 2; y < 18; y++) expected.push(...source.data.subarray((y * 30 + 7) * 3, (y * 30 + 23) * 3));
    expect(Array.from(renderAugment(source, plan).data)).toEqual(expected);
  });

  it('leaves the source alone and repeats itself', () => {
    const source = formulaPicture(16, 16);
    const before = source.data.slice();
    const ops = TORCHVISION.ops.map((entry) => entry.planned);
    const erase = { op: 'erase', left: 2, top: 3, width: 5, height: 6, fill: 'noise', seed: 7 };
    const once = draw(source, ...(ops as (PlannedOp & Record<string, unknown>)[]), erase);
    expect(source.data).toEqual(before);
    expect(draw(source, ...(ops as (PlannedOp & Record<string, unknown>)[]), erase)).toEqual(once);
  });

  it('draws into a batch at an offset', () => {
    const source = formulaPicture(6, 6);
    const plan = planOf(6, { op: 'invert' });
    const out = new Uint8Array(6 * 6 * 3 * 3).fill(9);
    renderAugmentInto(source, plan, out, 108);
    expect(out.subarray(108, 216)).toEqual(renderAugment(source, plan).data);
    expect(new Set([...out.subarray(0, 108), ...out.subarray(216)])).toEqual(new Set([9]));
  });
});

describe('erase', () => {
  const source = formulaPicture(12, 12);
  const erase = { op: 'erase', left: 3, top: 5, width: 4, height: 6, seed: 11 };
  const isInside = (x: number, y: number): boolean => x >= 3 && x < 7 && y >= 5 && y < 11;

  /** The rectangle's colours; the rest must be the source's. */
  function inside(fill: string, seed = 11): number[][] {
    const data = draw(source, { ...erase, fill, seed });
    const colours: number[][] = [];
    for (let y = 0; y < 12; y++) {
      for (let x = 0; x < 12; x++) {
        const at = (y * 12 + x) * 3;
        if (isInside(x, y)) colours.push(data.slice(at, at + 3));
        else expect(data.slice(at, at + 3)).toEqual(Array.from(source.data.subarray(at, at + 3)));
      }
    }
    expect(colours.length).toBe(24);
    return colours;
  }

  it('fills with black, and with the colour that the network sees as zero', () => {
    expect(new Set(inside('black').flat())).toEqual(new Set([0]));
    for (const colour of inside('mean')) expect(colour).toEqual([124, 116, 104]);
  });

  it('fills with noise that its seed decides', () => {
    const noise = inside('noise').flat();
    expect(new Set(noise).size).toBeGreaterThan(40);
    expect(inside('noise').flat()).toEqual(noise);
    expect(inside('noise', 12).flat()).not.toEqual(noise);
  });

  it('makes noise of all levels alike', () => {
    const size = 64;
    const cover = { op: 'erase', left: 0, top: 0, width: size, height: size, fill: 'noise', seed: 0xffffffff };
    const values = draw(formulaPicture(size, size), cover);
    expect(new Set(values).size).toBe(256);
    expect(values.reduce((a, b) => a + b, 0) / values.length).toBeCloseTo(127.5, -0.6);
  });
});
