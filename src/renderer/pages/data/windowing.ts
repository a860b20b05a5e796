/** Where the cells of a grid of squares go; lengths in pixels. */
export interface GridLayout {
  readonly columns: number;
  readonly rows: number;
  /** Edge of a cell. */
  readonly cell: number;
  /** From one row to the next. */
  readonly pitch: number;
  /** Of all rows. */
  readonly height: number;
}

/**
 * Fills a width with squares of about the wanted edge, all of the same size.
 *
 * @param width of the rows, in pixels
 * @param wanted edge that a cell should have at least, in pixels
 * @param gap between cells, in pixels
 */
export function layoutGrid(total: number, width: number, wanted: number, gap: number): GridLayout {
  const columns = Math.max(1, Math.floor((width + gap) / (wanted + gap)));
  const rows = Math.ceil(total / columns);
  const cell = Math.max(1, (width - gap * (columns - 1)) / columns);
  const pitch = cell + gap;
  return { columns, rows, cell, pitch, height: rows === 0 ? 0 : rows * pitch - gap };
}

/**
 * Rows that are in view, and some on either side.
 *
 * @param overscan rows more on each side
 * @returns the first row and the one behind the last
 */
export function visibleRows(
  { rows, pitch }: Pick<GridLayout, 'rows' | 'pitch'>,
  scrollTop: number,
  viewHeight: number,
  overscan: number,
): { readonly first: number; readonly end: number } {
  const first = Math.max(0, Math.min(rows, Math.floor(scrollTop / pitch)) - overscan);
  const end = Math.min(rows, Math.ceil((scrollTop + viewHeight) / pitch) + overscan);
  return { first, end: Math.max(first, end) };
}

/**
 * Where an arrow key leads in a grid.
 *
 * @param pageRows rows that a page key passes over
 * @returns null for other keys
 */
export function moveInGrid(
  key: string,
  index: number,
  total: number,
  { columns }: Pick<GridLayout, 'columns'>,
  pageRows: number,
): number | null {
  const steps: Readonly<Record<string, number>> = {
    ArrowLeft: -1,
    ArrowRight: 1,
    ArrowUp: -columns,
    ArrowDown: columns,
    PageUp: -columns * pageRows,
    PageDown: columns * pageRows,
  };
  if (total === 0) return null;
  if (key === 'Home') return 0;
  if (key === 'End') return total - 1;
  const step = steps[key];
  if (step === undefined) return null;
  const target = index + step;
  // A step down from the last but one row ends in the last row, however short that is; the other edges hold.
  if (target >= total)
    return key === 'ArrowDown' && Math.floor(index / columns) === Math.floor((total - 1) / columns) ? index : total - 1;
  return target < 0 ? (key === 'PageUp' ? index % columns : index) : target;
}

/**
 * How far to scroll so that a row is in view.
 *
 * @returns the new offset; the present one when the row is in view already
 */
export function scrollToRow(
  { pitch, cell }: Pick<GridLayout, 'pitch' | 'cell'>,
  row: number,
  scrollTop: number,
  viewHeight: number,
): number {
  const top = row * pitch;
  if (top < scrollTop) return top;
  return top + cell > scrollTop + viewHeight ? top + cell - viewHeight : scrollTop;
}
