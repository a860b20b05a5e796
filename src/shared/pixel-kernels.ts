import type { Matrix } from './augment/matrix.js';
import type { PixelImage } from './image.js';
import type { ResizeJob } from './resize.js';

/**
 * Faster ways of drawing, each byte by byte as the plain one, which is to be taken where they return null. Pictures that
 * they are given stay as they are.
 */
export interface PixelKernels {
  resize(job: ResizeJob): PixelImage | null;
  /** As `sampleThrough`. */
  sample(source: PixelImage, matrix: Matrix): PixelImage | null;
  /** Blends every level with one: `level + share · (value − level)`. */
  blendLevel(source: PixelImage, level: number, share: number): PixelImage | null;
  /** Of every pixel. */
  sumLuma(source: PixelImage): number | null;
  saturate(source: PixelImage, share: number): PixelImage | null;
  /** @param shift of 8-bit hues, 0..255 */
  shiftHue(source: PixelImage, shift: number): PixelImage | null;
  sharpen(source: PixelImage, share: number): PixelImage | null;
  /** @param weights of an odd number of taps, the same from both ends */
  blur(source: PixelImage, weights: Float32Array): PixelImage | null;
  /** RGBA for a canvas. */
  toRgba(source: PixelImage): Uint8ClampedArray<ArrayBuffer> | null;
}

let kernels: PixelKernels | null = null;

/** Lets this thread draw in a faster way, or with null in the plain one again. */
export function usePixelKernels(fast: PixelKernels | null): void {
  kernels = fast;
}

/** What this thread draws with, or null for the plain way. */
export const pixelKernels = (): PixelKernels | null => kernels;
