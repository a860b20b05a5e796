import { describe, expect, it } from 'vitest';
import { moveInMenu, placeMenu } from '../../../../src/renderer/components/menu-place.js';

const view = { width: 1000, height: 600 };
const menu = { width: 200, height: 100 };
const button = (left: number, top: number) => ({ left, top, right: left + 80, bottom: top + 30 });

describe('placeMenu', () => {
  it('stands below, on a line with the start or the end', () => {
    expect(placeMenu(button(300, 100), menu, view, 'start')).toEqual({ left: 300, top: 134 });
    expect(placeMenu(button(300, 100), menu, view, 'end')).toEqual({ left: 180, top: 134 });
  });

  it('stands above where there is no room below', () => {
    expect(placeMenu(button(300, 550), menu, view, 'start').top).toBe(446);
  });

  it('stays in the window', () => {
    expect(placeMenu(button(20, 100), menu, view, 'end').left).toBe(8);
    expect(placeMenu(button(950, 100), menu, view, 'start').left).toBe(792);
    // Higher than both sides: the larger one, as far as it goes.
    expect(placeMenu(button(300, 200), { width: 200, height: 500 }, view, 'start').top).toBe(92);
    expect(placeMenu(button(300, 400), { width: 200, height: 500 }, view, 'start').top).toBe(8);
  });
});

describe('moveInMenu', () => {
  const labels = ['Rename', 'Delete', 'Reveal', 'Copy'];

  it('goes round by the arrows, and to both ends', () => {
    expect([-1, 0, 3].map((at) => moveInMenu('ArrowDown', labels, at))).toEqual([0, 1, 0]);
    expect([-1, 0, 3].map((at) => moveInMenu('ArrowUp', labels, at))).toEqual([3, 3, 2]);
    expect(moveInMenu('Home', labels, 2)).toBe(0);
    expect(moveInMenu('End', labels, 0)).toBe(3);
  });

  it('finds the next item with a letter', () => {
    expect(moveInMenu('r', labels, 0)).toBe(2);
    expect(moveInMenu('R', labels, 2)).toBe(0);
    expect(moveInMenu('d', labels, -1)).toBe(1);
    expect(moveInMenu('x', labels, 0)).toBeNull();
  });

  it('leaves other keys alone', () => {
    expect(['Enter', ' ', 'Tab', 'F5'].map((key) => moveInMenu(key, labels, 0))).toEqual([null, null, null, null]);
    expect(moveInMenu('ArrowDown', [], -1)).toBeNull();
  });
});
