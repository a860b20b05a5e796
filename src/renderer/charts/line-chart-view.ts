import type { Chart as ChartType, ChartDataset, ChartOptions } from 'chart.js';
import { Chart } from './chart-parts.js';
import { drawStrokes, penOf, strokesOf } from './growth.js';
import { createOverlay, drawLabels, type OverlayState } from './overlay.js';
import { type Bounds, type LineMarker, type LineSeries, type Point, withOpacity } from './series.js';
import { listenForZoom, type ZoomAxis } from './zoom-gestures.js';

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
  /** Name of the appearance: colours are read from the style sheet anew when it changes. */
  readonly theme: string;
}

type ChartPoint = { x: number; y: number };
type Dataset = ChartDataset<'line', ChartPoint[]> & { id: string };

const FONT_PIXELS = 11;
/** With more points, dots run into one another and cost more time than their line. */
const MAX_DOTS = 60;

/** Labels of a logarithmic axis would overlap; 1, 2 and 5 of each power stay. */
const isRoundLog = (value: number): boolean => {
  const leading = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
  return [1, 2, 5].some((digit) => Math.abs(leading - digit) < 1e-6);
};

export interface LineChartEvents {
  /** Part of the x axis that the user has zoomed or moved to; null for all of it. */
  readonly onzoom: (bounds: Bounds | null) => void;
  /** x under the pointer; null when it leaves. */
  readonly onhover: (x: number | null) => void;
}

/** Reads custom properties of the style sheet. */
function readTokens(): (name: string) => string {
  const style = getComputedStyle(document.documentElement);
  return (name) => style.getPropertyValue(name).trim();
}

/** All of a model but the curves' points. */
function frameOf({ series, formatX: _x, formatY: _y, ...rest }: LineChartModel): string {
  return JSON.stringify([rest, series.map(({ points: _, ...looks }) => looks)]);
}

const NO_OVERLAY: OverlayState = {
  markers: [],
  hoverX: null,
  hoverColour: '',
  picked: null,
  pickColour: '',
  labelBackground: '',
  font: '',
};

/**
 * A Chart.js line chart on a canvas. Changes are drawn together in the next animation frame, without animation; where curves
 * have only grown, only what has come is drawn: a run that trains needs the processor more.
 */
