import type { PixelImage } from '../image.js';
import type { Matrix } from '../augment/matrix.js';
import { type PixelKernels, usePixelKernels } from '../pixel-kernels.js';
import { mirrored } from '../mirrored.js';
import { blurAlongX, blurAlongY } from './blur-kernels.js';
import { blendLevel, saturate, sharpenRow, sumLuma, toRgba } from './colour-kernels.js';
import { shiftHue } from './hue-kernel.js';
import { resizeKernels } from './resize-kernels.js';
import { putSampleSettings, sample, SAMPLE_SETTINGS_BYTES } from './sample-kernel.js';
import { openSimdModule, padded } from './simd-memory.js';
import { resizeFast } from './simd-resize.js';
import { encodeModule } from './wasm-module.js';

const NAMES = [
  'alongX',
  'alongY',
  'blendLevel',
  'saturate',
  'sumLuma',
  'sharpenRow',
  'toRgba',
  'shiftHue',
  'sample',
  'blurAlongX',
  'blurAlongY',
] as const;
const FUNCTIONS = [
  ...resizeKernels,
  blendLevel,
  saturate,
  sumLuma,
  sharpenRow,
  toRgba,
  shiftHue,
  sample,
  blurAlongX,
  blurAlongY,
];
/** What a kernel may read or write behind the end, whole blocks being its steps. */
const SPARE_BYTES = 64;
const FLOAT_BYTES = 4;

/**
 * Makes what draws with the processor's vector instructions; not for two threads.
 *
 * @returns null where the processor, the runtime or a page's security policy has none for us
 */
export function createSimdKernels(): PixelKernels | null {
  const module = openSimdModule(encodeModule(FUNCTIONS), NAMES);
  if (module === null) return null;
  const { kernels, reserve } = module;

  /** Draws in place on a copy that begins at 0, with f32 settings behind it. */
  function inPlace(
    { width, height, data }: PixelImage,
    settings: readonly number[],
    draw: (end: number, settingsAt: number) => void,
  ): PixelImage | null {
    const settingsAt = padded(data.length + SPARE_BYTES);
    const bytes = reserve(settingsAt + SPARE_BYTES);
    if (bytes === null) return null;
    bytes.set(data);
    new Float32Array(bytes.buffer, settingsAt, settings.length).set(settings);
    draw(data.length, settingsAt);
    return { width, height, data: bytes.slice(0, data.length) };
  }

  function sharpen(source: PixelImage, share: number): PixelImage | null {
    const { width, height, data } = source;
    const stride = width * 3;
    const length = stride - 6;
    // A row takes whole blocks.
    if (length < 16 || height < 3) return null;
    const to = padded(data.length);
    const settingsAt = padded(to + data.length);
    const bytes = reserve(settingsAt + SPARE_BYTES);
    if (bytes === null) return null;
    bytes.set(data);
    bytes.set(data, to);
    new Float32Array(bytes.buffer, settingsAt, 1)[0] = share;
    for (let y = 1; y < height - 1; y++) {
      const at = y * stride + 3;
      kernels.sharpenRow(at, stride, to + at, length, settingsAt);
    }
    return { width, height, data: bytes.slice(to, to + data.length) };
  }

  function sampleFast(source: PixelImage, matrix: Matrix): PixelImage | null {
    const { width, height, data } = source;
    const to = padded(data.length + SPARE_BYTES);
    const settingsAt = padded(to + data.length + SPARE_BYTES);
    const bytes = reserve(settingsAt + SAMPLE_SETTINGS_BYTES);
    if (bytes === null) return null;
    bytes.set(data);
    bytes.fill(0, to, to + data.length);
    putSampleSettings(bytes, settingsAt, source, matrix);
    const isAffine = matrix[6] === 0 && matrix[7] === 0 && matrix[8] === 1;
    kernels.sample(0, to, width, height, settingsAt, isAffine ? 0 : 1);
    return { width, height, data: bytes.slice(to, to + data.length) };
  }

  function blur({ width, height, data }: PixelImage, weights: Float32Array): PixelImage | null {
    const half = (weights.length - 1) / 2;
    if (half < 1) return null;
    const length = width * 3;
    const stride = length + half * 6;
    const linesAt = padded(stride * height + SPARE_BYTES);
    const to = padded(linesAt + length * height * FLOAT_BYTES + SPARE_BYTES);
    const weightsAt = padded(to + length * height + SPARE_BYTES);
    const startsAt = padded(weightsAt + weights.byteLength);
    const bytes = reserve(startsAt + weights.length * FLOAT_BYTES);
    if (bytes === null) return null;
    for (let y = 0; y < height; y++) {
      const row = y * stride;
      bytes.set(data.subarray(y * length, (y + 1) * length), row + half * 3);
      for (let i = 0; i < half; i++) {
        const before = (y * width + mirrored(i - half, width)) * 3;
        const after = (y * width + mirrored(width + i, width)) * 3;
        for (let channel = 0; channel < 3; channel++) {
          bytes[row + i * 3 + channel] = data[before + channel]!;
          bytes[row + (half + width + i) * 3 + channel] = data[after + channel]!;
        }
      }
    }
    new Float32Array(bytes.buffer, weightsAt, weights.length).set(weights);
    kernels.blurAlongX(0, stride, linesAt, height, length, weightsAt, half);
    const starts = new Int32Array(bytes.buffer, startsAt, weights.length);
    for (let y = 0; y < height; y++) {
      for (let tap = 0; tap < weights.length; tap++) {
        starts[tap] = linesAt + mirrored(y + tap - half, height) * length * FLOAT_BYTES;
      }
      kernels.blurAlongY(startsAt, to + y * length, length, weightsAt, half);
    }
    return { width, height, data: bytes.slice(to, to + length * height) };
  }

  return {
    resize: (job) => resizeFast(module, job),
    sample: sampleFast,
    blendLevel: (source, level, share) =>
      inPlace(source, [level, share], (end, settingsAt) => kernels.blendLevel(0, end, settingsAt)),
    saturate: (source, share) => inPlace(source, [share], (end, settingsAt) => kernels.saturate(0, end, settingsAt)),
    sumLuma({ data }) {
      const to = padded(data.length + SPARE_BYTES);
      const bytes = reserve(to + SPARE_BYTES);
      if (bytes === null) return null;
      bytes.set(data);
      // Black counts for nothing: so many bytes as the last four pixels may end beyond the picture.
      bytes.fill(0, data.length, data.length + SPARE_BYTES);
      kernels.sumLuma(0, data.length, to);
      return new Int32Array(bytes.buffer, to, 4).reduce((sum, part) => sum + part, 0);
    },
    shiftHue: (source, shift) => inPlace(source, [], (end) => kernels.shiftHue(0, end, shift)),
    sharpen,
    blur,
    toRgba({ width, height, data }) {
      const to = padded(data.length + SPARE_BYTES);
      const length = width * height * 4;
      const bytes = reserve(to + length + SPARE_BYTES);
      if (bytes === null) return null;
      bytes.set(data);
      kernels.toRgba(0, data.length, to);
      return new Uint8ClampedArray(bytes.buffer.slice(to, to + length));
    },
  };
}

let isInstalled = false;

/** Has this thread draw with {@link createSimdKernels}, where there are such; the pixels stay the same. */
export function installSimdKernels(): void {
  if (isInstalled) return;
  isInstalled = true;
  usePixelKernels(createSimdKernels());
}
