import { describe, expect, it } from 'vitest';
import { rankClasses, selectPictures } from '../../../../../src/renderer/pages/evaluate/gallery.js';
import { predictionsToCsv } from '../../../../../src/renderer/pages/evaluate/csv.js';
import type { Prediction } from '../../../../../src/shared/reports.js';

const picture = (path: string, label: string, predicted: string, confidence: number, loss: number): Prediction => ({
  path,
  label,
  predicted,
  loss,
  probabilities: [confidence, 1 - confidence],
});
const all = [
  picture('a', 'ants', 'ants', 0.9, 0.1),
  picture('b', 'ants', 'bees', 0.6, 0.9),
  picture('c', 'bees', 'ants', 0.99, 4),
  picture('d', 'bees', 'bees', 0.55, 0.6),
];
const every = { correctness: 'all', label: null, predicted: null } as const;
const paths = (pictures: readonly Prediction[]): string => pictures.map(({ path }) => path).join('');

describe('the gallery', () => {
  it.each([
    ['loss', 'cbda'],
    ['confident', 'cabd'],
    ['unsure', 'dbac'],
  ] as const)('orders by %s', (order, expected) => expect(paths(selectPictures(all, every, order))).toBe(expected));

  it('narrows to right, wrong and one cell of the matrix', () => {
    expect(paths(selectPictures(all, { ...every, correctness: 'wrong' }, 'loss'))).toBe('cb');
    expect(paths(selectPictures(all, { ...every, correctness: 'right' }, 'loss'))).toBe('da');
    expect(paths(selectPictures(all, { ...every, label: 'ants', predicted: 'bees' }, 'loss'))).toBe('b');
  });

  it('leaves the report as it is', () => {
    selectPictures(all, every, 'loss');
    expect(paths(all)).toBe('abcd');
  });

  it('ranks classes, and stands a missing probability', () => {
    expect(rankClasses(['x', 'y', 'z'], [0.2, 0.7], 2)).toEqual([
      { name: 'y', probability: 0.7 },
      { name: 'x', probability: 0.2 },
    ]);
  });
});

it('writes predictions as CSV that survives commas, quotes and line ends in names', () => {
  const csv = predictionsToCsv(
    {
      classes: ['a,b', 'say "c"'],
      images: [
        { path: '/x\ny.jpg', predicted: 'a,b', probabilities: { 'a,b': 0.75, 'say "c"': 0.25 }, logits: [1, 0] },
      ],
      skipped: [],
    },
    (path) => path.slice(1),
  );
  expect(csv).toBe('picture,predicted,"a,b","say ""c"""\r\n"x\ny.jpg","a,b",0.750000,0.250000\r\n');
});
