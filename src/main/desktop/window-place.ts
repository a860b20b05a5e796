import type { WindowPlace } from './settings.js';

interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

export const MIN_SIZE = { width: 960, height: 640 } as const;
const DEFAULT_SIZE = { width: 1320, height: 880 } as const;
/** How much of the window must be on a screen to find it and pull it back by its title. */
const VISIBLE = { width: 160, height: 60 } as const;

const overlap = (a: number, aSize: number, b: number, bSize: number): number =>
  Math.min(a + aSize, b + bSize) - Math.max(a, b);

const clamp = (value: number, min: number, max: number): number => Math.max(min, Math.min(value, max));

/** The window's size, and its place unless it is to be centred. */
export interface WindowBounds {
  readonly width: number;
  readonly height: number;
  readonly x?: number;
  readonly y?: number;
}

/**
 * Where to put the window: where it was, unless that is on no screen any more.
 *
 * @param workAreas of the screens that are there now, the primary one first; in device-independent pixels
 */
export function placeWindow(last: WindowPlace | null, workAreas: readonly Rectangle[]): WindowBounds {
  const area =
    last === null
      ? undefined
      : workAreas.find(
          (screen) =>
            overlap(last.x, last.width, screen.x, screen.width) >= VISIBLE.width &&
            overlap(last.y, last.height, screen.y, screen.height) >= VISIBLE.height &&
            // The title bar can't be reached above the screen.
            last.y >= screen.y,
        );
  const { width: maxWidth, height: maxHeight } = area ?? workAreas[0] ?? DEFAULT_SIZE;
  const width = clamp(last?.width ?? DEFAULT_SIZE.width, MIN_SIZE.width, Math.max(maxWidth, MIN_SIZE.width));
  const height = clamp(last?.height ?? DEFAULT_SIZE.height, MIN_SIZE.height, Math.max(maxHeight, MIN_SIZE.height));
  return area === undefined || last === null ? { width, height } : { width, height, x: last.x, y: last.y };
}
