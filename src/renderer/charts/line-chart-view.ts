import type { Chart as ChartType, ChartDataset, ChartOptions } from 'chart.js';
import { Chart } from './chart-parts.js';
import { createOverlay, type OverlayState } from './overlay.js';
import { type Bounds, type LineMarker, type LineSeries, type Point, withOpacity } from './series.js';

/** Everything that a line chart shows, but for the place of the pointer. */
export interface LineChartModel {
  readonly series: readonly LineSeries[];
  readonly markers: readonly LineMarker[];
  readonly xLabel: string;
  readonly yLabel: string;
  readonly yScale: 'linear' | 'log';
  /** Whole x axis. */
  readonly bounds: Bounds;
  /** Part of the x axis that is shown; null for all of it. */
  readonly zoom: Bounds | null;
  /** Ends of the y axis that do not follow the curves. */
  readonly yBounds: Partial<Bounds>;
  readonly formatX: (value: number) => string;
  readonly formatY: (value: number) => string;
}

type ChartPoint = { x: number; y: number };
type Dataset = ChartDataset<'line', ChartPoint[]> & { id: string };

const FONT_PIXELS = 11;
/** With more points, dots run into one another and cost more time than their line. */
const MAX_DOTS = 60;
/** Fewest x units that can be zoomed to. */
const MIN_RANGE = 0.1;

const chartPoints = new WeakMap<readonly Point[], ChartPoint[]>();

/** Chart.js's own form of points, made once for each list. */
function toChartPoints(points: readonly Point[]): ChartPoint[] {
  const known = chartPoints.get(points);
  if (known !== undefined) return known;
  const made = points.map(([x, y]) => ({ x, y }));
  chartPoints.set(points, made);
  return made;
}

/** Labels of a logarithmic axis would overlap; 1, 2 and 5 of each power stay. */
const isRoundLog = (value: number): boolean => {
  const leading = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
  return [1, 2, 5].some((digit) => Math.abs(leading - digit) < 1e-6);
};

export interface LineChartEvents {
  /** Part of the x axis that the user has zoomed or moved to. */
  readonly onzoom: (bounds: Bounds) => void;
  /** x under the pointer; null when it leaves. */
  readonly onhover: (x: number | null) => void;
}

/** A Chart.js line chart on a canvas. Changes are drawn together in the next animation frame, without animation. */
export class LineChartView {
  readonly #canvas: HTMLCanvasElement;
  readonly #chart: ChartType<'line', ChartPoint[]>;
  readonly #events: LineChartEvents;
  readonly #datasets = new Map<string, Dataset>();
  #model: LineChartModel | null = null;
  #overlay: OverlayState = { markers: [], hoverX: null, hoverColour: '', labelBackground: '', font: '' };
  #frame: number | null = null;
  #isStale = false;
  /** Of what the axes were last set to. */
  #scalesKey = '';

  constructor(canvas: HTMLCanvasElement, events: LineChartEvents) {
    this.#canvas = canvas;
    this.#events = events;
    this.#chart = new Chart(canvas, {
      type: 'line',
      data: { datasets: [] },
      options: this.#fixedOptions(),
      plugins: [createOverlay(() => this.#overlay)],
    });
    canvas.addEventListener('pointermove', this.#onMove);
    canvas.addEventListener('pointerleave', this.#onLeave);
  }

  #fixedOptions(): ChartOptions<'line'> {
    const report = (): void => {
      const x = this.#chart.scales['x'];
      // The plugin has moved the axis by itself.
      this.#scalesKey = '';
      if (x !== undefined) this.#events.onzoom({ min: x.min, max: x.max });
    };
    return {
      animation: false,
      parsing: false,
      normalized: true,
      responsive: true,
      maintainAspectRatio: false,
      // The pointer is followed here: Chart.js would look for the nearest element at each move.
      events: [],
      plugins: {
        decimation: { enabled: true, algorithm: 'min-max' },
        zoom: {
          // Without Ctrl the wheel scrolls the page; a pinch on a touchpad arrives as a wheel with Ctrl.
          zoom: {
            mode: 'x',
            wheel: { enabled: true, modifierKey: 'ctrl' },
            drag: { enabled: true, threshold: 6, borderWidth: 1 },
            onZoomComplete: report,
          },
          pan: { enabled: true, mode: 'x', modifierKey: 'shift', onPanComplete: report },
        },
      },
    };
  }

  readonly #onMove = (event: PointerEvent): void => {
    const { chartArea, scales } = this.#chart;
    const x = scales['x'];
    if (x === undefined) return;
    const isInside = event.offsetX >= chartArea.left && event.offsetX <= chartArea.right;
    this.#events.onhover(isInside ? (x.getValueForPixel(event.offsetX) ?? null) : null);
  };

  readonly #onLeave = (): void => this.#events.onhover(null);

  /** Shows a model; colours are read from the style sheet anew. */
  show(model: LineChartModel): void {
    this.#model = model;
    this.#isStale = true;
    this.#schedule();
  }

