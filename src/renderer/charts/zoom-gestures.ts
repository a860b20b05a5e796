import { type Bounds, MIN_RANGE, panBounds, zoomBounds } from './series.js';

/** A drag shorter than this, in pixels, is a click. */
const DRAG_PIXELS = 6;
const WHEEL_FACTOR = 1.15;

/** The x axis that gestures move. */
export interface ZoomAxis {
  readonly full: Bounds;
  readonly shown: Bounds;
  /** x at a pixel from the canvas's left edge, kept within what is shown. */
  readonly xAt: (pixel: number) => number;
}

export interface ZoomEvents {
  /** Null for all of the axis. */
  readonly onzoom: (bounds: Bounds | null) => void;
  /** The part that is being picked; null when that is over. */
  readonly onpick: (bounds: Bounds | null) => void;
}

const sorted = (a: number, b: number): Bounds => ({ min: Math.min(a, b), max: Math.max(a, b) });

/** At least {@link MIN_RANGE} wide, within `full`. */
function widened(bounds: Bounds, full: Bounds): Bounds {
  const missing = Math.max(0, MIN_RANGE - (bounds.max - bounds.min));
  const min = Math.max(full.min, Math.min(bounds.min - missing / 2, full.max - MIN_RANGE));
  return { min, max: Math.max(bounds.max, min + MIN_RANGE) };
}

/**
 * Zooms by the wheel with Ctrl, as which a pinch on a touchpad arrives, and by a drag over the part to see; a drag with
 * Shift moves along. Without Ctrl the wheel scrolls the page, and so do fingers.
 *
 * @param axis as it is now; null while there is none
 * @returns stops listening
 */
export function listenForZoom(canvas: HTMLCanvasElement, axis: () => ZoomAxis | null, events: ZoomEvents): () => void {
  const stop = new AbortController();
  const { signal } = stop;
  let drag: { readonly pixel: number; readonly from: ZoomAxis; readonly isPan: boolean } | null = null;

  const onWheel = (event: WheelEvent): void => {
    const now = axis();
    if (!event.ctrlKey || now === null) return;
    event.preventDefault();
    const factor = event.deltaY < 0 ? 1 / WHEEL_FACTOR : WHEEL_FACTOR;
    events.onzoom(zoomBounds(now.full, now.shown, now.xAt(event.offsetX), factor));
  };
  const onDown = (event: PointerEvent): void => {
    const from = axis();
    if (event.button !== 0 || event.pointerType === 'touch' || from === null) return;
    drag = { pixel: event.offsetX, from, isPan: event.shiftKey };
    canvas.setPointerCapture(event.pointerId);
  };
  const onMove = (event: PointerEvent): void => {
    if (drag === null) return;
    const { from, pixel, isPan } = drag;
    const at = from.xAt(event.offsetX);
    if (isPan) events.onzoom(panBounds(from.full, from.shown, from.xAt(pixel) - at));
    else events.onpick(Math.abs(event.offsetX - pixel) < DRAG_PIXELS ? null : sorted(from.xAt(pixel), at));
  };
  const end = (): void => {
    drag = null;
    events.onpick(null);
  };
  const onUp = (event: PointerEvent): void => {
    if (drag === null) return;
    const { from, pixel, isPan } = drag;
    end();
    if (isPan || Math.abs(event.offsetX - pixel) < DRAG_PIXELS) return;
    events.onzoom(widened(sorted(from.xAt(pixel), from.xAt(event.offsetX)), from.full));
  };
  canvas.addEventListener('wheel', onWheel, { signal, passive: false });
  canvas.addEventListener('pointerdown', onDown, { signal });
  canvas.addEventListener('pointermove', onMove, { signal });
  canvas.addEventListener('pointerup', onUp, { signal });
  canvas.addEventListener('pointercancel', end, { signal });
  return () => stop.abort();
}
