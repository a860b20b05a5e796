import { defineGeometric, defineOp } from '../op.js';

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

/** To 15 places, as Pillow's `Image.rotate` does it: quarter turns move whole pixels. */
const round15 = (value: number): number => Math.round(value * 1e15) / 1e15;

export const rotationPrimitive = defineGeometric<Rotation>('rotation', ({ degrees }, { width, height }) => {
  const radians = (degrees * Math.PI) / 180;
  const cos = round15(Math.cos(radians));
  const sin = round15(Math.sin(radians));
  const [x, y] = [width / 2, height / 2];
  return [cos, -sin, cos * -x + sin * y + x, sin, cos, sin * -x + cos * -y + y, 0, 0, 1];
});
