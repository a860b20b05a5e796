import type { Chart, Plugin } from 'chart.js';
import type { LineMarker } from './series.js';

/** What is drawn over the curves, with its colours resolved. */
export interface OverlayState {
  readonly markers: readonly LineMarker[];
  readonly hoverX: number | null;
  readonly hoverColour: string;
  readonly labelBackground: string;
  readonly font: string;
}

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

/** Draws markers and the line under the pointer; asks for their state at each draw. */
export function createOverlay(state: () => OverlayState): Plugin<'line'> {
  return {
    id: 'overlay',
    afterDatasetsDraw(chart) {
      const { ctx, chartArea } = chart;
      const x = chart.scales['x'];
      if (x === undefined) return;
      const now = state();
      const isInside = (pixel: number): boolean => pixel >= chartArea.left - 1 && pixel <= chartArea.right + 1;
      ctx.save();
      for (const marker of now.markers) {
        const pixel = x.getPixelForValue(marker.x);
        if (!isInside(pixel)) continue;
        drawVertical(chart, pixel, marker.colour, [3, 3]);
        drawLabel(chart, pixel, marker, now);
      }
      if (now.hoverX !== null) {
        const pixel = x.getPixelForValue(now.hoverX);
        if (isInside(pixel)) drawVertical(chart, pixel, now.hoverColour, []);
      }
      ctx.restore();
    },
  };
}
