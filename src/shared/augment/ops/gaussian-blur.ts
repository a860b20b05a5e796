import type { PixelImage } from '../../image.js';
import { mirrored } from '../../mirrored.js';
import { pixelKernels } from '../../pixel-kernels.js';
import { defineOp, definePixels } from '../op.js';

const { fround } = Math;

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
    kernel_size: { kind: 'number', label: 'Kernel', unit: 'px', min: 3, max: 31, step: 2, isStepped: true, default: 9 },
    sigma: { kind: 'range', label: 'Sigma', unit: 'px', min: 0.1, max: 10, step: 0.1, default: [0.1, 2] },
  },
  sample: ({ kernel_size: kernelSize, sigma }, rng): GaussianBlur[] => [
    { op: 'gaussian_blur', kernelSize, sigma: rng.between(sigma[0], sigma[1]) },
  ],
});

function kernelOf({ kernelSize, sigma }: GaussianBlur): Float32Array {
  const half = (kernelSize - 1) / 2;
  const weights = Array.from({ length: kernelSize }, (_, i) => Math.exp(-0.5 * ((i - half) / sigma) ** 2));
  const sum = weights.reduce((a, b) => a + b, 0);
  return Float32Array.from(weights, (weight) => weight / sum);
}

function blur(image: PixelImage, planned: GaussianBlur): PixelImage {
  const kernel = kernelOf(planned);
  return pixelKernels()?.blur(image, kernel) ?? blurPlainly(image, kernel);
}

/**
 * Separable, mirrored at the edges, in float32, rounded once to levels: as torchvision blurs. Taps of one weight are added
 * before they are weighted.
 */
function blurPlainly({ width, height, data }: PixelImage, kernel: Float32Array): PixelImage {
  const last = kernel.length - 1;
  const half = last / 2;
  const middle = kernel[half]!;
  const stride = width * 3;
  const lines = new Float32Array(data.length);
  const padded = new Uint8Array(stride + half * 6);
  for (let y = 0; y < height; y++) {
    const row = data.subarray(y * stride, (y + 1) * stride);
    padded.set(row, half * 3);
    for (let i = 0; i < half; i++) {
      const [before, after] = [mirrored(i - half, width) * 3, mirrored(width + i, width) * 3];
      padded.set(row.subarray(before, before + 3), i * 3);
      padded.set(row.subarray(after, after + 3), (half + width + i) * 3);
    }
    for (let i = 0; i < stride; i++) {
      let left = i;
      let right = i + last * 3;
      let sum = 0;
      for (let tap = 0; tap < half; tap++, left += 3, right -= 3) {
        sum = fround(sum + fround((padded[left]! + padded[right]!) * kernel[tap]!));
      }
      lines[y * stride + i] = sum + fround(padded[left]! * middle);
    }
  }
  const out = new Uint8Array(data.length);
  const starts = new Int32Array(kernel.length);
  for (let y = 0; y < height; y++) {
    for (let tap = 0; tap <= last; tap++) starts[tap] = mirrored(y + tap - half, height) * stride;
    for (let i = 0; i < stride; i++) {
      let sum = fround(lines[y * stride + i]! * middle);
      for (let tap = 0; tap < half; tap++) {
        const both = fround(lines[starts[tap]! + i]! + lines[starts[last - tap]! + i]!);
        sum = fround(sum + fround(both * kernel[tap]!));
      }
      out[y * stride + i] = fround(sum + 0.5);
    }
  }
  return { width, height, data: out };
}

export const gaussianBlurPrimitive = definePixels<GaussianBlur>('gaussian_blur', blur);
