/** The ops as they are offered, by what they change. */
export const OP_GROUPS: readonly { readonly label: string; readonly ops: readonly string[] }[] = [
  { label: 'Framing', ops: ['random_resized_crop'] },
  { label: 'Geometry', ops: ['horizontal_flip', 'vertical_flip', 'rotation', 'affine', 'perspective'] },
  {
    label: 'Colour',
    ops: ['color_jitter', 'grayscale', 'posterize', 'solarize', 'autocontrast', 'equalize', 'invert'],
  },
  { label: 'Sharpness and noise', ops: ['gaussian_blur', 'sharpness', 'random_erasing'] },
  { label: 'Automatic', ops: ['trivial_augment_wide', 'rand_augment'] },
];

/** Ways to mix pictures inside a batch, as they are offered. */
export const MIXES = [
  {
    kind: 'mixup',
    label: 'Mixup',
    description: 'Fades each picture of a batch into another, and their classes alike.',
  },
  {
    kind: 'cutmix',
    label: 'CutMix',
    description: 'Pastes a part of another picture of the batch, and mixes their classes by area.',
  },
] as const;
