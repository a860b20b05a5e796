import { fnv1a32 } from '../../src/shared/random.js';

/** mulberry32: uniform numbers in [0, 1). */
export function mulberry32(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296;
  };
}

/** The reference fixtures' weights: a tensor's values from its name alone. Row-major, source (PyTorch) layout. */
export function fill(name: string, shape: readonly number[]): Float32Array {
  const random = mulberry32(fnv1a32(name));
  const length = shape.reduce((a, b) => a * b, 1);
  const leaf = name.split('.').at(-1);
  let value: (u: number) => number;
  if (leaf === 'running_var') value = (u) => 0.8 + 0.4 * u;
  else if (leaf === 'running_mean' || leaf === 'bias') value = (u) => 0.2 * (u - 0.5);
  else if (shape.length === 1) value = (u) => 0.8 + 0.4 * u;
  else {
    const fanIn = shape.slice(1).reduce((a, b) => a * b, 1);
    const scale = Math.sqrt((shape.length === 4 ? 4.5 : 3) / fanIn);
    value = (u) => 2 * (u - 0.5) * scale;
  }
  return Float32Array.from({ length }, () => value(random()));
}
