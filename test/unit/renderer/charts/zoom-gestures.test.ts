import { beforeEach, describe, expect, it, vi } from 'vitest';
import type { Bounds } from '../../../../src/renderer/charts/series.js';
import { listenForZoom, type ZoomAxis } from '../../../../src/renderer/charts/zoom-gestures.js';

const full: Bounds = { min: 0, max: 10 };
let axis: ZoomAxis;
let canvas: EventTarget;
let zooms: (Bounds | null)[];
let picks: (Bounds | null)[];
let stop: () => void;

/** As a browser's event, as far as it is looked at. */
function send(type: string, fields: Readonly<Record<string, unknown>>): Event {
  const event = new Event(type, { cancelable: true });
  canvas.dispatchEvent(
    Object.assign(event, { button: 0, pointerId: 1, pointerType: 'mouse', shiftKey: false }, fields),
  );
  return event;
}

beforeEach(() => {
  // 100 pixels a unit.
  axis = { full, shown: full, xAt: (pixel) => Math.min(10, Math.max(0, pixel / 100)) };
  canvas = Object.assign(new EventTarget(), { setPointerCapture: vi.fn() });
  zooms = [];
  picks = [];
  stop = listenForZoom(canvas as HTMLCanvasElement, () => axis, {
    onzoom: (bounds) => zooms.push(bounds),
    onpick: (bounds) => picks.push(bounds),
  });
});

describe('listenForZoom', () => {
  it('zooms by the wheel with Ctrl about the pointer, and leaves the wheel alone without it', () => {
    expect(send('wheel', { offsetX: 500, deltaY: -1, ctrlKey: false }).defaultPrevented).toBe(false);
    expect(zooms).toEqual([]);
    expect(send('wheel', { offsetX: 500, deltaY: -1, ctrlKey: true }).defaultPrevented).toBe(true);
    expect(zooms[0]!.max - zooms[0]!.min).toBeCloseTo(10 / 1.15, 9);
    expect(zooms[0]!.max + zooms[0]!.min).toBeCloseTo(10, 9);
    send('wheel', { offsetX: 500, deltaY: 1, ctrlKey: true });
    expect(zooms[1]).toBeNull();
  });

  it('zooms to what is dragged over, in either direction', () => {
    send('pointerdown', { offsetX: 700 });
    send('pointermove', { offsetX: 300 });
    expect(picks).toEqual([{ min: 3, max: 7 }]);
    expect(zooms).toEqual([]);
    send('pointerup', { offsetX: 300 });
    expect(picks.at(-1)).toBeNull();
    expect(zooms).toEqual([{ min: 3, max: 7 }]);
  });

  it('takes a short drag for a click, and no finger', () => {
    send('pointerdown', { offsetX: 300 });
    send('pointermove', { offsetX: 303 });
    send('pointerup', { offsetX: 303 });
    send('pointerdown', { offsetX: 300, pointerType: 'touch' });
    send('pointermove', { offsetX: 600 });
    send('pointerup', { offsetX: 600 });
    expect(zooms).toEqual([]);
    expect(picks.filter((pick) => pick !== null)).toEqual([]);
  });

  it('keeps a narrow part wide enough and within the axis', () => {
    send('pointerdown', { offsetX: 993 });
    send('pointerup', { offsetX: 1000 });
    const [part] = zooms;
    expect(part!.max).toBeLessThanOrEqual(10);
    expect(part!.max - part!.min).toBeCloseTo(0.1, 9);
  });

  it('moves along by a drag with Shift, to the end of the axis', () => {
    axis = { full, shown: { min: 2, max: 4 }, xAt: (pixel) => 2 + pixel / 100 };
    send('pointerdown', { offsetX: 100, shiftKey: true });
    send('pointermove', { offsetX: 50 });
    send('pointermove', { offsetX: 900 });
    send('pointerup', { offsetX: 900 });
    expect(zooms).toEqual([{ min: 2.5, max: 4.5 }, { min: 0, max: 2 }]); // prettier-ignore
  });

  it('gives up a drag that is taken away, and hears nothing once it is stopped', () => {
    send('pointerdown', { offsetX: 100 });
    send('pointercancel', {});
    send('pointerup', { offsetX: 500 });
    stop();
    send('wheel', { offsetX: 500, deltaY: -1, ctrlKey: true });
    expect(zooms).toEqual([]);
  });
});
