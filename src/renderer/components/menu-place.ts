import type { Component } from 'svelte';

export interface MenuItem {
  readonly label: string;
  readonly icon?: Component<{ size?: number; 'aria-hidden'?: 'true' }>;
  readonly shortcut?: string;
  readonly isDisabled?: boolean;
  readonly isDangerous?: boolean;
  /** A line above. */
  readonly startsGroup?: boolean;
  readonly onselect: () => void;
}

/** A rectangle in the window, in pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly right: number;
  readonly bottom: number;
}

interface Size {
  readonly width: number;
  readonly height: number;
}

/** Between a menu and what it belongs to, and between it and the window's edges. */
const GAP_PIXELS = 4;
const EDGE_PIXELS = 8;

/**
 * Where a menu stands: below what it belongs to, or above where there is more room, and within the window.
 *
 * @param align which edges of the two are on one line
 */
export function placeMenu(anchor: Box, menu: Size, view: Size, align: 'start' | 'end'): { left: number; top: number } {
  const left = align === 'start' ? anchor.left : anchor.right - menu.width;
  const below = anchor.bottom + GAP_PIXELS;
  const above = anchor.top - GAP_PIXELS - menu.height;
  const fitsBelow = below + menu.height <= view.height - EDGE_PIXELS;
  const isAbove = !fitsBelow && anchor.top > view.height - anchor.bottom;
  const within = (at: number, size: number, whole: number): number =>
    Math.max(EDGE_PIXELS, Math.min(at, whole - EDGE_PIXELS - size));
  return {
    left: within(left, menu.width, view.width),
    top: within(isAbove ? above : below, menu.height, view.height),
  };
}

/**
 * The item that a key leads to.
 *
 * @param labels of the items that can be chosen
 * @param at the focused one; -1 for none
 * @returns null where the key leads nowhere
 */
export function moveInMenu(key: string, labels: readonly string[], at: number): number | null {
  const { length } = labels;
  if (length === 0) return null;
  if (key === 'ArrowDown') return (at + 1) % length;
  if (key === 'ArrowUp') return (Math.max(0, at) + length - 1) % length;
  if (key === 'Home') return 0;
  if (key === 'End') return length - 1;
  if (key.length !== 1 || key === ' ') return null;
  const letter = key.toLowerCase();
  for (let step = 1; step <= length; step++) {
    const index = (at + step + length) % length;
    if (labels[index]!.toLowerCase().startsWith(letter)) return index;
  }
  return null;
}
