import { defineGeometric, defineOp } from '../op.js';
import { inverseAffine } from '../matrix.js';

/** A planned affine transform. */
export interface Affine {
  readonly op: 'affine';
  /** Clockwise. */
  readonly degrees: number;
  readonly translatePixels: readonly [x: number, y: number];
  readonly scale: number;
  readonly shearDegrees: readonly [x: number, y: number];
  /** About the picture's centre, or about its corner as torchvision's automatic policies shear. */
  readonly about: 'centre' | 'corner';
}

/** torchvision's RandomAffine, bilinear. */
export const affine = defineOp({
  id: 'affine',
  label: 'Move, scale, shear',
  description: 'Shifts, scales, slants and turns the picture.',
  kind: 'geometric',
  defaultP: 1,
  params: {
    degrees: { kind: 'range', label: 'Angle', unit: '°', min: -180, max: 180, step: 1, default: [0, 0] },
    translate: { kind: 'number', label: 'Shift up to', unit: '×', min: 0, max: 1, step: 0.01, default: 0.1 },
    scale: { kind: 'range', label: 'Scale', unit: '×', min: 0.1, max: 4, step: 0.05, default: [0.9, 1.1] },
    shear: { kind: 'range', label: 'Shear', unit: '°', min: -60, max: 60, step: 1, default: [-5, 5] },
  },
  sample({ degrees, translate, scale, shear }, rng, { width, height }): Affine[] {
    // Zero is added so that no negative zero comes out, which JSON does not keep.
    const shift = (length: number): number => Math.round(rng.between(-translate * length, translate * length)) + 0;
    return [
      {
        op: 'affine',
        degrees: rng.between(degrees[0], degrees[1]),
        translatePixels: [shift(width), shift(height)],
        scale: rng.between(scale[0], scale[1]),
        shearDegrees: [rng.between(shear[0], shear[1]), 0],
        about: 'centre',
      },
    ];
  },
});

export const affinePrimitive = defineGeometric<Affine>('affine', (planned, { width, height }) =>
  inverseAffine(
    planned.degrees,
    planned.translatePixels,
    planned.scale,
    planned.shearDegrees,
    planned.about === 'centre' ? [width / 2, height / 2] : [0, 0],
  ),
);
