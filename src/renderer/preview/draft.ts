import type { Affine } from '../../shared/augment/ops/affine.js';
import type { GaussianBlur } from '../../shared/augment/ops/gaussian-blur.js';
import type { Corners, Perspective } from '../../shared/augment/ops/perspective.js';
import type { Erase } from '../../shared/augment/ops/random-erasing.js';
import type { PlannedOp } from '../../shared/augment/op.js';
import type { AugmentPlan } from '../../shared/augment/plan.js';
import type { PixelImage } from '../../shared/image.js';

/**
 * A picture at half its size, each pixel the mean of four: what drafts are drawn from. A last odd
 * row or column is left out.
 */
export function halveImage({ width, height, data }: PixelImage): PixelImage {
  const half = { width: Math.max(1, width >> 1), height: Math.max(1, height >> 1) };
  const out = new Uint8Array(half.width * half.height * 3);
  const right = width > 1 ? 3 : 0;
  const below = height > 1 ? width * 3 : 0;
  let to = 0;
  for (let y = 0; y < half.height; y++) {
    let from = y * 2 * width * 3;
    for (let x = 0; x < half.width; x++, from += 6) {
      for (let channel = 0; channel < 3; channel++, to++) {
        const at = from + channel;
        out[to] = (data[at]! + data[at + right]! + data[at + below]! + data[at + below + right]! + 2) >> 2;
      }
    }
  }
  return { ...half, data: out };
}

const half = (value: number): number => Math.round(value / 2);

/** A planned op on a square of half the size; lengths in pixels halve, the rest stays. */
function draftOp(planned: PlannedOp): PlannedOp {
  switch (planned.op) {
    case 'affine': {
      const { translatePixels, ...rest } = planned as Affine;
      const affine: Affine = { ...rest, translatePixels: [translatePixels[0] / 2, translatePixels[1] / 2] };
      return affine;
    }
    case 'perspective': {
      const { op, startpoints, endpoints } = planned as Perspective;
      const halve = (corners: Corners): Corners => corners.map(([x, y]) => [x / 2, y / 2] as const);
      const perspective: Perspective = { op, startpoints: halve(startpoints), endpoints: halve(endpoints) };
      return perspective;
    }
    case 'gaussian_blur': {
      const { op, kernelSize, sigma } = planned as GaussianBlur;
      // Odd, and at least three taps.
      const blur: GaussianBlur = { op, kernelSize: Math.max(3, half(kernelSize) | 1), sigma: sigma / 2 };
      return blur;
    }
    case 'erase': {
      const { left, top, width, height, ...rest } = planned as Erase;
      const box = { left: left >> 1, top: top >> 1, width: width >> 1, height: height >> 1 };
      const erase: Erase = { ...rest, ...box };
      return erase;
    }
    default:
      return planned;
  }
}

/** Half the size of what a draft is drawn from still has enough for it, so many source pixels to one of the draft. */
const ENOUGH = 0.75;

/** Whether the part of a source that a draft shows could be half the size. */
export function isFarTooLarge({ input, frame }: AugmentPlan, source: Pick<PixelImage, 'width' | 'height'>): boolean {
  const { width, height } = frame.kind === 'crop' ? frame.box : source;
  return Math.min(width, height) >= 2 * ENOUGH * input.size;
}

/**
 * A plan for a smaller picture that looks like the given one: at half its size, coarse, and with a crop to within a pixel.
 * For what moves only; it is not what training sees.
 *
 * @param source that it is for, from {@link halveImage}
 * @param reduction of that source: 2 for a half, 4 for a half of it
 */
export function draftPlan(
  { input, frame, ops }: AugmentPlan,
  source: Pick<PixelImage, 'width' | 'height'>,
  reduction: number,
): AugmentPlan {
  const size = half(input.size);
  // Two taps instead of four: the difference is lost in the half size.
  const small = { ...input, size, resize: Math.max(size, half(input.resize)), interpolation: 'bilinear' as const };
  if (frame.kind === 'framing') return { input: small, frame, ops: ops.map(draftOp) };
  const reduced = (length: number): number => Math.round(length / reduction);
  const left = Math.min(reduced(frame.box.left), source.width - 1);
  const top = Math.min(reduced(frame.box.top), source.height - 1);
  const width = Math.max(1, Math.min(reduced(frame.box.width), source.width - left));
  const height = Math.max(1, Math.min(reduced(frame.box.height), source.height - top));
  return { input: small, frame: { kind: 'crop', box: { left, top, width, height } }, ops: ops.map(draftOp) };
}
