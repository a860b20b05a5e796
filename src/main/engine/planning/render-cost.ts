import { planAugment, planFraming } from '../../../shared/augment/plan.js';
import type { AugmentPolicy } from '../../../shared/augment/policy.js';
import { renderAugment } from '../../../shared/augment/render.js';
import type { Size } from '../../../shared/augment/op.js';
import type { PixelImage } from '../../../shared/image.js';
import type { Framing, InputSpec } from '../../../shared/input.js';
import { installSimdKernels } from '../../../shared/simd/simd-kernels.js';

/** The first drawings are interpreted, not compiled. */
const WARM_UPS = 3;
const REPEATS = 7;
/** Costs that are remembered: a page asks again with every change of a recipe. */
const MAX_KNOWN = 64;

const known = new Map<string, number>();

/** A picture with as much to sample as any other. */
function makePicture({ width, height }: Size): PixelImage {
  return { width, height, data: Uint8Array.from({ length: width * height * 3 }, (_, i) => (i * 2_654_435_761) >>> 24) };
}

/**
 * Times how long one core draws a picture under a policy, by drawing one a few times; remembered as long as the process
 * lives.
 *
 * @param policy null for the evaluation's framing
 * @param source the picture's size in pixels, as it is drawn from
 * @returns seconds
 */
export async function renderSeconds(
  policy: AugmentPolicy | null,
  source: Size,
  input: InputSpec,
  framing: Framing,
): Promise<number> {
  const key = JSON.stringify([policy?.steps, source, input, framing]);
  const before = known.get(key);
  if (before !== undefined) return before;
  // As workers draw.
  installSimdKernels();
  const picture = makePicture(source);
  const times: number[] = [];
  for (let view = 0; view < WARM_UPS + REPEATS; view++) {
    // A run may be training in this thread.
    await new Promise(setImmediate);
    const dice = { seed: 0, view, imageId: 'estimate' };
    const startMs = performance.now();
    const plan = policy === null ? planFraming(input, framing) : planAugment(policy, dice, source, input, framing);
    renderAugment(picture, plan);
    if (view >= WARM_UPS) times.push((performance.now() - startMs) / 1000);
  }
  // The mean, since some throws cost more than others.
  const seconds = times.reduce((sum, time) => sum + time, 0) / times.length;
  if (known.size >= MAX_KNOWN) known.clear();
  known.set(key, seconds);
  return seconds;
}
