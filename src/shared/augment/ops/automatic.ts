import { roundHalfEven } from '../../resize.js';
import type { RandomStream } from '../../random.js';
import { defineOp, type PlannedOp, type Size } from '../op.js';
import type { Affine } from './affine.js';
import type { Enhancement } from './color-jitter.js';
import type { Rotation } from './rotation.js';
import type { Sharpness } from './sharpness.js';
import type { Posterize, Solarize } from './tone.js';

/** Strengths are counted in so many steps from none to all. */
const BINS = 31;

/** One entry of an automatic policy's table: its strengths, whether they take a random sign, and what they mean. */
interface Entry {
  readonly magnitude: (bin: number, square: Size) => number;
  readonly isSigned: boolean;
  readonly plan: (magnitude: number) => PlannedOp[];
}

const linear = (from: number, to: number) => (bin: number) => from + ((to - from) * bin) / (BINS - 1);
const degreesOf = (slope: number): number => (Math.atan(slope) * 180) / Math.PI;

const shear = (magnitude: Entry['magnitude'], axis: 'x' | 'y'): Entry => ({
  magnitude,
  isSigned: true,
  plan: (slope) => {
    const angle = degreesOf(slope);
    const shearDegrees: [number, number] = axis === 'x' ? [angle, 0] : [0, angle];
    return [
      { op: 'affine', degrees: 0, translatePixels: [0, 0], scale: 1, shearDegrees, about: 'corner' } satisfies Affine,
    ];
  },
});

const translate = (magnitude: Entry['magnitude'], axis: 'x' | 'y'): Entry => ({
  magnitude,
  isSigned: true,
  plan: (length) => {
    // Zero is added so that no negative zero comes out, which JSON does not keep.
    const pixels = Math.trunc(length) + 0;
    const translatePixels: [number, number] = axis === 'x' ? [pixels, 0] : [0, pixels];
    return [
      { op: 'affine', degrees: 0, translatePixels, scale: 1, shearDegrees: [0, 0], about: 'centre' } satisfies Affine,
    ];
  },
});

const enhance = (op: Enhancement['op'], magnitude: Entry['magnitude']): Entry => ({
  magnitude,
  isSigned: true,
  plan: (change) => [{ op, factor: 1 + change } satisfies Enhancement],
});

/** The table that both policies share; they differ in how strong it gets. */
function table(max: {
  readonly shear: number;
  readonly translate: Entry['magnitude'];
  readonly degrees: number;
  readonly change: number;
  readonly posterizeSteps: number;
}): readonly Entry[] {
  const none = (): number => 0;
  const change = linear(0, max.change);
  return [
    { magnitude: none, isSigned: false, plan: () => [] },
    shear(linear(0, max.shear), 'x'),
    shear(linear(0, max.shear), 'y'),
    translate(max.translate, 'x'),
    translate(max.translate, 'y'),
    {
      magnitude: linear(0, max.degrees),
      isSigned: true,
      plan: (degrees) => [{ op: 'rotation', degrees } satisfies Rotation],
    },
    enhance('brightness', change),
    enhance('saturation', change),
    enhance('contrast', change),
    {
      magnitude: change,
      isSigned: true,
      plan: (value) => [{ op: 'sharpness', factor: 1 + value } satisfies Sharpness],
    },
    {
      magnitude: (bin) => 8 - roundHalfEven(bin / ((BINS - 1) / max.posterizeSteps)),
      isSigned: false,
      plan: (bits) => [{ op: 'posterize', bits } satisfies Posterize],
    },
    {
      magnitude: linear(255, 0),
      isSigned: false,
      plan: (threshold) => [{ op: 'solarize', threshold } satisfies Solarize],
    },
    { magnitude: none, isSigned: false, plan: () => [{ op: 'autocontrast' }] },
    { magnitude: none, isSigned: false, plan: () => [{ op: 'equalize' }] },
  ];
}

const TRIVIAL_TABLE = table({
  shear: 0.99,
  translate: linear(0, 32),
  degrees: 135,
  change: 0.99,
  posterizeSteps: 6,
});

const RAND_TABLE = table({
  shear: 0.3,
  translate: (bin, { width }) => linear(0, (150 / 331) * width)(bin),
  degrees: 30,
  change: 0.9,
  posterizeSteps: 4,
});

function pick(entries: readonly Entry[], bin: number | null, rng: RandomStream, square: Size): PlannedOp[] {
  const entry = entries[rng.integer(entries.length)]!;
  const drawn = rng.integer(BINS);
  const isNegative = rng.chance(0.5);
  const magnitude = entry.magnitude(bin ?? drawn, square);
  return entry.plan(entry.isSigned && isNegative ? 0 - magnitude : magnitude);
}

/** Müller & Hutter, "TrivialAugment: tuning-free yet state-of-the-art data augmentation" (2021); torchvision's table. */
export const trivialAugmentWide = defineOp({
  id: 'trivial_augment_wide',
  label: 'TrivialAugment',
  description: 'Applies one random change of random strength; needs no tuning.',
  kind: 'pixels',
  defaultP: 1,
  params: {},
  sample: (_, rng, square) => pick(TRIVIAL_TABLE, null, rng, square),
});

/** Cubuk et al., "RandAugment: practical automated data augmentation with a reduced search space" (2020); torchvision's table. */
export const randAugment = defineOp({
  id: 'rand_augment',
  label: 'RandAugment',
  description: 'Applies a few random changes of one strength.',
  kind: 'pixels',
  defaultP: 1,
  params: {
    num_ops: { kind: 'number', label: 'Changes', unit: '', min: 1, max: 6, step: 1, isStepped: true, default: 2 },
    magnitude: {
      kind: 'number',
      label: 'Strength',
      unit: '',
      min: 0,
      max: BINS - 1,
      step: 1,
      isStepped: true,
      default: 9,
    },
  },
  sample: ({ num_ops: count, magnitude }, rng, square) =>
    Array.from({ length: count }, () => pick(RAND_TABLE, magnitude, rng, square)).flat(),
});
