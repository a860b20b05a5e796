import { describe, expect, it } from 'vitest';
import { shareOf, toStep, valueAt, valueOfKey } from '../../../../src/renderer/components/range-scale.js';
import { choosePictures } from '../../../../src/renderer/pages/augment/choose-pictures.js';
import { formatParam, naturalUnit } from '../../../../src/renderer/pages/augment/natural-units.js';
import { cellSize, gridCells, gridColumns, toPreviewTiles } from '../../../../src/renderer/pages/augment/tiles.js';
import { findAugmentOp } from '../../../../src/shared/augment/registry.js';
import type { ImageItem, ImagePage } from '../../../../src/shared/studio.js';

const itemOf = (className: string, index: number): ImageItem => ({
  path: `train/${className}/${index}.jpg`,
  hash: `${className}${index}`,
  className,
  split: 'train',
  width: 40,
  height: 30,
  isExcluded: false,
  problem: null,
});

/** A data set of classes of so many pictures; counts what it was asked for. */
function datasetOf(counts: Readonly<Record<string, number>>) {
  const calls: { className: string | null; offset: number; limit: number }[] = [];
  const classes = Object.entries(counts).map(([name, train]) => ({ name, train }));
  const fetchPage = async (
    { className }: { readonly className: string | null },
    offset: number,
    limit: number,
  ): Promise<ImagePage> => {
    calls.push({ className, offset, limit });
    const all = Array.from({ length: counts[className ?? ''] ?? 0 }, (_, index) => itemOf(className ?? '', index));
    return { total: all.length, items: all.slice(offset, offset + limit), revision: 1 };
  };
  return { classes, fetchPage, calls };
}

describe('choosePictures', () => {
  const choice = { className: null, count: 12, shuffle: 0, pinned: [] };

  it('takes the classes in turn, each picture once, and the same ones again', async () => {
    const { classes, fetchPage, calls } = datasetOf({ ant: 40, bee: 3, cat: 40 });
    const chosen = await choosePictures(fetchPage, { ...choice, classes });
    expect(new Set(chosen.map(({ path }) => path)).size).toBe(12);
    const count = (name: string): number => chosen.filter(({ className }) => className === name).length;
    expect(count('bee')).toBe(3);
    expect(Math.abs(count('ant') - count('cat'))).toBeLessThanOrEqual(1);
    expect(calls).toHaveLength(12);
    expect(await choosePictures(fetchPage, { ...choice, classes })).toEqual(chosen);
    const other = await choosePictures(fetchPage, { ...choice, classes, shuffle: 1 });
    expect(other).not.toEqual(chosen);
  });

  it('keeps pinned pictures first and fills up with others', async () => {
    const { classes, fetchPage } = datasetOf({ ant: 12, bee: 12 });
    const pinned = [itemOf('bee', 7), itemOf('ant', 2)];
    const chosen = await choosePictures(fetchPage, { ...choice, classes, pinned });
    expect(chosen.slice(0, 2)).toEqual(pinned);
    expect(new Set(chosen.map(({ path }) => path)).size).toBe(12);
  });

  it('shows what there is', async () => {
    const { classes, fetchPage } = datasetOf({ ant: 2, bee: 0 });
    expect(await choosePictures(fetchPage, { ...choice, classes })).toHaveLength(2);
    expect(await choosePictures(fetchPage, { ...choice, classes: [] })).toEqual([]);
    const one = datasetOf({ ant: 9, bee: 9 });
    const chosen = await choosePictures(one.fetchPage, { ...choice, classes: one.classes, className: 'bee', count: 4 });
    expect(chosen.map(({ className }) => className)).toEqual(['bee', 'bee', 'bee', 'bee']);
  });
});

