import type { Chart, Plugin } from 'chart.js';
import { type Bounds, type LineMarker, withOpacity } from './series.js';

/** What is drawn over the curves, with its colours resolved. */
export interface OverlayState {
  readonly markers: readonly LineMarker[];
  readonly hoverX: number | null;
  readonly hoverColour: string;
  /** The part that is being picked with the pointer. */
  readonly picked: Bounds | null;
  readonly pickColour: string;
  readonly labelBackground: string;
  readonly font: string;
}

const isInside = ({ chartArea }: Chart, pixel: number): boolean =>
  pixel >= chartArea.left - 1 && pixel <= chartArea.right + 1;

function drawVertical(chart: Chart, pixel: number, colour: string, dash: readonly number[]): void {
  const { ctx, chartArea } = chart;
  ctx.beginPath();
  ctx.setLineDash([...dash]);
  ctx.lineWidth = 1;
  ctx.strokeStyle = colour;
  // Half a pixel off, where a line of one pixel is sharp.
  const x = Math.round(pixel) + 0.5;
  ctx.moveTo(x, chartArea.top);
  ctx.lineTo(x, chartArea.bottom);
  ctx.stroke();
}

function drawLabel(chart: Chart, pixel: number, { label, colour, edge }: LineMarker, state: OverlayState): void {
  const { ctx, chartArea } = chart;
  ctx.font = state.font;
  ctx.textBaseline = 'middle';
  const width = ctx.measureText(label).width + 8;
  const left = Math.min(pixel + 4, chartArea.right - width);
  const top = edge === 'top' ? chartArea.top + 2 : chartArea.bottom - 18;
  ctx.fillStyle = state.labelBackground;
  ctx.fillRect(left, top, width, 16);
  ctx.fillStyle = colour;
  ctx.fillText(label, left + 4, top + 8.5);
}

function drawPicked(chart: Chart, left: number, right: number, colour: string): void {
  const { ctx, chartArea } = chart;
  ctx.fillStyle = withOpacity(colour, 0.15);
  ctx.fillRect(left, chartArea.top, right - left, chartArea.height);
  for (const pixel of [left, right]) drawVertical(chart, pixel, colour, []);
}

/** Draws the markers' labels: once more where curves have grown across them. */
export function drawLabels(chart: Chart, state: OverlayState): void {
  const x = chart.scales['x'];
  if (x === undefined || state.markers.length === 0) return;
  chart.ctx.save();
  for (const marker of state.markers) {
    const pixel = x.getPixelForValue(marker.x);
    if (isInside(chart, pixel)) drawLabel(chart, pixel, marker, state);
  }
  chart.ctx.restore();
}

/** Draws markers, what is being picked and the line under the pointer; asks for their state at each draw. */
export function createOverlay(state: () => OverlayState): Plugin<'line'> {
  return {
    id: 'overlay',
    afterDatasetsDraw(chart) {
      const x = chart.scales['x'];
      if (x === undefined) return;
      const now = state();
      chart.ctx.save();
      for (const marker of now.markers) {
        const pixel = x.getPixelForValue(marker.x);
        if (isInside(chart, pixel)) drawVertical(chart, pixel, marker.colour, [3, 3]);
      }
      drawLabels(chart, now);
      if (now.hoverX !== null) {
        const pixel = x.getPixelForValue(now.hoverX);
        if (isInside(chart, pixel)) drawVertical(chart, pixel, now.hoverColour, []);
      }
      if (now.picked !== null) {
        const { min, max } = now.picked;
        drawPicked(chart, x.getPixelForValue(min), x.getPixelForValue(max), now.pickColour);
      }
      chart.ctx.restore();
    },
  };
}
