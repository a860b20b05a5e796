import { invariant } from '../errors.js';
import type { AugmentOp, PlannedOp, Primitive } from './op.js';
import { affine, affinePrimitive } from './ops/affine.js';
import { randAugment, trivialAugmentWide } from './ops/automatic.js';
import { colorJitter, colorPrimitives } from './ops/color-jitter.js';
import { flipPrimitives, horizontalFlip, verticalFlip } from './ops/flips.js';
import { gaussianBlur, gaussianBlurPrimitive } from './ops/gaussian-blur.js';
import { perspective, perspectivePrimitive } from './ops/perspective.js';
import { erasePrimitive, randomErasing } from './ops/random-erasing.js';
import { randomResizedCrop } from './ops/random-resized-crop.js';
import { rotation, rotationPrimitive } from './ops/rotation.js';
import { sharpness, sharpnessPrimitive } from './ops/sharpness.js';
import { autocontrast, equalize, grayscale, invert, posterize, solarize, tonePrimitives } from './ops/tone.js';

/** Every op that a policy may name, in the order in which they are offered. */
export const AUGMENT_OPS: readonly AugmentOp[] = [
  randomResizedCrop,
  horizontalFlip,
  verticalFlip,
  rotation,
  affine,
  perspective,
  colorJitter,
  grayscale,
  gaussianBlur,
  sharpness,
  posterize,
  solarize,
  autocontrast,
  equalize,
  invert,
  randomErasing,
  trivialAugmentWide,
  randAugment,
];

const PRIMITIVES: readonly Primitive[] = [
  ...flipPrimitives,
  rotationPrimitive,
  affinePrimitive,
  perspectivePrimitive,
  ...colorPrimitives,
  ...tonePrimitives,
  gaussianBlurPrimitive,
  sharpnessPrimitive,
  erasePrimitive,
];

const opsById = new Map(AUGMENT_OPS.map((op) => [op.id, op]));
invariant(opsById.size === AUGMENT_OPS.length, 'ids of augmentation ops are unique');
const primitivesByOp = new Map(PRIMITIVES.map((primitive) => [primitive.op, primitive]));
invariant(primitivesByOp.size === PRIMITIVES.length, 'every planned op has one primitive');

/** The op of a policy's step, or null for an unknown name. */
export function findAugmentOp(id: string): AugmentOp | null {
  return opsById.get(id) ?? null;
}

/** What draws a planned op. */
export function primitiveOf(planned: PlannedOp): Primitive {
  const primitive = primitivesByOp.get(planned.op);
  invariant(primitive, `planned op ${planned.op} has a primitive`);
  return primitive;
}
