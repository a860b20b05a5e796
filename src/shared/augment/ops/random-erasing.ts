import type { PixelImage } from '../../image.js';
import type { InputSpec } from '../../input.js';
import { philox2x32 } from '../../random.js';
import { defineOp, definePixels } from '../op.js';

const FILLS = ['black', 'mean', 'noise'] as const;

type Fill = (typeof FILLS)[number];

/** A planned erasure. */
export interface Erase {
  readonly op: 'erase';
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  /** `mean` is the colour that the network sees as zero, where torchvision's reference erases after normalising. */
  readonly fill: Fill;
  /** Of the noise, an unsigned 32-bit word. */
  readonly seed: number;
}

const ATTEMPTS = 10;

/** torchvision's RandomErasing. Zhong et al., "Random erasing data augmentation" (2020). */
export const randomErasing = defineOp({
  id: 'random_erasing',
  label: 'Erase a part',
  description: 'Covers a random rectangle, so that no single detail decides alone.',
  kind: 'pixels',
  defaultP: 0.5,
  params: {
    scale: { kind: 'range', label: 'Area', unit: '×', min: 0.01, max: 0.9, step: 0.01, default: [0.02, 0.33] },
    ratio: { kind: 'range', label: 'Aspect', unit: '×', min: 0.1, max: 10, step: 0.1, default: [0.3, 3.3] },
    value: { kind: 'choice', label: 'Fill', choices: FILLS, default: 'black' },
  },
  sample({ scale, ratio, value }, rng, square): Erase[] {
    const seed = rng.integer(2 ** 32);
    const area = square.width * square.height;
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const target = area * rng.between(scale[0], scale[1]);
      const aspect = Math.exp(rng.between(Math.log(ratio[0]), Math.log(ratio[1])));
      const height = Math.round(Math.sqrt(target * aspect));
      const width = Math.round(Math.sqrt(target / aspect));
      if (height >= 1 && width >= 1 && height < square.height && width < square.width) {
        const top = rng.integer(square.height - height + 1);
        const left = rng.integer(square.width - width + 1);
        return [{ op: 'erase', left, top, width, height, fill: value as Fill, seed }];
      }
    }
    return [];
  },
});

/** Bytes that depend on a seed alone, eight from each of Philox's blocks. */
function noiseBytes(length: number, seed: number): Uint8Array {
  const words = new Uint32Array(Math.ceil(length / 8) * 2);
  for (let i = 0; i < words.length; i += 2) words.set(philox2x32([i / 2, 0], seed), i);
  const bytes = new Uint8Array(words.length * 4);
  for (let i = 0; i < bytes.length; i++) bytes[i] = words[i >> 2]! >>> ((i & 3) * 8);
  return bytes;
}

function erase(image: PixelImage, { left, top, width, height, fill, seed }: Erase, input: InputSpec): PixelImage {
  const rowBytes = width * 3;
  const colour = fill === 'mean' ? input.mean.map(Math.round) : [0, 0, 0];
  const cover =
    fill === 'noise'
      ? noiseBytes(height * rowBytes, seed)
      : Uint8Array.from({ length: rowBytes }, (_, i) => colour[i % 3]!);
  for (let y = 0; y < height; y++) {
    const row = fill === 'noise' ? cover.subarray(y * rowBytes, (y + 1) * rowBytes) : cover;
    image.data.set(row, ((top + y) * image.width + left) * 3);
  }
  return image;
}

export const erasePrimitive = definePixels<Erase>('erase', erase);
