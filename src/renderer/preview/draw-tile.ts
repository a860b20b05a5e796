import { type AugmentPlan, planAugment, planFraming } from '../../shared/augment/plan.js';
import { renderAugment, type RenderMemo } from '../../shared/augment/render.js';
import type { Size } from '../../shared/augment/op.js';
import type { PixelImage } from '../../shared/image.js';
import { pixelKernels } from '../../shared/pixel-kernels.js';
import type { InputSpec } from '../../shared/input.js';
import { draftPlan, isFarTooLarge } from './draft.js';
import type { PreviewLook, PreviewSettings, PreviewTile } from './protocol.js';

/** The plan that a run's batch draws the same picture by. */
export function planTile(
  { policy, seed, input, framing }: Pick<PreviewSettings, 'policy' | 'seed' | 'input' | 'framing'>,
  { imageId, view }: Pick<PreviewTile, 'imageId' | 'view'>,
  source: Size,
): AugmentPlan {
  if (view === null) return planFraming(input, framing);
  return planAugment(policy, { seed, view, imageId }, source, input, framing);
}

/**
 * The square of a tile, RGB: byte by byte the same as in the batch of a run with these settings.
 *
 * @param memo of this source; the result is not the caller's to change
 */
export function drawTile(
  source: PixelImage,
  settings: PreviewSettings,
  tile: Pick<PreviewTile, 'imageId' | 'view'>,
  memo: RenderMemo,
): PixelImage {
  return renderAugment(source, planTile(settings, tile, source), memo);
}

/**
 * As {@link drawTile}, at half its size: coarse, for what moves.
 *
 * @param halve a picture at half its size, from `halveImage`
 */
export function drawDraft(
  source: PixelImage,
  halve: (image: PixelImage) => PixelImage,
  settings: PreviewSettings,
  tile: Pick<PreviewTile, 'imageId' | 'view'>,
  memo: RenderMemo,
): PixelImage {
  const exact = planTile(settings, tile, source);
  const half = halve(source);
  const plan = draftPlan(exact, half, 2);
  if (!isFarTooLarge(plan, half)) return renderAugment(half, plan, memo);
  const quarter = halve(half);
  return renderAugment(quarter, draftPlan(exact, quarter, 4), memo);
}

/**
 * Lowest and highest value that the network can be given, over all channels: what black and white stand for in the look
 * `tensor`.
 */
export function tensorRange({ mean, std }: InputSpec): { readonly low: number; readonly high: number } {
  const ends = (level: number): number[] => mean.map((value, channel) => (level - value) / std[channel]!);
  return { low: Math.min(...ends(0)), high: Math.max(...ends(255)) };
}

/** For each channel, what its 256 levels are shown as. */
function levelTables(input: InputSpec, look: PreviewLook): readonly [Uint8Array, Uint8Array, Uint8Array] {
  const { low, high } = tensorRange(input);
  const table = (channel: 0 | 1 | 2): Uint8Array =>
    Uint8Array.from({ length: 256 }, (_, level) => {
      if (look === 'pixels') return level;
      const value = Math.fround(Math.fround(level - input.mean[channel]) / input.std[channel]);
      return Math.round(((value - low) / (high - low)) * 255);
    });
  return [table(0), table(1), table(2)];
}

/** RGBA of a square for a canvas. */
export function toCanvasPixels(image: PixelImage, input: InputSpec, look: PreviewLook): Uint8ClampedArray<ArrayBuffer> {
  const fast = look === 'pixels' ? pixelKernels()?.toRgba(image) : null;
  if (fast != null) return fast;
  const { data } = image;
  const [red, green, blue] = levelTables(input, look);
  // A pixel's four bytes in one: every processor that a browser runs on has the lowest byte first.
  const out = new Uint32Array(data.length / 3);
  for (let from = 0, to = 0; to < out.length; from += 3, to++) {
    out[to] = red[data[from]!]! | (green[data[from + 1]!]! << 8) | (blue[data[from + 2]!]! << 16) | 0xff000000;
  }
  return new Uint8ClampedArray(out.buffer);
}