  /** Moves the line under the pointer. */
  hover(x: number | null): void {
    if (x === this.#overlay.hoverX) return;
    this.#overlay = { ...this.#overlay, hoverX: x };
    this.#schedule();
  }

  #schedule(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      if (this.#isStale) this.#update();
      else this.#chart.draw();
    });
  }

  #update(): void {
    const model = this.#model;
    if (model === null) return;
    this.#isStale = false;
    const style = getComputedStyle(document.documentElement);
    const token = (name: string): string => style.getPropertyValue(name).trim();
    const family = token('--font');
    this.#overlay = {
      markers: model.markers.map((marker) => ({ ...marker, colour: token(marker.colour) })),
      hoverX: this.#overlay.hoverX,
      hoverColour: token('--text-3'),
      labelBackground: withOpacity(token('--surface'), 0.85),
      font: `${FONT_PIXELS}px ${family}`,
    };
    this.#chart.data.datasets = model.series.map((series) => this.#datasetOf(series, model, token));
    const { bounds, zoom, yBounds, yScale, xLabel, yLabel } = model;
    const key = JSON.stringify([bounds, zoom, yBounds, yScale, xLabel, yLabel, token('--text-2'), token('--grid')]);
    // Chart.js resolves all options anew when they are set: half of an update's time.
    if (key !== this.#scalesKey) this.#setScales(model, token, family);
    this.#scalesKey = key;
    // Not in mode 'none', which leaves the points' shared options as they were: colours of the other theme, dots.
    this.#chart.update();
  }

  /** The dataset of a series: kept by its id, since Chart.js keeps what it knows of a dataset on the object. */
  #datasetOf(series: LineSeries, { yScale }: LineChartModel, token: (name: string) => string): Dataset {
    const dataset = this.#datasets.get(series.id) ?? { id: series.id, data: [] };
    this.#datasets.set(series.id, dataset);
    const points = toChartPoints(series.points);
    const colour = token(series.colour);
    const isLone = series.points.length === 1;
    return Object.assign(dataset, {
      label: series.label,
      data: yScale === 'log' ? points.filter(({ y }) => y > 0) : points,
      borderColor: series.isFaint ? withOpacity(colour, 0.28) : colour,
      backgroundColor: colour,
      borderWidth: series.width ?? (series.isFaint ? 1 : 2),
      // Room for the half of a dot and of a line that lies beyond the axis.
      clip: { left: 0, top: 4, right: 4, bottom: 4 },
      borderDash: [...(series.dash ?? [])],
      borderJoinStyle: 'round',
      // What is faint lies behind: a higher order is drawn earlier.
      order: series.isFaint ? 1 : 0,
      pointRadius: (series.hasDots && points.length <= MAX_DOTS) || isLone ? 2.5 : 0,
      pointBorderWidth: 0,
      pointHitRadius: 0,
    } satisfies Partial<Dataset>);
  }

  #setScales(model: LineChartModel, token: (name: string) => string, family: string): void {
    const font = { size: FONT_PIXELS, family };
    const title = (text: string): object => ({
      display: text !== '',
      text,
      color: token('--text-2'),
      font,
      padding: 2,
    });
    const grid = { color: token('--grid'), drawTicks: false };
    const ticks = { color: token('--text-2'), font, padding: 6, maxRotation: 0 };
    const { min, max } = model.zoom ?? model.bounds;
    const isLog = model.yScale === 'log';
    const axis = { title: title(model.yLabel), grid, border: { display: false }, ...model.yBounds };
    const format = (value: string | number): string => this.#model?.formatY(Number(value)) ?? '';
    this.#chart.options.scales = {
      x: {
        type: 'linear',
        min,
        max,
        title: title(model.xLabel),
        grid: { ...grid, color: 'transparent' },
        border: { color: token('--border-strong') },
        ticks: { ...ticks, maxTicksLimit: 9, callback: (value) => this.#model?.formatX(Number(value)) ?? '' },
      },
      y: isLog
        ? {
            ...axis,
            type: 'logarithmic',
            ticks: { ...ticks, callback: (value) => (isRoundLog(Number(value)) ? format(value) : null) },
          }
        : { ...axis, type: 'linear', ticks: { ...ticks, maxTicksLimit: 6, callback: format } },
    };
    const zoom = this.#chart.options.plugins?.zoom;
    if (zoom === undefined) return;
    zoom.limits = { x: { ...model.bounds, minRange: MIN_RANGE } };
    const drag = zoom.zoom?.drag;
    if (drag !== undefined) {
      drag.backgroundColor = withOpacity(token('--focus'), 0.15);
      drag.borderColor = token('--focus');
    }
  }

  destroy(): void {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#canvas.removeEventListener('pointermove', this.#onMove);
    this.#canvas.removeEventListener('pointerleave', this.#onLeave);
    this.#chart.destroy();
  }
}
