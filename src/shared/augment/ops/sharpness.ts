import type { PixelImage } from '../../image.js';
import { pixelKernels } from '../../pixel-kernels.js';
import { blend } from '../colour.js';
import { defineOp, definePixels } from '../op.js';

/** A planned sharpening: 0 smooths, 1 leaves the picture as it is, 2 sharpens. */
export interface Sharpness {
  readonly op: 'sharpness';
  readonly factor: number;
}

/** torchvision's RandomAdjustSharpness. */
export const sharpness = defineOp({
  id: 'sharpness',
  label: 'Sharpness',
  description: 'Sharpens or softens the picture.',
  kind: 'pixels',
  defaultP: 0.2,
  params: {
    sharpness_factor: { kind: 'number', label: 'Factor', unit: '×', min: 0, max: 4, step: 0.1, default: 2 },
  },
  sample: ({ sharpness_factor: factor }): Sharpness[] => [{ op: 'sharpness', factor }],
});

/** Pillow's ImageEnhance.Sharpness: a blend with the picture smoothed by a 3×3 kernel; border pixels stay. */
function sharpen(image: PixelImage, { factor }: Sharpness): PixelImage {
  const share = Math.fround(factor);
  return pixelKernels()?.sharpen(image, share) ?? sharpenPlainly(image, share);
}

function sharpenPlainly({ width, height, data }: PixelImage, share: number): PixelImage {
  const out = data.slice();
  const stride = width * 3;
  for (let y = 1; y < height - 1; y++) {
    for (let i = y * stride + 3; i < (y + 1) * stride - 3; i++) {
      const around =
        data[i - stride - 3]! +
        data[i - stride]! +
        data[i - stride + 3]! +
        data[i - 3]! +
        data[i + 3]! +
        data[i + stride - 3]! +
        data[i + stride]! +
        data[i + stride + 3]!;
      const smooth = Math.floor((around + 5 * data[i]!) / 13 + 0.5);
      out[i] = blend(smooth, data[i]!, share);
    }
  }
  return { width, height, data: out };
}

export const sharpnessPrimitive = definePixels<Sharpness>('sharpness', sharpen);
