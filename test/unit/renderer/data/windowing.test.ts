import { describe, expect, it } from 'vitest';
import { layoutGrid, moveInGrid, scrollToRow, visibleRows } from '../../../../src/renderer/pages/data/windowing.js';

describe('the grid', () => {
  it('fills the width with as many squares as fit', () => {
    expect(layoutGrid(397, 728, 132, 8)).toEqual({
      columns: 5,
      rows: 80,
      cell: 139.2,
      pitch: 147.2,
      height: 80 * 147.2 - 8,
    });
    expect(layoutGrid(3, 90, 132, 8)).toMatchObject({ columns: 1, rows: 3, cell: 90 });
    expect(layoutGrid(0, 728, 132, 8)).toMatchObject({ rows: 0, height: 0 });
  });

  it('shows the rows in view and some around, within what there is', () => {
    const grid = { rows: 1000, pitch: 100 };
    expect(visibleRows(grid, 0, 640, 2)).toEqual({ first: 0, end: 9 });
    expect(visibleRows(grid, 5050, 640, 2)).toEqual({ first: 48, end: 59 });
    expect(visibleRows(grid, 99_900, 640, 2)).toEqual({ first: 997, end: 1000 });
    expect(visibleRows({ rows: 0, pitch: 100 }, 0, 640, 2)).toEqual({ first: 0, end: 0 });
    // Scrolled past an end that has come nearer.
    expect(visibleRows({ rows: 3, pitch: 100 }, 9000, 640, 2)).toEqual({ first: 1, end: 3 });
  });

  it.each([
    ['ArrowRight', 4, 5],
    ['ArrowLeft', 0, 0],
    ['ArrowDown', 2, 7],
    ['ArrowDown', 8, 11],
    ['ArrowDown', 10, 10],
    ['ArrowUp', 7, 2],
    ['ArrowUp', 3, 3],
    ['Home', 7, 0],
    ['End', 1, 11],
    ['PageDown', 1, 11],
    ['PageUp', 8, 3],
    ['Tab', 3, null],
  ])('%s leads from %i to %s among twelve in rows of five', (key, from, to) => {
    expect(moveInGrid(key, from, 12, { columns: 5 }, 3)).toBe(to);
  });

  it('has nowhere to go without pictures', () => {
    expect(moveInGrid('End', 0, 0, { columns: 5 }, 3)).toBeNull();
  });

  it('scrolls no further than it has to', () => {
    const grid = { pitch: 100, cell: 92 };
    expect(scrollToRow(grid, 3, 250, 500)).toBe(250);
    expect(scrollToRow(grid, 1, 250, 500)).toBe(100);
    expect(scrollToRow(grid, 9, 250, 500)).toBe(492);
  });
});
