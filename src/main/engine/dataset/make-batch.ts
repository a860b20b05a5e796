import type { AugmentPolicy } from '../../../shared/augment/policy.js';
import { planAugment, planFraming } from '../../../shared/augment/plan.js';
import { renderAugmentInto } from '../../../shared/augment/render.js';
import { throwIfAborted } from '../../../shared/errors.js';
import type { PixelImage } from '../../../shared/image.js';
import type { Framing, InputSpec } from '../../../shared/input.js';
import type { PictureRef, SourcePixels } from './source-pixels.js';

/** The dice of a batch; null for the evaluation's framing. */
export interface BatchDice {
  readonly policy: AugmentPolicy;
  readonly seed: number;
  readonly view: number;
}

/** One batch to be made. */
export interface BatchJob {
  readonly pictures: readonly PictureRef[];
  readonly dice: BatchDice | null;
}

/** Time that making batches took, added up. */
export interface BatchTimes {
  /** Waiting for pixels, from memory, cache or file. */
  decodeMs: number;
  /** Planning and drawing. */
  augmentMs: number;
}

/** How every batch of a source is made. */
export interface BatchSettings {
  readonly input: InputSpec;
  readonly framing: Framing;
}

/** Pictures that are read or decoded while an earlier one is drawn: as many as Node decodes side by side. */
const READ_AHEAD = 4;

/**
 * Makes one batch: [n, size, size, 3], uint8. The same in a worker and in the engine's own thread.
 *
 * @param times is added to
 */
export async function makeBatch(
  job: BatchJob,
  settings: BatchSettings,
  pixels: SourcePixels,
  times: BatchTimes,
  signal?: AbortSignal,
): Promise<Uint8Array> {
  const { pictures, dice } = job;
  const { input, framing } = settings;
  const imageBytes = input.size * input.size * 3;
  const out = new Uint8Array(pictures.length * imageBytes);
  const reads: Promise<PixelImage>[] = [];
  let nextRead = 0;
  for (const [row, picture] of pictures.entries()) {
    throwIfAborted(signal);
    const readMs = performance.now();
    for (; nextRead < Math.min(row + READ_AHEAD, pictures.length); nextRead++) {
      const read = pixels.read(pictures[nextRead]!);
      // An earlier picture may fail first; this one is then never awaited.
      read.catch(() => undefined);
      reads.push(read);
    }
    const source = await reads.shift()!;
    const drawMs = performance.now();
    times.decodeMs += drawMs - readMs;
    const plan =
      dice === null
        ? planFraming(input, framing)
        : planAugment(dice.policy, { seed: dice.seed, view: dice.view, imageId: picture.id }, source, input, framing);
    renderAugmentInto(source, plan, out, row * imageBytes);
    times.augmentMs += performance.now() - drawMs;
  }
  return out;
}
