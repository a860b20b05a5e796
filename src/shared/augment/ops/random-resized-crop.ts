import { roundHalfEven, type Box } from '../../resize.js';
import { defineFrameOp } from '../op.js';

const ATTEMPTS = 10;

/** torchvision's RandomResizedCrop. Szegedy et al., "Going deeper with convolutions" (2015), section 6. */
export const randomResizedCrop = defineFrameOp({
  id: 'random_resized_crop',
  label: 'Random crop',
  description: 'Cuts out a random part of the picture and resizes it.',
  kind: 'frame',
  defaultP: 1,
  params: {
    scale: { kind: 'range', label: 'Area', unit: '×', min: 0.01, max: 1, step: 0.01, default: [0.08, 1] },
    ratio: { kind: 'range', label: 'Aspect', unit: '×', min: 0.25, max: 4, step: 0.01, default: [3 / 4, 4 / 3] },
  },
  sample({ scale, ratio }, rng, { width, height }): Box {
    const area = width * height;
    const [low, high] = [Math.log(ratio[0]), Math.log(ratio[1])];
    for (let attempt = 0; attempt < ATTEMPTS; attempt++) {
      const target = area * rng.between(scale[0], scale[1]);
      const aspect = Math.exp(rng.between(low, high));
      const w = roundHalfEven(Math.sqrt(target * aspect));
      const h = roundHalfEven(Math.sqrt(target / aspect));
      if (w > 0 && w <= width && h > 0 && h <= height) {
        return { left: rng.integer(width - w + 1), top: rng.integer(height - h + 1), width: w, height: h };
      }
    }
    // The largest centred part whose aspect is allowed.
    const own = width / height;
    let w = width;
    let h = height;
    if (own < ratio[0]) h = Math.max(1, roundHalfEven(w / ratio[0]));
    else if (own > ratio[1]) w = Math.max(1, roundHalfEven(h * ratio[1]));
    return { left: Math.floor((width - w) / 2), top: Math.floor((height - h) / 2), width: w, height: h };
  },
});