describe('the grid', () => {
  const pictures = Array.from({ length: 12 }, (_, index) => itemOf('ant', index));

  it.each([
    [1, false, 12, 4],
    [2, false, 12, 4],
    [3, false, 12, 6],
    [4, false, 12, 4],
    [1, true, 24, 6],
    [2, true, 18, 6],
    [3, true, 16, 4],
    [4, true, 15, 5],
  ] as const)('of %i variations, originals %s, has %i cells in %i columns', (variations, originals, count, columns) => {
    const cells = gridCells(pictures, { variations, originals, epoch: 1, epochs: 10 });
    expect(cells).toHaveLength(count);
    expect(cells.filter(({ epoch }) => epoch !== null)).toHaveLength(12);
    expect(new Set(cells.map(({ key }) => key)).size).toBe(count);
    expect(gridColumns(variations, originals)).toBe(columns);
    expect(columns % (variations + Number(originals))).toBe(0);
  });

  it('goes on with the first epoch after the last, and shows the views of the run', () => {
    const cells = gridCells(pictures.slice(0, 1), { variations: 4, originals: true, epoch: 4, epochs: 5 });
    expect(cells.map(({ epoch }) => epoch)).toEqual([null, 4, 5, 1, 2]);
    const tiles = toPreviewTiles(cells, 2, ({ path }) => `/pixels/${path}`);
    expect(tiles.map(({ view }) => view)).toEqual([null, 1, 0, 0, 1]);
    expect(tiles[0]).toMatchObject({ imageId: 'ant0', url: '/pixels/train/ant/0.jpg' });
  });

  it('fills its box', () => {
    expect(cellSize({ width: 824, height: 616 }, 12, 1, false)).toBe(200);
    expect(cellSize({ width: 2000, height: 616 }, 12, 1, false)).toBe(200);
    expect(cellSize({ width: 10, height: 10 }, 12, 1, false)).toBe(48);
    // Six columns as three pairs: two wide gaps and three narrow ones.
    expect(cellSize({ width: 6 * 90 + 2 * 12 + 3 * 4, height: 9999 }, 24, 1, true)).toBe(90);
  });
});

describe('natural units', () => {
  const words = (op: string, name: string, value: number | readonly [number, number]): string =>
    formatParam(name, findAugmentOp(op)!.params[name]!, value);

  it.each([
    ['rotation', 'degrees', [-15, 15], '±15°'],
    ['rotation', 'degrees', [-10, 20], '−10 to 20°'],
    ['rotation', 'degrees', [0, 0], '0–0°'],
    ['color_jitter', 'brightness', 0.2, '±20 %'],
    ['color_jitter', 'hue', 0.02, '±7°'],
    ['random_resized_crop', 'scale', [0.08, 1], '8–100 %'],
    ['random_resized_crop', 'ratio', [0.75, 4 / 3], '0.75–1.33 ×'],
    ['gaussian_blur', 'sigma', [0.1, 2], '0.1–2.0 px'],
    ['gaussian_blur', 'kernel_size', 9, '9 px'],
    ['sharpness', 'sharpness_factor', 2, '2.0 ×'],
    ['posterize', 'bits', 4, '4'],
  ] as const)('%s, %s', (op, name, value, expected) => {
    expect(words(op, name, value)).toBe(expected);
  });

  it('give ratios as much room below 1 as above', () => {
    const ratio = findAugmentOp('random_resized_crop')!.params['ratio']!;
    expect(ratio.kind !== 'choice' && naturalUnit('ratio', ratio).scale).toBe('log');
  });
});

describe('a range on a track', () => {
  const linear = { min: -180, max: 180, step: 1, scale: 'linear' } as const;
  const log = { min: 0.25, max: 4, step: 0.01, scale: 'log' } as const;

  it('places values and finds them again', () => {
    expect(shareOf(0, linear)).toBe(0.5);
    expect(shareOf(1, log)).toBeCloseTo(0.5, 12);
    for (const value of [0.25, 0.5, 0.75, 1, 1.33, 4]) expect(valueAt(shareOf(value, log), log)).toBeCloseTo(value, 6);
    const root = { ...linear, scale: 'root' } as const;
    expect(shareOf(-180, root)).toBe(0);
    expect(shareOf(45, root)).toBe(0.75);
    for (const value of [-180, -15, -1, 0, 7, 180]) expect(valueAt(shareOf(value, root), root)).toBe(value);
    expect(valueAt(-3, linear)).toBe(-180);
    expect(valueAt(7, log)).toBe(4);
    expect(shareOf(1, { min: 1, max: 1, step: 1, scale: 'linear' })).toBe(0);
  });

  it('stays on steps and within bounds', () => {
    expect(toStep(0.30000000000000004, { min: 0, max: 1, step: 0.1, scale: 'linear' })).toBe(0.3);
    expect(toStep(181, linear)).toBe(180);
  });

  it('goes by keys, a step at a time in both scales', () => {
    expect(valueOfKey('ArrowRight', 0, linear)).toBe(1);
    expect(valueOfKey('ArrowDown', 0, linear)).toBe(-1);
    expect(valueOfKey('PageUp', 0, linear)).toBe(10);
    expect(valueOfKey('Home', 0, linear)).toBe(-180);
    expect(valueOfKey('End', 0, linear)).toBe(180);
    expect(valueOfKey('ArrowRight', 0.25, log)).toBe(0.26);
    expect(valueOfKey('a', 0, linear)).toBeNull();
  });
});