export class LineChartView {
  readonly #canvas: HTMLCanvasElement;
  readonly #chart: ChartType<'line', ChartPoint[]>;
  readonly #events: LineChartEvents;
  readonly #datasets = new Map<string, Dataset>();
  readonly #stopZoom: () => void;
  #model: LineChartModel | null = null;
  #overlay: OverlayState = NO_OVERLAY;
  #frame: number | null = null;
  /** More than the curves' ends has changed. */
  #isStale = false;
  /** Chart.js has not got all points of the model. */
  #isBehind = false;
  /** What lies over the curves has moved. */
  #isOverlayStale = false;
  /** What is on the canvas, by the series' ids. */
  readonly #drawn = new Map<string, readonly Point[]>();
  #frameKey = '';
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
    this.#stopZoom = listenForZoom(canvas, () => this.#zoomAxis(), {
      onzoom: (bounds) => this.#events.onzoom(bounds),
      onpick: (picked) => this.#lay({ picked }),
    });
  }

  #fixedOptions(): ChartOptions<'line'> {
    return {
      animation: false,
      parsing: false,
      normalized: true,
      responsive: true,
      maintainAspectRatio: false,
      // The pointer is followed here: Chart.js would look for the nearest element at each move.
      events: [],
      // Chart.js then draws what it has, which may be behind.
      onResize: () => {
        this.#isStale = true;
        this.#schedule();
      },
      plugins: { decimation: { enabled: true, algorithm: 'min-max' } },
    };
  }

  #zoomAxis(): ZoomAxis | null {
    const x = this.#chart.scales['x'];
    if (x === undefined || this.#model === null) return null;
    const { bounds, zoom } = this.#model;
    const { min, max, left, width } = x;
    // Chart.js's own answer would change with the axis while a drag moves it.
    const xAt = (pixel: number): number => min + Math.min(1, Math.max(0, (pixel - left) / width)) * (max - min);
    return { full: bounds, shown: zoom ?? bounds, xAt };
  }

  readonly #onMove = (event: PointerEvent): void => {
    const { chartArea, scales } = this.#chart;
    const x = scales['x'];
    if (x === undefined) return;
    const isInside = event.offsetX >= chartArea.left && event.offsetX <= chartArea.right;
    this.#events.onhover(isInside ? (x.getValueForPixel(event.offsetX) ?? null) : null);
  };

  readonly #onLeave = (): void => this.#events.onhover(null);

  show(model: LineChartModel): void {
    const key = frameOf(model);
    this.#isStale ||= key !== this.#frameKey;
    this.#frameKey = key;
    this.#isBehind = true;
    this.#model = model;
    this.#schedule();
  }

  /** Moves the line under the pointer. */
  hover(x: number | null): void {
    this.#lay({ hoverX: x });
  }

  #lay(change: Partial<Pick<OverlayState, 'hoverX' | 'picked'>>): void {
    if ((Object.keys(change) as (keyof typeof change)[]).every((key) => change[key] === this.#overlay[key])) return;
    this.#overlay = { ...this.#overlay, ...change };
    this.#isOverlayStale = true;
    this.#schedule();
  }

  #schedule(): void {
    this.#frame ??= requestAnimationFrame(() => {
      this.#frame = null;
      if (!this.#isStale && !this.#isOverlayStale && this.#grow()) return;
      if (this.#isStale || this.#isBehind) this.#update();
      else this.#chart.draw();
      this.#isOverlayStale = false;
    });
  }

  /** Draws what has come to the curves; says whether that was enough. */
  #grow(): boolean {
    const strokes = strokesOf(this.#chart, this.#drawn, this.#model?.series ?? []);
    if (strokes === null) return false;
    if (strokes.length === 0) return true;
    const token = readTokens();
    drawStrokes(this.#chart, strokes, (series) => penOf(series, token(series.colour)));
    drawLabels(this.#chart, this.#overlay);
    for (const { series } of strokes) this.#drawn.set(series.id, series.points);
    return true;
  }

  #update(): void {
    const model = this.#model;
    if (model === null) return;
    this.#isStale = false;
    this.#isBehind = false;
    const token = readTokens();
    const family = token('--font');
    this.#overlay = {
      ...this.#overlay,
      markers: model.markers.map((marker) => ({ ...marker, colour: token(marker.colour) })),
      hoverColour: token('--text-3'),
      pickColour: token('--focus'),
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
    this.#drawn.clear();
    for (const { id, points } of model.series) this.#drawn.set(id, points);
  }

  /** The dataset of a series: kept by its id, since Chart.js keeps what it knows of a dataset on the object. */
  #datasetOf(series: LineSeries, { yScale }: LineChartModel, token: (name: string) => string): Dataset {
    const dataset = this.#datasets.get(series.id) ?? { id: series.id, data: [] };
    this.#datasets.set(series.id, dataset);
    const isLog = yScale === 'log';
    const points = series.points.flatMap(([x, y]) => (isLog && y <= 0 ? [] : { x, y }));
    const colour = token(series.colour);
    const pen = penOf(series, colour);
    const isLone = series.points.length === 1;
    return Object.assign(dataset, {
      label: series.label,
      data: points,
      borderColor: pen.colour,
      backgroundColor: colour,
      borderWidth: pen.width,
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
  }

  destroy(): void {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    this.#stopZoom();
    this.#canvas.removeEventListener('pointermove', this.#onMove);
    this.#canvas.removeEventListener('pointerleave', this.#onLeave);
    this.#chart.destroy();
  }
}
