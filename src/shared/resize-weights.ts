import type { Interpolation } from './input.js';

interface Filter {
  /** Half its width at scale 1. */
  readonly support: number;
  weight(x: number): number;
}

const FILTERS: Readonly<Record<Interpolation, Filter>> = {
  bilinear: { support: 1, weight: (x) => Math.max(0, 1 - Math.abs(x)) },
  bicubic: {
    support: 2,
    // Keys's kernel with a = −0.5, as Pillow has it.
    weight: (x) => {
      const a = -0.5;
      const t = Math.abs(x);
      if (t < 1) return ((a + 2) * t - (a + 3)) * t * t + 1;
      return t < 2 ? (((t - 5) * t + 8) * t - 4) * a : 0;
    },
  },
};

/** Fixed-point fraction bits: 8 bits of pixel, 2 of head room for overshoot, 22 left of 32. */
export const PRECISION_BITS = 22;

/** For every output position, the input positions that it reads and their weights. */
export interface Coefficients {
  /** Longest run of weights. */
  readonly size: number;
  readonly first: Int32Array;
  readonly count: Int32Array;
  /** `size` weights an output position, fixed point. */
  readonly weights: Int32Array;
}

const cache = new Map<string, Coefficients>();
const CACHE_LIMIT = 256;

/** Weights for outputs [from, to) of a line of `outLength` pixels over `inLength` source pixels. */
export function coefficients(
  inLength: number,
  outLength: number,
  from: number,
  to: number,
  interpolation: Interpolation,
): Coefficients {
  const key = `${inLength}/${outLength}/${from}/${to}/${interpolation}`;
  const known = cache.get(key);
  if (known) return known;
  const filter = FILTERS[interpolation];
  const scale = inLength / outLength;
  // Antialiasing: when the picture shrinks, the filter widens with the scale.
  const filterScale = Math.max(scale, 1);
  const support = filter.support * filterScale;
  const size = Math.ceil(support) * 2 + 1;
  const total = to - from;
  const first = new Int32Array(total);
  const count = new Int32Array(total);
  const weights = new Int32Array(total * size);
  const line = new Float64Array(size);
  for (let i = 0; i < total; i++) {
    const centre = (from + i + 0.5) * scale;
    const start = Math.max(0, Math.trunc(centre - support + 0.5));
    const end = Math.min(inLength, Math.trunc(centre + support + 0.5));
    let sum = 0;
    for (let j = start; j < end; j++) {
      const weight = filter.weight((j - centre + 0.5) / filterScale);
      line[j - start] = weight;
      sum += weight;
    }
    first[i] = start;
    count[i] = end - start;
    for (let j = 0; j < end - start; j++) {
      const share = (line[j]! / sum) * (1 << PRECISION_BITS);
      weights[i * size + j] = share < 0 ? Math.trunc(share - 0.5) : Math.trunc(share + 0.5);
    }
  }
  const result = { size, first, count, weights };
  if (cache.size >= CACHE_LIMIT) cache.clear();
  cache.set(key, result);
  return result;
}

/** The run of source positions that a table reads. */
export function reach({ first, count }: Coefficients): { from: number; length: number } {
  const from = first[0]!;
  return { from, length: first.at(-1)! + count.at(-1)! - from };
}
