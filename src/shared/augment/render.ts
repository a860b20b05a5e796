import { frameImage } from '../framing.js';
import type { PixelImage } from '../image.js';
import { resizeImage } from '../resize.js';
import { multiply, type Matrix, sampleThrough } from './matrix.js';
import type { AugmentPlan } from './plan.js';
import { primitiveOf } from './registry.js';

/**
 * Draws a planned picture: a pure function of pixels and plan, shared by training, preview and tests. Geometric ops that
 * follow each other become one matrix and sample the square once.
 *
 * @param source not changed
 * @returns `plan.input.size` squared
 */
export function renderAugment(source: PixelImage, plan: AugmentPlan): PixelImage {
  const { input, frame } = plan;
  let image =
    frame.kind === 'crop'
      ? resizeImage(source, input.size, input.size, input.interpolation, { box: frame.box })
      : frameImage(source, input, frame.framing);
  let pending: Matrix | null = null;
  const settle = (): void => {
    if (pending !== null) image = sampleThrough(image, pending);
    pending = null;
  };
  for (const planned of plan.ops) {
    const primitive = primitiveOf(planned);
    if (primitive.kind === 'geometric') {
      const matrix = primitive.matrix(planned, image);
      pending = pending === null ? matrix : multiply(pending, matrix);
    } else {
      settle();
      image = primitive.apply(image, planned, input);
    }
  }
  settle();
  return image;
}

/** Draws into a batch: `out` gets the picture's bytes from `offset` on. */
export function renderAugmentInto(source: PixelImage, plan: AugmentPlan, out: Uint8Array, offset: number): void {
  out.set(renderAugment(source, plan).data, offset);
}
