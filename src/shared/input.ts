/** How the pixels that are resized sample their source; both antialias when they shrink. */
export type Interpolation = 'bilinear' | 'bicubic';

/**
 * How a whole picture becomes a square.
 * - `crop`: shorter side to {@link InputSpec.resize}, then the centre (torchvision's evaluation transform)
 * - `squash`: both sides to the input size, aspect not kept
 * - `letterbox`: longer side to the input size, the rest filled with the mean colour
 */
export type Framing = 'crop' | 'squash' | 'letterbox';

export const FRAMINGS = ['crop', 'squash', 'letterbox'] as const satisfies readonly Framing[];

/** What a backbone wants to be shown. Kept with the weights and used by training, evaluation, preview and export alike. */
export interface InputSpec {
  /** Side of the square input, in pixels. */
  readonly size: number;
  /** Length that the shorter side is resized to before the centre crop, in pixels. */
  readonly resize: number;
  readonly interpolation: Interpolation;
  /** By channel (RGB), on the 0..255 scale: the network sees `(x - mean) / std`. */
  readonly mean: readonly [number, number, number];
  readonly std: readonly [number, number, number];
}
