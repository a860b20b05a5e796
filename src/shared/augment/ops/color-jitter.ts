import { applyTable, blend, luma, tableOf } from '../colour.js';
import { turnHue } from '../hue.js';
import { pixelKernels } from '../../pixel-kernels.js';
import { defineOp, definePixels, type PlannedOp } from '../op.js';
import type { PixelImage } from '../../image.js';

/** A planned change of brightness, contrast or saturation: 1 leaves the picture as it is. */
export interface Enhancement {
  readonly op: 'brightness' | 'contrast' | 'saturation';
  readonly factor: number;
}

/** A planned turn of the colour wheel, in turns: −0.5..0.5. */
export interface HueShift {
  readonly op: 'hue';
  readonly turns: number;
}

const strength = (label: string, value: number) =>
  ({ kind: 'number', label, unit: '±', min: 0, max: 1, step: 0.01, default: value }) as const;

/** torchvision's ColorJitter: four changes in random order. */
export const colorJitter = defineOp({
  id: 'color_jitter',
  label: 'Colour',
  description: 'Varies brightness, contrast, saturation and hue.',
  kind: 'pixels',
  defaultP: 1,
  params: {
    brightness: strength('Brightness', 0.2),
    contrast: strength('Contrast', 0.2),
    saturation: strength('Saturation', 0.2),
    hue: { kind: 'number', label: 'Hue', unit: '±', min: 0, max: 0.5, step: 0.01, default: 0.02 },
  },
  sample({ brightness, contrast, saturation, hue }, rng): PlannedOp[] {
    const factor = (range: number): number => rng.between(Math.max(0, 1 - range), 1 + range);
    const ops: (Enhancement | HueShift)[] = [
      { op: 'brightness', factor: factor(brightness) },
      { op: 'contrast', factor: factor(contrast) },
      { op: 'saturation', factor: factor(saturation) },
      { op: 'hue', turns: rng.between(-hue, hue) },
    ];
    const used = [brightness, contrast, saturation, hue];
    // The order is drawn over all four, so that switching one off leaves the order of the others alone.
    return Array.from(rng.permutation(4)).flatMap((index) => (used[index] === 0 ? [] : [ops[index]!]));
  },
});

function saturate(image: PixelImage, factor: number): PixelImage {
  const share = Math.fround(factor);
  return pixelKernels()?.saturate(image, share) ?? saturatePlainly(image, share);
}

function saturatePlainly(image: PixelImage, share: number): PixelImage {
  const { data } = image;
  for (let i = 0; i < data.length; i += 3) {
    const grey = luma(data[i]!, data[i + 1]!, data[i + 2]!);
    data[i] = blend(grey, data[i]!, share);
    data[i + 1] = blend(grey, data[i + 1]!, share);
    data[i + 2] = blend(grey, data[i + 2]!, share);
  }
  return image;
}

/** Blends with one level of grey. */
function blendLevel(image: PixelImage, level: number, factor: number): PixelImage {
  const share = Math.fround(factor);
  return (
    pixelKernels()?.blendLevel(image, level, share) ??
    applyTable(
      image,
      tableOf((value) => blend(level, value, share)),
    )
  );
}

function sumLuma({ data }: PixelImage): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) sum += luma(data[i]!, data[i + 1]!, data[i + 2]!);
  return sum;
}

function meanLuma(image: PixelImage): number {
  const sum = pixelKernels()?.sumLuma(image) ?? sumLuma(image);
  return Math.floor(sum / (image.width * image.height) + 0.5);
}

export const colorPrimitives = [
  definePixels<Enhancement>('brightness', (image, { factor }) => blendLevel(image, 0, factor)),
  definePixels<Enhancement>('contrast', (image, { factor }) => blendLevel(image, meanLuma(image), factor)),
  definePixels<Enhancement>('saturation', (image, { factor }) => saturate(image, factor)),
  definePixels<HueShift>('hue', (image, { turns }) => turnHue(image, turns)),
];
