import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { PlannedOp } from '../../src/shared/augment/op.js';
import type { PixelImage } from '../../src/shared/image.js';
import type { InputSpec, Interpolation } from '../../src/shared/input.js';
import type { Box } from '../../src/shared/resize.js';
import { ROOT } from './shared-data.js';

interface TransformsFixture {
  /** Side of the pictures that `ops` change. */
  readonly size: number;
  readonly ops: readonly {
    readonly source: 'square' | 'dull';
    readonly planned: PlannedOp;
    readonly expected: string;
  }[];
  readonly resizes: readonly {
    readonly source: readonly [width: number, height: number];
    readonly to: readonly [width: number, height: number];
    readonly interpolation: Interpolation;
    readonly box: Box;
    readonly expected: string;
  }[];
  readonly crops: readonly {
    readonly source: readonly [width: number, height: number];
    readonly resize: number;
    readonly size: number;
    readonly interpolation: Interpolation;
    readonly resized: readonly [width: number, height: number];
    readonly expected: string;
  }[];
  /** Magnitude bins that `spaces` shows. */
  readonly bins: readonly number[];
  readonly spaces: Readonly<
    Record<
      'trivial_augment_wide' | 'rand_augment',
      readonly { readonly name: string; readonly isSigned: boolean; readonly magnitudes: readonly number[] }[]
    >
  >;
}

/** torchvision's answers on small pictures made by {@link formulaPicture}; written by test/fixtures/transforms.py. */
export const TORCHVISION = JSON.parse(
  readFileSync(join(ROOT, 'test', 'fixtures', 'transforms.json'), 'utf8'),
) as TransformsFixture;

/** Bytes of the fixture. */
export const unpacked = (base64: string): Uint8Array => new Uint8Array(Buffer.from(base64, 'base64'));

/** A picture of hard edges and all levels, the same in Python. */
export function formulaPicture(width: number, height: number): PixelImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      for (let c = 0; c < 3; c++) data[to++] = (x * x * 3 + y * y + x * y * (c + 1) + c * 70) % 251;
    }
  }
  return { width, height, data };
}

/** The same picture with few, middling levels. */
export function dullPicture(width: number, height: number): PixelImage {
  const { data } = formulaPicture(width, height);
  return { width, height, data: data.map((value) => Math.floor(value / 4) + 60) };
}

/** An input of so many pixels, without normalisation. */
export const inputOf = (size: number, resize = size, interpolation: Interpolation = 'bilinear'): InputSpec => ({
  size,
  resize,
  interpolation,
  mean: [0, 0, 0],
  std: [1, 1, 1],
});

/** Largest and root-mean-square difference, in levels. */
export function difference(actual: ArrayLike<number>, expected: ArrayLike<number>): { worst: number; rms: number } {
  if (actual.length !== expected.length) return { worst: Infinity, rms: Infinity };
  let worst = 0;
  let squares = 0;
  for (let i = 0; i < expected.length; i++) {
    const off = Math.abs(actual[i]! - expected[i]!);
    worst = Math.max(worst, off);
    squares += off * off;
  }
  return { worst, rms: Math.sqrt(squares / expected.length) };
}
