import { defineGeometric, defineOp } from '../op.js';
import { inverseAffine } from '../matrix.js';

/** A planned rotation, counter-clockwise. */
export interface Rotation {
  readonly op: 'rotation';
  readonly degrees: number;
}

/** torchvision's RandomRotation, bilinear. */
export const rotation = defineOp({
  id: 'rotation',
  label: 'Rotate',
  description: 'Turns the picture about its centre.',
  kind: 'geometric',
  defaultP: 1,
  params: {
    degrees: { kind: 'range', label: 'Angle', unit: '°', min: -180, max: 180, step: 1, default: [-15, 15] },
  },
  sample: ({ degrees }, rng): Rotation[] => [{ op: 'rotation', degrees: rng.between(degrees[0], degrees[1]) }],
});

export const rotationPrimitive = defineGeometric<Rotation>('rotation', ({ degrees }, { width, height }) =>
  inverseAffine(-degrees, [0, 0], 1, [0, 0], [width / 2, height / 2]),
);
