import { describe, expect, it } from 'vitest';
import { epochOrder } from '../../../../../src/main/engine/dataset/order.js';
import { splitStratified } from '../../../../../src/main/engine/dataset/split.js';
import type { Split } from '../../../../../src/main/engine/dataset/types.js';
import { sha256 } from '../../../../support/hash.js';

interface Item {
  readonly id: string;
  readonly path: string;
  readonly classIndex: number;
  readonly split: Split;
}

const item = (classIndex: number, name: string, content = `${classIndex}/${name}`, split: Split = 'train'): Item => ({
  id: sha256(Buffer.from(content)),
  path: `${classIndex}/${name}`,
  classIndex,
  split,
});

const many = (classIndex: number, count: number): Item[] =>
  Array.from({ length: count }, (_, index) => item(classIndex, String(index)));

const pathsIn = (items: readonly Item[], split: Split): string[] =>
  items.filter((image) => image.split === split).map(({ path }) => path);

const countIn = (items: readonly Item[], classIndex: number, split: Split): number =>
  items.filter((image) => image.classIndex === classIndex && image.split === split).length;

describe('splitStratified', () => {
  it('takes the same share of every class, at least one, and leaves every class at least one', () => {
    const images = [...many(0, 100), ...many(1, 35), ...many(2, 3), ...many(3, 2), ...many(4, 1)];
    const split = splitStratified(images, { valFraction: 0.2, seed: 1 });
    expect(split.map(({ path }) => path)).toEqual(images.map(({ path }) => path));
    expect([0, 1, 2, 3, 4].map((index) => countIn(split, index, 'val'))).toEqual([20, 7, 1, 1, 0]);
    const greedy = splitStratified(images, { valFraction: 0.99, seed: 1 });
    expect([0, 1, 2, 3, 4].map((index) => countIn(greedy, index, 'train'))).toEqual([1, 1, 1, 1, 1]);
  });

  it('goes by seed and content: not by order, not by name', () => {
    const images = [...many(0, 40), ...many(1, 40)];
    const of = (items: readonly Item[], seed: number): Set<string> =>
      new Set(
        splitStratified(items, { valFraction: 0.25, seed })
          .filter(({ split }) => split === 'val')
          .map(({ id }) => id),
      );
    const first = of(images, 5);
    expect(of(images, 5)).toEqual(first);
    expect(of([...images].reverse(), 5)).toEqual(first);
    expect(
      of(
        images.map((image) => ({ ...image, path: `renamed ${image.path}` })),
        5,
      ),
    ).toEqual(first);
    expect(of(images, 6)).not.toEqual(first);
  });

  it('keeps copies together, within a class and across classes', () => {
    const images = [0, 1, 2].flatMap((classIndex) =>
      Array.from({ length: 60 }, (_, index) => item(classIndex, String(index), `content ${index % 15}`)),
    );
    for (let seed = 0; seed < 20; seed++) {
      const split = splitStratified(images, { valFraction: 0.3, seed });
      const training = new Set(split.filter((image) => image.split === 'train').map(({ id }) => id));
      const validation = split.filter((image) => image.split === 'val');
      expect(validation.length).toBeGreaterThan(0);
      expect(validation.filter(({ id }) => training.has(id))).toEqual([]);
    }
  });

  it('does not tear a class apart that is one picture twice', () => {
    const images = [item(0, 'a', 'same'), item(0, 'b', 'same'), ...many(1, 4)];
    expect(pathsIn(splitStratified(images, { valFraction: 0.5, seed: 3 }), 'train')).toEqual(
      expect.arrayContaining(['0/a', '0/b']),
    );
  });

  it('leaves other splits alone', () => {
    const images = [...many(0, 10), item(0, 'kept', 'kept', 'test')];
    expect(pathsIn(splitStratified(images, { valFraction: 0.5, seed: 3 }), 'test')).toEqual(['0/kept']);
  });
});

describe('epochOrder', () => {
  const indices = Array.from({ length: 50 }, (_, index) => index * 3);

  it('shows every image once, by seed and epoch', () => {
    const first = epochOrder(indices, { seed: 1, epoch: 1 });
    expect([...first].sort((a, b) => a - b)).toEqual(indices);
    expect(first).not.toEqual(indices);
    expect(epochOrder(indices, { seed: 1, epoch: 1 })).toEqual(first);
    expect(epochOrder(indices, { seed: 1, epoch: 2 })).not.toEqual(first);
    expect(epochOrder(indices, { seed: 2, epoch: 1 })).not.toEqual(first);
  });
});
