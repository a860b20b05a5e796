import type { PixelImage } from '../image.js';
import { pixelKernels } from '../pixel-kernels.js';

const { fround } = Math;

/** Of each 8-bit hue: which sixth of the colour wheel it lies in, and how far into it. */
const SECTOR = Uint8Array.from({ length: 256 }, (_, hue) => Math.floor((hue * 6) / 255) % 6);
const PART = Float32Array.from({ length: 256 }, (_, hue) => (hue * 6) / 255 - Math.floor((hue * 6) / 255));

/** Hue as Pillow's `rgb2hsv_row` (libImaging/Convert.c) computes it, 0..255, of a pixel that is not grey. */
function hueOf(r: number, g: number, b: number, max: number, chroma: number): number {
  const rc = fround((max - r) / chroma);
  const gc = fround((max - g) / chroma);
  const bc = fround((max - b) / chroma);
  const sixths = fround(r === max ? bc - gc : g === max ? 2 + rc - bc : 4 + gc - rc);
  const turns = sixths / 6 + 1;
  return (fround(turns - Math.floor(turns)) * 255) | 0;
}

/**
 * Turns the colour wheel, in place or on a copy, by way of 8-bit HSV as Pillow converts, with its float32 steps and its rounding.
 *
 * @param turns of the wheel, −0.5..0.5
 */
export function turnHue(image: PixelImage, turns: number): PixelImage {
  const shift = Math.trunc(turns * 255) & 0xff;
  return pixelKernels()?.shiftHue(image, shift) ?? shiftPlainly(image, shift);
}

function shiftPlainly(image: PixelImage, shift: number): PixelImage {
  const { data } = image;
  for (let i = 0; i < data.length; i += 3) {
    const r = data[i]!;
    const g = data[i + 1]!;
    const b = data[i + 2]!;
    const max = r > g ? (r > b ? r : b) : g > b ? g : b;
    const min = r < g ? (r < b ? r : b) : g < b ? g : b;
    const chroma = max - min;
    const saturation = chroma === 0 ? 0 : (fround(chroma / max) * 255) | 0;
    let red = max;
    let green = max;
    let blue = max;
    if (saturation > 0) {
      const hue = (hueOf(r, g, b, max, chroma) + shift) & 0xff;
      const s = fround(saturation / 255);
      const part = PART[hue]!;
      const p = (max * (1 - s) + 0.5) | 0;
      const q = (max * (1 - fround(s * part)) + 0.5) | 0;
      const t = (max * (1 - s * (1 - part)) + 0.5) | 0;
      const sector = SECTOR[hue]!;
      red = sector === 0 || sector === 5 ? max : sector === 1 ? q : sector === 4 ? t : p;
      green = sector === 1 || sector === 2 ? max : sector === 0 ? t : sector === 3 ? q : p;
      blue = sector === 3 || sector === 4 ? max : sector === 2 ? t : sector === 5 ? q : p;
    }
    data[i] = red;
    data[i + 1] = green;
    data[i + 2] = blue;
  }
  return image;
}
