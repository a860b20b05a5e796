import { render } from 'svelte/server';
import { expect, it } from 'vitest';
import ClassTable from '../../../../../src/renderer/pages/evaluate/ClassTable.svelte';
import ConfusionMatrix from '../../../../../src/renderer/pages/evaluate/ConfusionMatrix.svelte';

/** In the model's order: text order, as of folders. */
const classes = ['1', '10', '2'];

it('shows rows and columns in natural order, each cell with the number of its own pair', () => {
  // Row is what the pictures show: 10 was taken for 2 seven times.
  const confusion = [
    [5, 0, 1],
    [2, 6, 7],
    [0, 3, 4],
  ];
  const { body } = render(ConfusionMatrix, {
    props: { classes, confusion, unit: 'counts', selected: null, onselect: () => undefined },
  });
  const columns = [...body.matchAll(/<th[^>]*scope="col"[^>]*title="([^"]*)"/g)].map(([, name]) => name);
  const rows = [...body.matchAll(/<th[^>]*scope="row"[^>]*title="([^"]*)"/g)].map(([, name]) => name);
  expect(columns).toEqual(['1', '2', '10']);
  expect(rows).toEqual(['1', '2', '10']);
  const cells = [...body.matchAll(/data-cell="(\d-\d)"[^>]*aria-label="([^"]*)"[^>]*>\s*(\d+)/g)];
  expect(cells.map(([, cell]) => cell)).toEqual(['0-0', '0-2', '0-1', '2-0', '2-2', '2-1', '1-0', '1-2', '1-1']);
  expect(cells.map(([, , , count]) => Number(count))).toEqual([5, 1, 0, 0, 4, 3, 2, 7, 6]);
  expect(cells.find(([, cell]) => cell === '1-2')?.[2]).toBe('10 taken for 2: 7 of 15');
});

it('lists classes in natural order until another column is chosen', () => {
  const perClass = classes.map((name) => ({ name, precision: 1, recall: 1, f1: 1, support: 3 }));
  const { body } = render(ClassTable, { props: { perClass } });
  expect([...body.matchAll(/<th[^>]*scope="row"[^>]*title="([^"]*)"/g)].map(([, name]) => name)).toEqual([
    '1',
    '2',
    '10',
  ]);
});
