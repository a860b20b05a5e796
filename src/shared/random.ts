/**
 * Counter-based random streams: every number is a pure function of a key and a position, so nothing has to be saved to
 * resume, and one sample's dice never depend on another's.
 *
 * Philox-2x32-10, Salmon et al., "Parallel random numbers: as easy as 1, 2, 3" (SC 2011).
 */

const PHILOX_MULTIPLIER = 0xd256d193;
const PHILOX_WEYL = 0x9e3779b9;
const ROUNDS = 10;

/** High 32 bits of the unsigned 64-bit product `a * b`. */
function multiplyHigh(a: number, b: number): number {
  const aLow = a & 0xffff;
  const aHigh = a >>> 16;
  const bLow = b & 0xffff;
  const bHigh = b >>> 16;
  const low = aLow * bLow;
  const mid = aHigh * bLow + (low >>> 16);
  const mid2 = aLow * bHigh + (mid % 0x10000);
  return (aHigh * bHigh + Math.floor(mid / 0x10000) + Math.floor(mid2 / 0x10000)) >>> 0;
}

/**
 * One block of Philox-2x32-10.
 *
 * @param counter two unsigned 32-bit words
 * @param key one unsigned 32-bit word
 * @returns two unsigned 32-bit words
 */
export function philox2x32(counter: readonly [number, number], key: number): [number, number] {
  let [x0, x1] = counter;
  let k = key >>> 0;
  for (let round = 0; round < ROUNDS; round++) {
    const high = multiplyHigh(PHILOX_MULTIPLIER, x0);
    const low = Math.imul(PHILOX_MULTIPLIER, x0) >>> 0;
    x0 = (high ^ k ^ x1) >>> 0;
    x1 = low;
    k = (k + PHILOX_WEYL) >>> 0;
  }
  return [x0, x1];
}

const FNV_OFFSET = 0x811c9dc5;
const FNV_PRIME = 0x01000193;
const fnvOfBytes = (bytes: Uint8Array): number =>
  bytes.reduce((hash, byte) => Math.imul(hash ^ byte, FNV_PRIME), FNV_OFFSET) >>> 0;

/** 32-bit FNV-1a of the UTF-8 bytes of `text`. */
export function fnv1a32(text: string): number {
  let hash = FNV_OFFSET;
  for (let at = 0; at < text.length; at++) {
    const code = text.charCodeAt(at);
    // Most keys are ASCII, whose bytes need no encoder.
    if (code > 0x7f) return fnvOfBytes(new TextEncoder().encode(text));
    hash = Math.imul(hash ^ code, FNV_PRIME);
  }
  return hash >>> 0;
}

/** A stream of random numbers; position and key are all its state. */
export interface RandomStream {
  /** Uniform in [0, 1), 53 bits. */
  uniform(): number;
  /** Uniform in [low, high). */
  between(low: number, high: number): number;
  /** Uniform integer in [0, count). */
  integer(count: number): number;
  /** True with probability `p` (0..1). */
  chance(p: number): boolean;
  /** Standard normal (Box–Muller). */
  normal(): number;
  /** Gamma with shape `alpha` > 0, scale 1 (Marsaglia & Tsang 2000). */
  gamma(alpha: number): number;
  /** Beta(`a`, `b`), both > 0. */
  beta(a: number, b: number): number;
  /** The numbers 0..count-1 in random order (Fisher–Yates). */
  permutation(count: number): Uint32Array;
}

/**
 * Opens the stream that belongs to a key. The same parts give the same numbers on every machine.
 *
 * @param parts what the numbers depend on, for example `[runSeed, 'augment', epoch, imageId]`
 */
export function createStream(...parts: readonly (string | number)[]): RandomStream {
  const text = JSON.stringify(parts);
  const key = fnv1a32(text);
  // A second, independent hash fills the other half of the counter, so that streams collide only when 64 bits do.
  const lane = fnv1a32(`lane:${text}`);
  let position = 0;

  const uniform = (): number => {
    const [high, low] = philox2x32([position++ >>> 0, lane], key);
    return (high * 0x200000 + (low >>> 11)) / 0x20000000000000;
  };
  const normal = (): number => {
    const radius = Math.sqrt(-2 * Math.log(1 - uniform()));
    return radius * Math.cos(2 * Math.PI * uniform());
  };
  // As a logarithm, since a gamma of small shape underflows to 0.
  const logGamma = (alpha: number): number => {
    if (alpha < 1) return logGamma(alpha + 1) + Math.log(1 - uniform()) / alpha;
    const d = alpha - 1 / 3;
    const c = 1 / Math.sqrt(9 * d);
    for (;;) {
      const x = normal();
      const v = Math.pow(1 + c * x, 3);
      if (v > 0 && Math.log(1 - uniform()) < 0.5 * x * x + d - d * v + d * Math.log(v)) return Math.log(d * v);
    }
  };
  const integer = (count: number): number => Math.floor(uniform() * count);

  return {
    uniform,
    between: (low, high) => low + (high - low) * uniform(),
    integer,
    chance: (p) => uniform() < p,
    normal,
    gamma: (alpha) => Math.exp(logGamma(alpha)),
    beta: (a, b) => {
      const x = logGamma(a);
      return 1 / (1 + Math.exp(logGamma(b) - x));
    },
    permutation: (count) => {
      const order = Uint32Array.from({ length: count }, (_, index) => index);
      for (let last = count - 1; last > 0; last--) {
        const other = integer(last + 1);
        const kept = order[last]!;
        order[last] = order[other]!;
        order[other] = kept;
      }
      return order;
    },
  };
}
