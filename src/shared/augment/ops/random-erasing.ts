import type { PixelImage } from '../../image.js';
import { createStream } from '../../random.js';
import { defineOp, definePixels } from '../op.js';

/** A planned erasure. */
export interface Erase {
  readonly op: 'erase';
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
  readonly fill: 'black' | 'noise';
  /** Of the noise. */
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
    value: { kind: 'choice', label: 'Fill', choices: ['black', 'noise'], default: 'black' },
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
        return [{ op: 'erase', left, top, width, height, fill: value === 'noise' ? 'noise' : 'black', seed }];
      }
    }
    return [];
  },
});

function erase(image: PixelImage, planned: Erase): PixelImage {
  const noise = planned.fill === 'noise' ? createStream(planned.seed, 'erase') : null;
  for (let y = planned.top; y < planned.top + planned.height; y++) {
    const start = (y * image.width + planned.left) * 3;
    const end = start + planned.width * 3;
    if (noise === null) image.data.fill(0, start, end);
    else for (let i = start; i < end; i++) image.data[i] = noise.integer(256);
  }
  return image;
}

export const erasePrimitive = definePixels<Erase>('erase', erase);
