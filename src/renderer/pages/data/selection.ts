/** Places of a list, both ends included. */
export interface Range {
  readonly first: number;
  readonly last: number;
}

/** What is selected: ranges in rising order that neither overlap nor touch, so that "all of 100,000" is one pair. */
export type Selection = readonly Range[];

export const EMPTY: Selection = [];

/** How many places are selected. */
export const sizeOf = (selection: Selection): number =>
  selection.reduce((sum, { first, last }) => sum + last - first + 1, 0);

/** Whether a place is selected. */
export function isSelected(selection: Selection, index: number): boolean {
  let low = 0;
  let high = selection.length - 1;
  while (low <= high) {
    const middle = (low + high) >> 1;
    const { first, last } = selection[middle]!;
    if (index < first) high = middle - 1;
    else if (index > last) low = middle + 1;
    else return true;
  }
  return false;
}

/** The range between two places, in either order. */
export const between = (a: number, b: number): Range => ({ first: Math.min(a, b), last: Math.max(a, b) });

/** The selection with a range more. */
export function addRange(selection: Selection, range: Range): Selection {
  let { first, last } = range;
  const before: Range[] = [];
  const after: Range[] = [];
  for (const other of selection) {
    if (other.last < first - 1) before.push(other);
    else if (other.first > last + 1) after.push(other);
    else {
      first = Math.min(first, other.first);
      last = Math.max(last, other.last);
    }
  }
  return [...before, { first, last }, ...after];
}

/** The selection without a range. */
export function removeRange(selection: Selection, { first, last }: Range): Selection {
  return selection.flatMap((other) => {
    if (other.last < first || other.first > last) return [other];
    const left = other.first < first ? [{ first: other.first, last: first - 1 }] : [];
    const right = other.last > last ? [{ first: last + 1, last: other.last }] : [];
    return [...left, ...right];
  });
}

/** The selection with one place turned over. */
export function toggle(selection: Selection, index: number): Selection {
  const range = { first: index, last: index };
  return isSelected(selection, index) ? removeRange(selection, range) : addRange(selection, range);
}
