import { createStream } from '../random.js';
import type { Box } from '../resize.js';
import type { MixSpec } from './policy.js';

/** How one batch is mixed; picture i is mixed with picture `partners[i]`. */
export interface BatchMixPlan {
  readonly kind: 'none' | 'mixup' | 'cutmix';
  /** Share that stays of the picture itself, 0..1. */
  readonly lambda: number;
  readonly partners: readonly number[];
  /** Part that is cut from the partner; null for mixup. */
  readonly box: Box | null;
}

/** A batch's pixels, [n, size, size, 3], and its targets, [n, classes]. */
export interface MixBatch {
  readonly pixels: Uint8Array;
  readonly targets: Float32Array;
}

/**
 * Throws a batch's dice, as torchvision's MixUp and CutMix do: each picture meets the one before it in the batch.
 *
 * Zhang et al., "mixup: beyond empirical risk minimization" (2018); Yun et al., "CutMix" (2019).
 *
 * @param count pictures in the batch
 * @param size side of the pictures, in pixels
 */
export function planBatchMix(
  mix: MixSpec,
  key: { readonly seed: number; readonly step: number },
  count: number,
  size: number,
): BatchMixPlan {
  const rng = createStream(key.seed, 'mix', key.step);
  const isApplied = rng.chance(mix.p);
  const lambda = rng.beta(mix.alpha, mix.alpha);
  const centreX = rng.integer(size);
  const centreY = rng.integer(size);
  const partners = Array.from({ length: count }, (_, index) => (index + count - 1) % count);
  if (!isApplied || count < 2) return { kind: 'none', lambda: 1, partners, box: null };
  if (mix.kind === 'mixup') return { kind: 'mixup', lambda, partners, box: null };
  const half = Math.floor(0.5 * Math.sqrt(1 - lambda) * size);
  const left = Math.max(0, centreX - half);
  const top = Math.max(0, centreY - half);
  const width = Math.min(size, centreX + half) - left;
  const height = Math.min(size, centreY + half) - top;
  // The share follows what was really cut, since the box may have met the edge.
  return {
    kind: 'cutmix',
    lambda: 1 - (width * height) / (size * size),
    partners,
    box: { left, top, width, height },
  };
}

/** Mixes a batch by its plan into new arrays. */
export function renderBatchMix(batch: MixBatch, plan: BatchMixPlan, size: number, classCount: number): MixBatch {
  if (plan.kind === 'none') return batch;
  const { lambda, partners, box } = plan;
  const imageBytes = size * size * 3;
  const pixels = batch.pixels.slice();
  const targets = batch.targets.slice();
  partners.forEach((partner, index) => {
    const own = index * imageBytes;
    const other = partner * imageBytes;
    if (box === null) {
      for (let i = 0; i < imageBytes; i++) {
        // A byte's array drops the fraction, so that this rounds.
        pixels[own + i] = lambda * batch.pixels[own + i]! + (1 - lambda) * batch.pixels[other + i]! + 0.5;
      }
    } else {
      for (let y = box.top; y < box.top + box.height; y++) {
        const start = (y * size + box.left) * 3;
        pixels.set(batch.pixels.subarray(other + start, other + start + box.width * 3), own + start);
      }
    }
    for (let c = 0; c < classCount; c++) {
      const mixed =
        lambda * batch.targets[index * classCount + c]! + (1 - lambda) * batch.targets[partner * classCount + c]!;
      targets[index * classCount + c] = mixed;
    }
  });
  return { pixels, targets };
}
