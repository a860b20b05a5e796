import type { PixelImage } from '../image.js';

/** Luma as Pillow's conversion to "L" computes it: ITU-R 601-2 in fixed point. */
export const luma = (r: number, g: number, b: number): number => (r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16;

/** Replaces every value by a table's entry, in place. */
export function applyTable(image: PixelImage, table: Uint8Array): PixelImage {
  const { data } = image;
  for (let i = 0; i < data.length; i++) data[i] = table[data[i]!]!;
  return image;
}

/** Replaces every value by its channel's table, in place. */
export function applyTables(image: PixelImage, tables: readonly [Uint8Array, Uint8Array, Uint8Array]): PixelImage {
  const { data } = image;
  const [r, g, b] = tables;
  for (let i = 0; i < data.length; i += 3) {
    data[i] = r[data[i]!]!;
    data[i + 1] = g[data[i + 1]!]!;
    data[i + 2] = b[data[i + 2]!]!;
  }
  return image;
}

/** A table from a function of 0..255; results are cut off at 0 and 255, fractions dropped. */
export function tableOf(value: (input: number) => number): Uint8Array {
  return Uint8Array.from({ length: 256 }, (_, input) => Math.min(255, Math.max(0, value(input))));
}

/**
 * Pillow's `Image.blend` (libImaging/Blend.c): `from + factor · (to − from)` in float32, cut off at 0 and 255, fractions
 * dropped.
 *
 * @param factor as float32, which `Math.fround` gives
 */
export function blend(from: number, to: number, factor: number): number {
  const value = Math.fround(from + Math.fround(factor * (to - from)));
  return value <= 0 ? 0 : value >= 255 ? 255 : value | 0;
}

/** How often each value occurs in one channel. */
export function histogram(image: PixelImage, channel: number): Uint32Array {
  const counts = new Uint32Array(256);
  for (let i = channel; i < image.data.length; i += 3) {
    const value = image.data[i]!;
    counts[value] = counts[value]! + 1;
  }
  return counts;
}

/** One table a channel, made from the channel's histogram. */
export function tablesByChannel(
  image: PixelImage,
  tableOfCounts: (counts: Uint32Array) => Uint8Array,
): [Uint8Array, Uint8Array, Uint8Array] {
  const table = (channel: number): Uint8Array => tableOfCounts(histogram(image, channel));
  return [table(0), table(1), table(2)];
}

export const IDENTITY_TABLE: Uint8Array = tableOf((input) => input);
