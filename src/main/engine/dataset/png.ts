import sharp from 'sharp';
import type { PixelImage } from '../../../shared/image.js';

/** Encodes a picture as PNG, losslessly. */
export function encodePng(image: PixelImage): Promise<Uint8Array> {
  const { width, height } = image;
  return sharp(image.data, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer();
}
