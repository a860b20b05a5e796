import { applyTable, blend, luma, tableOf } from '../colour.js';
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
  const { data } = image;
  for (let i = 0; i < data.length; i += 3) {
    const grey = luma(data[i]!, data[i + 1]!, data[i + 2]!);
    data[i] = blend(grey, data[i]!, factor);
    data[i + 1] = blend(grey, data[i + 1]!, factor);
    data[i + 2] = blend(grey, data[i + 2]!, factor);
  }
  return image;
}

function meanLuma({ data }: PixelImage): number {
  let sum = 0;
  for (let i = 0; i < data.length; i += 3) sum += luma(data[i]!, data[i + 1]!, data[i + 2]!);
  return Math.floor(sum / (data.length / 3) + 0.5);
}

/** Turns hue as Pillow does in 8-bit HSV (libImaging/Convert.c), rounding as it rounds. */
function turnHue(image: PixelImage, turns: number): PixelImage {
  const { data } = image;
  const shift = Math.trunc(turns * 255) & 0xff;
  for (let i = 0; i < data.length; i += 3) {
    const r = data[i]!;
    const g = data[i + 1]!;
    const b = data[i + 2]!;
    const max = Math.max(r, g, b);
    const min = Math.min(r, g, b);
    const chroma = max - min;
    const s8 = chroma === 0 ? 0 : Math.trunc((chroma / max) * 255);
    if (s8 === 0) {
      data[i] = data[i + 1] = data[i + 2] = max;
      continue;
    }
    const rc = (max - r) / chroma;
    const gc = (max - g) / chroma;
    const bc = (max - b) / chroma;
    const sector = r === max ? bc - gc : g === max ? 2 + rc - bc : 4 + gc - rc;
    const h8 = (Math.trunc(((sector / 6 + 1) % 1) * 255) + shift) & 0xff;
    const h = (h8 * 6) / 255;
    const s = s8 / 255;
    const part = Math.floor(h);
    const f = h - part;
    const p = Math.round(max * (1 - s));
    const q = Math.round(max * (1 - s * f));
    const t = Math.round(max * (1 - s * (1 - f)));
    let red = max;
    let green = t;
    let blue = p;
    switch (part % 6) {
      case 1:
        [red, green, blue] = [q, max, p];
        break;
      case 2:
        [red, green, blue] = [p, max, t];
        break;
      case 3:
        [red, green, blue] = [p, q, max];
        break;
      case 4:
        [red, green, blue] = [t, p, max];
        break;
      case 5:
        [red, green, blue] = [max, p, q];
        break;
    }
    data[i] = red;
    data[i + 1] = green;
    data[i + 2] = blue;
  }
  return image;
}

export const colorPrimitives = [
  definePixels<Enhancement>('brightness', (image, { factor }) =>
    applyTable(
      image,
      tableOf((value) => blend(0, value, factor)),
    ),
  ),
  definePixels<Enhancement>('contrast', (image, { factor }) => {
    const mean = meanLuma(image);
    return applyTable(
      image,
      tableOf((value) => blend(mean, value, factor)),
    );
  }),
  definePixels<Enhancement>('saturation', (image, { factor }) => saturate(image, factor)),
  definePixels<HueShift>('hue', (image, { turns }) => turnHue(image, turns)),
];
