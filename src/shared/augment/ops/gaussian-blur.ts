import type { PixelImage } from '../../image.js';
import { roundHalfEven } from '../../resize.js';
import { defineOp, definePixels } from '../op.js';

/** A planned blur. */
export interface GaussianBlur {
  readonly op: 'gaussian_blur';
  /** Odd. */
  readonly kernelSize: number;
  /** In pixels. */
  readonly sigma: number;
}

/** torchvision's GaussianBlur. */
export const gaussianBlur = defineOp({
  id: 'gaussian_blur',
  label: 'Blur',
  description: 'Blurs the picture, as out of focus.',
  kind: 'pixels',
  defaultP: 0.2,
  params: {
    kernel_size: { kind: 'number', label: 'Kernel', unit: 'px', min: 3, max: 31, step: 2, default: 9 },
    sigma: { kind: 'range', label: 'Sigma', unit: 'px', min: 0.1, max: 10, step: 0.1, default: [0.1, 2] },
  },
  sample: ({ kernel_size: kernelSize, sigma }, rng): GaussianBlur[] => [
    { op: 'gaussian_blur', kernelSize: Math.floor(kernelSize / 2) * 2 + 1, sigma: rng.between(sigma[0], sigma[1]) },
  ],
});

function kernelOf({ kernelSize, sigma }: GaussianBlur): Float32Array {
  const half = (kernelSize - 1) / 2;
  const weights = Array.from({ length: kernelSize }, (_, i) => Math.exp(-0.5 * ((i - half) / sigma) ** 2));
  const sum = weights.reduce((a, b) => a + b, 0);
  return Float32Array.from(weights, (weight) => weight / sum);
}

/** Position of a pixel outside the line, mirrored about the edge pixel. */
const reflect = (position: number, length: number): number => {
  if (length === 1) return 0;
  const period = 2 * (length - 1);
  const folded = ((position % period) + period) % period;
  return folded < length ? folded : period - folded;
};

/** Separable, in float32, mirrored at the edges, rounded once: as torchvision blurs. */
function blur({ width, height, data }: PixelImage, planned: GaussianBlur): PixelImage {
  const kernel = kernelOf(planned);
  const half = (kernel.length - 1) / 2;
  const stride = width * 3;
  const lines = new Float32Array(data.length);
  for (let x = 0; x < width; x++) {
    for (let tap = 0; tap < kernel.length; tap++) {
      const from = reflect(x + tap - half, width) * 3;
      const weight = kernel[tap]!;
      for (let y = 0; y < height; y++) {
        const to = y * stride + x * 3;
        const source = y * stride + from;
        lines[to] = lines[to]! + data[source]! * weight;
        lines[to + 1] = lines[to + 1]! + data[source + 1]! * weight;
        lines[to + 2] = lines[to + 2]! + data[source + 2]! * weight;
      }
    }
  }
  const out = new Uint8Array(data.length);
  const sums = new Float32Array(stride);
  for (let y = 0; y < height; y++) {
    sums.fill(0);
    for (let tap = 0; tap < kernel.length; tap++) {
      const from = reflect(y + tap - half, height) * stride;
      const weight = kernel[tap]!;
      for (let i = 0; i < stride; i++) sums[i] = sums[i]! + lines[from + i]! * weight;
    }
    for (let i = 0; i < stride; i++) out[y * stride + i] = roundHalfEven(sums[i]!);
  }
  return { width, height, data: out };
}

export const gaussianBlurPrimitive = definePixels<GaussianBlur>('gaussian_blur', blur);
