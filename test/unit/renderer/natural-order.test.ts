import { expect, it } from 'vitest';
import { compareNames, sortNaturally } from '../../../src/renderer/natural-order.js';

it('puts 2 before 10, and letters in the order of the alphabet whatever their case', () => {
  const names = ['10', 'b', '2', 'A', '1', 'class 11', 'class 9'];
  expect([...names].sort(compareNames)).toEqual(['1', '2', '10', 'A', 'b', 'class 9', 'class 11']);
});

it('leaves what it is given as it is, and equal names in their order', () => {
  const items = [
    { name: '10', place: 0 },
    { name: '9', place: 1 },
    { name: '9', place: 2 },
  ];
  expect(sortNaturally(items, ({ name }) => name).map(({ place }) => place)).toEqual([1, 2, 0]);
  expect(items.map(({ place }) => place)).toEqual([0, 1, 2]);
});
