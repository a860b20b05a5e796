import { describe, expect, it } from 'vitest';
import { fromPosition, toPosition } from '../../../../../src/renderer/pages/train/log-scale.js';
import { stageRows, toggleStage } from '../../../../../src/renderer/pages/train/stages.js';

const NAMES = ['stem', 'layer1', 'layer2', 'layer3'];

describe('stageRows', () => {
  it('has the head at the full rate and each stage before it at its share', () => {
    const rows = stageRows(NAMES, { stages: 'all', lrDecay: 0.5, batchNorm: 'frozen' }, 0.016);
    expect(rows.map(({ learningRate }) => learningRate)).toEqual([0.001, 0.002, 0.004, 0.008, 0.016]);
    expect(rows.at(-1)).toMatchObject({ name: 'head', isHead: true, isTrained: true });
  });

  it('freezes what lies before the trained stages', () => {
    const rows = stageRows(NAMES, { stages: 1, lrDecay: 0.5, batchNorm: 'frozen' }, 0.01);
    expect(rows.map(({ isTrained }) => isTrained)).toEqual([false, false, false, true, true]);
  });
});

describe('toggleStage', () => {
  it('unlocks a stage with all behind it', () => {
    expect(toggleStage(1, 4, 1)).toBe(3);
    expect(toggleStage(1, 4, 0)).toBe('all');
  });

  it('locks a stage with all before it, but never the last', () => {
    expect(toggleStage('all', 4, 1)).toBe(2);
    expect(toggleStage('all', 4, 3)).toBe(1);
    expect(toggleStage(1, 4, 3)).toBe(1);
  });
});

describe('logarithmic slider', () => {
  const range = { min: 1e-5, max: 0.1 };

  it('comes back to what can be typed', () => {
    for (const value of [1e-5, 0.00023, 0.002, 0.01, 0.1]) {
      expect(fromPosition(toPosition(value, range), range)).toBe(value);
    }
  });

  it('has equal ratios at equal distances and holds what lies outside at its ends', () => {
    expect(toPosition(0.001, range)).toBeCloseTo(0.5, 12);
    expect(toPosition(7, range)).toBe(1);
    expect(toPosition(1e-9, range)).toBe(0);
  });
});
