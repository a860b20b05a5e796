import { describe, expect, it } from 'vitest';
import {
  EMPTY,
  addRange,
  between,
  isSelected,
  removeRange,
  sizeOf,
  toggle,
} from '../../../../src/renderer/pages/data/selection.js';
import { createStream } from '../../../../src/shared/random.js';

describe('a selection', () => {
  it('keeps ranges apart, and joins those that touch or overlap', () => {
    const two = addRange(addRange(EMPTY, between(20, 29)), between(9, 5));
    expect(two).toEqual([
      { first: 5, last: 9 },
      { first: 20, last: 29 },
    ]);
    expect(addRange(two, between(10, 12))).toEqual([
      { first: 5, last: 12 },
      { first: 20, last: 29 },
    ]);
    expect(addRange(two, between(8, 21))).toEqual([{ first: 5, last: 29 }]);
  });

  it('cuts a hole, an end and a whole range out', () => {
    const all = addRange(EMPTY, between(0, 9));
    expect(removeRange(all, between(3, 4))).toEqual([
      { first: 0, last: 2 },
      { first: 5, last: 9 },
    ]);
    expect(removeRange(all, between(7, 50))).toEqual([{ first: 0, last: 6 }]);
    expect(removeRange(all, between(0, 9))).toEqual([]);
  });

  it('holds a hundred thousand places as one pair, also when one is turned over', () => {
    const all = addRange(EMPTY, between(0, 99_999));
    expect(all).toHaveLength(1);
    const without = toggle(all, 50_000);
    expect(without).toHaveLength(2);
    expect(sizeOf(without)).toBe(99_999);
    expect(isSelected(without, 50_000)).toBe(false);
    expect(toggle(without, 50_000)).toEqual(all);
  });

  it('agrees with a set over any clicks', () => {
    const stream = createStream(7, 'clicks');
    let selection = EMPTY;
    const set = new Set<number>();
    for (let step = 0; step < 400; step++) {
      const a = Math.floor(stream.uniform() * 60);
      const b = Math.floor(stream.uniform() * 60);
      const kind = step % 3;
      if (kind === 0) {
        selection = toggle(selection, a);
        if (!set.delete(a)) set.add(a);
      } else {
        selection = (kind === 1 ? addRange : removeRange)(selection, between(a, b));
        for (let i = Math.min(a, b); i <= Math.max(a, b); i++) {
          if (kind === 1) set.add(i);
          else set.delete(i);
        }
      }
      expect(sizeOf(selection)).toBe(set.size);
      expect(Array.from({ length: 60 }, (_, i) => isSelected(selection, i))).toEqual(
        Array.from({ length: 60 }, (_, i) => set.has(i)),
      );
    }
  });
});
