import { applyTable, applyTables, IDENTITY_TABLE, luma, tableOf, tablesByChannel } from '../colour.js';
import { defineOp, definePixels, type PlannedOp } from '../op.js';

/** A planned reduction to fewer bits a channel. */
export interface Posterize {
  readonly op: 'posterize';
  readonly bits: number;
}

/** A planned inversion of everything from a threshold up. */
export interface Solarize {
  readonly op: 'solarize';
  readonly threshold: number;
}

export const grayscale = defineOp({
  id: 'grayscale',
  label: 'Grey',
  description: 'Takes the colour away, so that shape has to decide.',
  kind: 'pixels',
  defaultP: 0.1,
  params: {},
  sample: (): PlannedOp[] => [{ op: 'grayscale' }],
});

export const invert = defineOp({
  id: 'invert',
  label: 'Invert',
  description: 'Makes a negative of the picture.',
  kind: 'pixels',
  defaultP: 0.1,
  params: {},
  sample: (): PlannedOp[] => [{ op: 'invert' }],
});

export const posterize = defineOp({
  id: 'posterize',
  label: 'Posterize',
  description: 'Keeps only the highest bits of each channel.',
  kind: 'pixels',
  defaultP: 0.2,
  params: { bits: { kind: 'number', label: 'Bits', unit: '', min: 1, max: 8, step: 1, isStepped: true, default: 4 } },
  sample: ({ bits }): Posterize[] => [{ op: 'posterize', bits }],
});

export const solarize = defineOp({
  id: 'solarize',
  label: 'Solarize',
  description: 'Inverts everything brighter than a threshold.',
  kind: 'pixels',
  defaultP: 0.2,
  params: { threshold: { kind: 'number', label: 'Threshold', unit: '', min: 0, max: 256, step: 1, default: 128 } },
  sample: ({ threshold }): Solarize[] => [{ op: 'solarize', threshold }],
});

export const autocontrast = defineOp({
  id: 'autocontrast',
  label: 'Auto-contrast',
  description: 'Stretches each channel to its full range.',
  kind: 'pixels',
  defaultP: 0.2,
  params: {},
  sample: (): PlannedOp[] => [{ op: 'autocontrast' }],
});

export const equalize = defineOp({
  id: 'equalize',
  label: 'Equalize',
  description: 'Spreads each channel evenly over its range.',
  kind: 'pixels',
  defaultP: 0.2,
  params: {},
  sample: (): PlannedOp[] => [{ op: 'equalize' }],
});

/** Pillow's `ImageOps.autocontrast` without a cutoff. */
function stretchTable(counts: Uint32Array): Uint8Array {
  const low = counts.findIndex((count) => count > 0);
  const high = counts.findLastIndex((count) => count > 0);
  if (high <= low) return IDENTITY_TABLE;
  const scale = 255 / (high - low);
  const offset = -low * scale;
  return tableOf((value) => Math.trunc(value * scale + offset));
}

/** Pillow's `ImageOps.equalize`. */
function equalizeTable(counts: Uint32Array): Uint8Array {
  const used = counts.filter((count) => count > 0);
  if (used.length <= 1) return IDENTITY_TABLE;
  const total = used.reduce((a, b) => a + b, 0);
  const step = Math.floor((total - used.at(-1)!) / 255);
  if (step === 0) return IDENTITY_TABLE;
  let sum = Math.floor(step / 2);
  return tableOf((value) => {
    const entry = Math.floor(sum / step);
    sum += counts[value]!;
    return entry;
  });
}

export const tonePrimitives = [
  definePixels('grayscale', (image) => {
    const { data } = image;
    for (let i = 0; i < data.length; i += 3) {
      data[i] = data[i + 1] = data[i + 2] = luma(data[i]!, data[i + 1]!, data[i + 2]!);
    }
    return image;
  }),
  definePixels('invert', (image) =>
    applyTable(
      image,
      tableOf((value) => 255 - value),
    ),
  ),
  definePixels<Posterize>('posterize', (image, { bits }) => {
    const mask = 0xff & ~(2 ** (8 - bits) - 1);
    return applyTable(
      image,
      tableOf((value) => value & mask),
    );
  }),
  definePixels<Solarize>('solarize', (image, { threshold }) =>
    applyTable(
      image,
      tableOf((value) => (value < threshold ? value : 255 - value)),
    ),
  ),
  definePixels('autocontrast', (image) => applyTables(image, tablesByChannel(image, stretchTable))),
  definePixels('equalize', (image) => applyTables(image, tablesByChannel(image, equalizeTable))),
];
