import { describe, expect, it } from 'vitest';
import { buildCurves, type CurveGroup, type CurveOptions } from '../../../../../src/renderer/pages/train/curves.js';
import {
  folderName,
  phaseCount,
  phaseShare,
  trainingSecondsLeft,
} from '../../../../../src/renderer/pages/train/live.js';
import type { BatchMetrics, EpochMetrics } from '../../../../../src/shared/reports.js';

const epoch = (number: number, accuracy: number): EpochMetrics => ({
  epoch: number,
  epochs: 4,
  train: { loss: 1 / number, accuracy: accuracy - 0.1 },
  val: { loss: 2 / number, accuracy },
  lr: 0.01,
  imagesPerSecond: 50,
  seconds: { train: 10, validate: 3, wait: 0 },
});
const batch = (step: number): BatchMetrics => ({
  epoch: Math.ceil(step / 10),
  step,
  steps: 40,
  loss: step,
  accuracy: 0.5,
  lr: 0.01,
  imagesPerSecond: 50,
});
const options: CurveOptions = {
  quantity: 'loss',
  epochs: [epoch(1, 0.8), epoch(2, 0.9)],
  batches: [batch(5), batch(10), batch(20)],
  epochsPlanned: 4,
  overlays: [{ run: '/r/old', name: 'old', epochs: [epoch(1, 0.7)] }],
  hidden: new Set<CurveGroup>(),
  smoothing: 0.5,
};

describe('buildCurves', () => {
  it('draws batches on the axis of epochs, and epochs at their ends', () => {
    const curves = buildCurves(options);
    expect(curves.find(({ id }) => id === 'batch')!.points).toEqual([[0.5, 5], [1, 10], [2, 20]]); // prettier-ignore
    expect(curves.find(({ id }) => id === 'val')!.points).toEqual([[1, 2], [2, 1]]); // prettier-ignore
    expect(curves.find(({ id }) => id === '/r/old:val')!.points).toEqual([[1, 2]]);
  });

  it('tells training from validation by more than colour', () => {
    const curves = buildCurves({ ...options, quantity: 'accuracy' });
    const [train, val] = ['train', 'val'].map((id) => curves.find((curve) => curve.id === id)!);
    expect(train!.dash).toBeDefined();
    expect(val!.dash).toBeUndefined();
    expect(train!.colour).not.toBe(val!.colour);
  });

  it('leaves out what is hidden, of overlaid runs too', () => {
    const ids = buildCurves({ ...options, hidden: new Set(['train', 'batch'] as const) }).map(({ id }) => id);
    expect(ids).toEqual(['/r/old:val', 'val']);
  });

  it('has no smoothed line without smoothing', () => {
    const ids = buildCurves({ ...options, smoothing: 0, overlays: [] }).map(({ id }) => id);
    expect(ids).toEqual(['batch', 'train', 'val']);
  });
});

describe('live words', () => {
  it('adds the pictures and the validations that are left', () => {
    const facts = { batches: [batch(20)], epochs: [epoch(1, 0.8), epoch(2, 0.9)], epochsPlanned: 4, trainImages: 100 };
    // 200 pictures at 50 a second, and two validations of 3 s.
    expect(trainingSecondsLeft(facts)).toBe(10);
    expect(trainingSecondsLeft({ ...facts, batches: [] })).toBeNull();
  });

  it('counts in words, but not single steps', () => {
    expect(phaseCount({ task: 'scan', done: 120, total: 244, unit: 'images' })).toBe('120 of 244 pictures');
    expect(phaseCount({ task: 'download', done: 1_500_000, total: null, unit: 'bytes' })).toBe('1.5 MB');
    expect(phaseCount({ task: 'probe', done: 0, total: 1, unit: 'steps' })).toBe('');
    expect(phaseShare({ task: 'probe', done: 0, total: 1, unit: 'steps' })).toBeNull();
    expect(phaseShare({ task: 'scan', done: 1, total: 4, unit: 'images' })).toBe(0.25);
  });

  it('names a run by its folder on any system', () => {
    expect(folderName('/a/runs/one')).toBe('one');
    expect(folderName('C:\\runs\\two\\')).toBe('two');
  });
});
