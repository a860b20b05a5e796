import { join } from 'node:path';
import type { PixelImage } from '../../src/shared/image.js';
import { createStream } from '../../src/shared/random.js';
import { putFile, toSharp } from './images.js';

type Colour = readonly [number, number, number];

/** Draws ink where `depth` (pixels inside the shape) is positive, with a soft edge, on slightly uneven paper. */
function draw(
  size: number,
  seed: number,
  ink: Colour,
  paper: Colour,
  depth: (x: number, y: number) => number,
): PixelImage {
  const stream = createStream(seed, 'glyph paper');
  const data = new Uint8Array(size * size * 3);
  for (let y = 0, to = 0; y < size; y++) {
    for (let x = 0; x < size; x++) {
      const share = Math.max(0, Math.min(1, depth(x + 0.5, y + 0.5) + 0.5));
      const grain = stream.between(-6, 6);
      for (let c = 0; c < 3; c++, to++) {
        data[to] = Math.max(0, Math.min(255, ink[c]! * share + paper[c]! * (1 - share) + grain));
      }
    }
  }
  return { width: size, height: size, data };
}

/** A six as a ring with an arc above it, in varied hands; a nine is one turned by half a circle. */
export function makeDigit(digit: 6 | 9, size: number, seed: number): PixelImage {
  const stream = createStream(seed, 'digit');
  const radius = size * stream.between(0.16, 0.2);
  const pen = size * stream.between(0.03, 0.05);
  const [cx, cy] = [size * stream.between(0.45, 0.55), size * stream.between(0.6, 0.66)];
  const lean = stream.between(0.9, 1.3);
  const turn = digit === 9 ? -1 : 1;
  // The stem: an arc of a circle of twice the ring's size that touches the ring at its left.
  const stem = { x: cx - radius + 2 * radius * lean, y: cy, radius: 2 * radius * lean };
  return draw(size, seed, [25, 25, 30], [235, 232, 225], (px, py) => {
    const x = turn === 1 ? px : size - px;
    const y = turn === 1 ? py : size - py;
    const ring = pen - Math.abs(Math.hypot(x - cx, y - cy) - radius);
    const angle = Math.atan2(stem.y - y, stem.x - x);
    const isOnArc = angle > -0.05 && angle < 1.25;
    const arc = isOnArc ? pen - Math.abs(Math.hypot(x - stem.x, y - stem.y) - stem.radius) : -size;
    return Math.max(ring, arc);
  });
}

/** A disc or a square of a colour, anywhere, of any size. */
export function makeShape(colour: Colour, size: number, seed: number): PixelImage {
  const stream = createStream(seed, 'shape');
  const radius = size * stream.between(0.18, 0.32);
  const [cx, cy] = [size * stream.between(0.38, 0.62), size * stream.between(0.38, 0.62)];
  const isDisc = stream.chance(0.5);
  const shade = stream.between(0.75, 1);
  const ink = colour.map((value) => value * shade) as [number, number, number];
  return draw(size, seed, ink, [230, 230, 230], (x, y) =>
    isDisc ? radius - Math.hypot(x - cx, y - cy) : radius - Math.max(Math.abs(x - cx), Math.abs(y - cy)),
  );
}

/** Writes `train|val/class/…` of pictures that `make` draws from a class's index and a seed. */
export async function writeDrawnFolder(
  folder: string,
  classes: readonly string[],
  counts: { readonly train: number; readonly val: number },
  make: (classIndex: number, seed: number) => PixelImage,
): Promise<void> {
  for (const [split, count] of Object.entries(counts)) {
    for (const [classIndex, name] of classes.entries()) {
      for (let i = 0; i < count; i++) {
        const seed = (split === 'train' ? 0 : 10_000) + classIndex * 1000 + i;
        putFile(join(folder, split, name, `${i}.png`), await toSharp(make(classIndex, seed)).png().toBuffer());
      }
    }
  }
}
