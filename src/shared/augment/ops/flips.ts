import { defineGeometric, defineOp } from '../op.js';

export const horizontalFlip = defineOp({
  id: 'horizontal_flip',
  label: 'Flip left–right',
  description: 'Mirrors the picture, for things that look alike from both sides.',
  kind: 'geometric',
  defaultP: 0.5,
  params: {},
  sample: () => [{ op: 'horizontal_flip' }],
});

export const verticalFlip = defineOp({
  id: 'vertical_flip',
  label: 'Flip upside down',
  description: 'Turns the picture over, for things without an up, as seen from above or through a microscope.',
  kind: 'geometric',
  defaultP: 0.5,
  params: {},
  sample: () => [{ op: 'vertical_flip' }],
});

export const flipPrimitives = [
  defineGeometric('horizontal_flip', (_, { width }) => [-1, 0, width, 0, 1, 0, 0, 0, 1]),
  defineGeometric('vertical_flip', (_, { height }) => [1, 0, 0, 0, -1, height, 0, 0, 1]),
];
