import type { BatchMetrics, EpochMetrics } from '../../../shared/reports.js';
import { type LineSeries, type Point, smooth } from '../../charts/series.js';

export type Quantity = 'loss' | 'accuracy';
/** Groups of curves that the legend shows and hides. */
export type CurveGroup = 'train' | 'val' | 'batch';

/** A run that is laid over. */
export interface Overlay {
  readonly run: string;
  readonly name: string;
  readonly epochs: readonly EpochMetrics[];
}

export interface CurveOptions {
  readonly quantity: Quantity;
  readonly epochs: readonly EpochMetrics[];
  readonly batches: readonly BatchMetrics[];
  readonly epochsPlanned: number;
  readonly overlays: readonly Overlay[];
  readonly hidden: ReadonlySet<CurveGroup>;
  /** Weight of the past in the smoothed batch curve, 0..0.95. */
  readonly smoothing: number;
}

const OVERLAY_COLOURS = ['--series-3', '--series-4', '--series-5', '--series-6'] as const;

/** Colour of the overlaid run with this place in the list. */
export const overlayColour = (index: number): string => OVERLAY_COLOURS[index % OVERLAY_COLOURS.length]!;

/** One value an epoch, at the epoch's end. */
export const epochPoints = (
  epochs: readonly EpochMetrics[],
  part: 'train' | 'val',
  quantity: Quantity,
): readonly Point[] => epochs.map((epoch) => [epoch.epoch, epoch[part][quantity]]);

/** x of a batch on an axis of epochs. */
export const epochOfStep = ({ step, steps }: BatchMetrics, epochsPlanned: number): number =>
  (step / steps) * epochsPlanned;

/** Learning rate by epoch. */
export const ratePoints = (batches: readonly BatchMetrics[], epochsPlanned: number): readonly Point[] =>
  batches.map((batch) => [epochOfStep(batch, epochsPlanned), batch.lr]);

function batchSeries({ quantity, batches, epochsPlanned, smoothing }: CurveOptions): LineSeries[] {
  const points = batches.map((batch): Point => [epochOfStep(batch, epochsPlanned), batch[quantity]]);
  const raw: LineSeries = { id: 'batch', label: 'Batch', points, colour: '--series-train', isFaint: true };
  if (smoothing <= 0) return [raw];
  const line = { label: 'Batch, smoothed', points: smooth(points, smoothing), colour: '--series-train', width: 1.25 };
  return [raw, { id: 'batch-smooth', ...line }];
}

/** All curves of one quantity. Training and validation differ by colour and by dash. */
export function buildCurves(options: CurveOptions): readonly LineSeries[] {
  const { quantity, epochs, overlays, hidden } = options;
  const parts = (['train', 'val'] as const).filter((part) => !hidden.has(part));
  const own = parts.map((part): LineSeries => ({
    id: part,
    label: part === 'train' ? 'Training' : 'Validation',
    points: epochPoints(epochs, part, quantity),
    colour: part === 'train' ? '--series-train' : '--series-val',
    hasDots: true,
    ...(part === 'train' ? { dash: [6, 3] } : {}),
  }));
  const others = overlays.flatMap((overlay, index) =>
    parts.map((part): LineSeries => ({
      id: `${overlay.run}:${part}`,
      label: `${overlay.name}, ${part === 'train' ? 'training' : 'validation'}`,
      points: epochPoints(overlay.epochs, part, quantity),
      colour: overlayColour(index),
      ...(part === 'train' ? { dash: [6, 3] } : {}),
    })),
  );
  return [...(hidden.has('batch') ? [] : batchSeries(options)), ...others, ...own];
}
