import { invariant } from './errors.js';
import type { PixelImage } from './image.js';
import type { Framing, InputSpec } from './input.js';
import { type Box, resizeImage, roundHalfEven, shorterSideSize } from './resize.js';

/** Where a framing's pixels come from: the picture is resized to a size, and a window of it is kept. */
interface Layout {
  readonly width: number;
  readonly height: number;
  readonly window: Box;
}

function layoutOf(width: number, height: number, input: InputSpec, framing: Framing): Layout {
  const { size, resize } = input;
  if (framing === 'squash')
    return { width: size, height: size, window: { left: 0, top: 0, width: size, height: size } };
  if (framing === 'letterbox') {
    const scale = size / Math.max(width, height);
    const w = Math.max(1, Math.round(width * scale));
    const h = Math.max(1, Math.round(height * scale));
    return { width: w, height: h, window: { left: 0, top: 0, width: w, height: h } };
  }
  invariant(resize >= size, 'the crop fits into what was resized for it');
  const resized = shorterSideSize(width, height, resize);
  const left = roundHalfEven((resized.width - size) / 2);
  const top = roundHalfEven((resized.height - size) / 2);
  return { ...resized, window: { left, top, width: size, height: size } };
}

/** Puts a picture in the middle of a square of the mean colour. */
function pad(image: PixelImage, input: InputSpec): PixelImage {
  const { size, mean } = input;
  if (image.width === size && image.height === size) return image;
  const data = new Uint8Array(size * size * 3);
  const fill = mean.map(Math.round);
  for (let i = 0; i < data.length; i++) data[i] = fill[i % 3]!;
  const left = Math.floor((size - image.width) / 2);
  const top = Math.floor((size - image.height) / 2);
  for (let y = 0; y < image.height; y++) {
    const row = image.data.subarray(y * image.width * 3, (y + 1) * image.width * 3);
    data.set(row, ((top + y) * size + left) * 3);
  }
  return { width: size, height: size, data };
}

/**
 * Makes a whole picture into the network's square, without dice. `crop` is torchvision's `Resize(resize)` and
 * `CenterCrop(size)`, of which only what the crop keeps is computed.
 *
 * @returns `input.size` × `input.size`
 */
export function frameImage(image: PixelImage, input: InputSpec, framing: Framing): PixelImage {
  const { width, height, window } = layoutOf(image.width, image.height, input, framing);
  const framed = resizeImage(image, width, height, input.interpolation, { window });
  return framing === 'letterbox' ? pad(framed, input) : framed;
}

/**
 * The part of a picture that a framing keeps, in the picture's own pixels (fractions included), for showing what is cut
 * away.
 */
export function frameRegion(width: number, height: number, input: InputSpec, framing: Framing): Box {
  const layout = layoutOf(width, height, input, framing);
  const scaleX = width / layout.width;
  const scaleY = height / layout.height;
  const { window } = layout;
  return {
    left: window.left * scaleX,
    top: window.top * scaleY,
    width: window.width * scaleX,
    height: window.height * scaleY,
  };
}
