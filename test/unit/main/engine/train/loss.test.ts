import { describe, expect, it } from 'vitest';
import { crossEntropy, lossTargets, oneHot, resolveClassWeights } from '../../../../../src/main/engine/train/loss.js';

const LOGITS = Float32Array.from([1.5, -0.5, 0.25, -1, 2, 0.5, 0.1, 0.2, -0.3, 3, -2, 1]);
const LABELS = [0, 2, 1, 0];
const none = new Float32Array([1, 1, 1]);

/** torch.nn.functional.cross_entropy(LOGITS.view(4, 3), LABELS, weight, label_smoothing) with PyTorch 2.13. */
const TORCH = {
  plain: 0.786734011,
  smoothed: 0.877150678,
  weighted: 1.002515994,
  both: 1.124135062,
  soft: 0.874234023,
};

describe('the loss', () => {
  const loss = (classWeights: Float32Array, labelSmoothing: number, labels = oneHot(LABELS, 3)): number =>
    crossEntropy(LOGITS, lossTargets(labels, { classWeights, labelSmoothing }), 3);
  const weights = new Float32Array([0.5, 2, 1.25]);

  it('equals PyTorch for hard labels', () => {
    expect(loss(none, 0)).toBeCloseTo(TORCH.plain, 6);
    expect(loss(none, 0.1)).toBeCloseTo(TORCH.smoothed, 6);
    expect(loss(weights, 0)).toBeCloseTo(TORCH.weighted, 6);
    expect(loss(weights, 0.1)).toBeCloseTo(TORCH.both, 6);
  });

  it('equals PyTorch for mixed labels', () => {
    const mixed = Float32Array.from([0.7, 0.3, 0, 0, 0.2, 0.8, 0.5, 0.5, 0, 1, 0, 0]);
    expect(loss(none, 0, mixed)).toBeCloseTo(TORCH.soft, 6);
  });

  it('does not overflow', () => {
    const extreme = crossEntropy(Float32Array.from([1000, -1000]), Float32Array.from([0, 1]), 2);
    expect(extreme).toBeCloseTo(2000, 6);
  });
});

describe('class weights', () => {
  it('balance by inverse frequency as scikit-learn does', () => {
    expect([...resolveClassWeights('balanced', ['a', 'b', 'c'], [10, 30, 20])]).toEqual([2, Math.fround(2 / 3), 1]);
  });

  it('take names, and 1 where none is given', () => {
    expect([...resolveClassWeights({ b: 3 }, ['a', 'b'], [1, 1])]).toEqual([1, 3]);
  });
});
