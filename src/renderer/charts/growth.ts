import type { Chart } from 'chart.js';
import { type LineSeries, type Point, withOpacity } from './series.js';

/** How a series' line is drawn. */
export interface Pen {
  readonly colour: string;
  /** In pixels. */
  readonly width: number;
}

/** @param colour of the series, resolved */
export const penOf = ({ isFaint, width }: LineSeries, colour: string): Pen => ({
  colour: isFaint ? withOpacity(colour, 0.28) : colour,
  width: width ?? (isFaint ? 1 : 2),
});

/** A part of a curve that has to be drawn behind what is drawn of it. */
export interface Stroke {
  readonly series: LineSeries;
  /** The last point that is drawn, then what has come. */
  readonly points: readonly Point[];
}

/** Less than this, in pixels, is not seen. */
const VISIBLE_PIXELS = 0.5;

/** Points that have come behind `before`; null when the curve has changed in another way, too. */
export function addedPoints(before: readonly Point[], now: readonly Point[]): readonly Point[] | null {
  const drawn = before.at(-1);
  const end = now.at(-1);
  if (drawn === undefined || end === undefined) return before.length === now.length ? [] : null;
  const from = now.findLastIndex(([x]) => x <= drawn[0]) + 1;
  const last = now[from - 1];
  // Thinning takes points away; a run that repeats steps, and another smoothing, change them.
  const isKept = end[0] >= drawn[0] && last !== undefined && (last[0] < drawn[0] || last[1] === drawn[1]);
  return isKept && now[0]![1] === before[0]![1] ? now.slice(from) : null;
}

/**
 * What is missing of the curves on the canvas; what would not be seen waits for more.
 *
 * @param drawn what is on the canvas, by the series' ids
 * @returns null where adding to the lines doesn't do: a dot has to come or go, or the axis has to grow
 */
export function strokesOf(
  chart: Chart,
  drawn: ReadonlyMap<string, readonly Point[]>,
  series: readonly LineSeries[],
): readonly Stroke[] | null {
  const { x: xAxis, y: yAxis } = chart.scales;
  if (xAxis === undefined || yAxis === undefined) return null;
  const strokes: Stroke[] = [];
  for (const one of series) {
    const before = drawn.get(one.id) ?? [];
    const added = addedPoints(before, one.points);
    if (added === null) return null;
    const end = added.at(-1);
    if (end === undefined) continue;
    const start = before.at(-1)!;
    const isPlain = before.length > 1 && one.hasDots !== true && one.dash === undefined;
    if (!isPlain || added.some(([, y]) => !(y >= yAxis.min && y <= yAxis.max))) return null;
    const width = Math.abs(xAxis.getPixelForValue(end[0]) - xAxis.getPixelForValue(start[0]));
    const height = Math.abs(yAxis.getPixelForValue(end[1]) - yAxis.getPixelForValue(start[1]));
    if (Math.max(width, height) >= VISIBLE_PIXELS) strokes.push({ series: one, points: [start, ...added] });
  }
  return strokes;
}

/** Adds to the lines on the canvas, without touching the rest of it. */
export function drawStrokes(chart: Chart, strokes: readonly Stroke[], pen: (series: LineSeries) => Pen): void {
  const { ctx, chartArea, scales } = chart;
  ctx.save();
  ctx.beginPath();
  ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height);
  ctx.clip();
  ctx.lineJoin = 'round';
  for (const { series, points } of strokes) {
    const { colour, width } = pen(series);
    ctx.strokeStyle = colour;
    ctx.lineWidth = width;
    // As when all is drawn: what is faint lies behind.
    ctx.globalCompositeOperation = series.isFaint ? 'destination-over' : 'source-over';
    ctx.beginPath();
    for (const [x, y] of points) ctx.lineTo(scales['x']!.getPixelForValue(x), scales['y']!.getPixelForValue(y));
    ctx.stroke();
  }
  ctx.restore();
}
