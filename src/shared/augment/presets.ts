import { GraftError } from '../errors.js';
import { type AugmentPolicy, parsePolicy } from './policy.js';

/** A named policy. */
export interface AugmentPreset {
  readonly id: string;
  readonly label: string;
  readonly description: string;
  readonly policy: AugmentPolicy;
}

const preset = (id: string, label: string, description: string, steps: readonly unknown[]): AugmentPreset => ({
  id,
  label,
  description,
  policy: parsePolicy({ steps, mix: null }),
});

/** Policies to begin with. */
export const AUGMENT_PRESETS: readonly AugmentPreset[] = [
  preset('none', 'None', 'Every epoch shows the same pictures.', []),
  preset('light', 'Light', 'Small crops, flips and turns; safe for most pictures.', [
    { op: 'random_resized_crop', params: { scale: [0.6, 1] } },
    { op: 'horizontal_flip' },
    { op: 'rotation', params: { degrees: [-10, 10] } },
    { op: 'color_jitter', params: { brightness: 0.15, contrast: 0.15, saturation: 0.15, hue: 0.01 } },
  ]),
  preset('tutorial', 'Tutorial', "PyTorch's transfer learning tutorial: random crops and flips.", [
    { op: 'random_resized_crop' },
    { op: 'horizontal_flip' },
  ]),
  preset('strong', 'Strong', 'Hard crops, tilts, colours and covered parts, for long training.', [
    { op: 'random_resized_crop', params: { scale: [0.25, 1] } },
    { op: 'horizontal_flip' },
    { op: 'affine', params: { degrees: [-20, 20], translate: 0.1, scale: [0.9, 1.1], shear: [-10, 10] } },
    { op: 'perspective', p: 0.3, params: { distortion_scale: 0.3 } },
    { op: 'color_jitter', params: { brightness: 0.4, contrast: 0.4, saturation: 0.4, hue: 0.05 } },
    { op: 'gaussian_blur', p: 0.1 },
    { op: 'random_erasing', p: 0.25 },
  ]),
  preset('trivial', 'TrivialAugment', 'Random crops and flips, then one random change; needs no tuning.', [
    { op: 'random_resized_crop', params: { scale: [0.35, 1] } },
    { op: 'horizontal_flip' },
    { op: 'trivial_augment_wide' },
  ]),
];

/**
 * The policy of a preset.
 *
 * @throws GraftError `invalid-value` listing the presets
 */
export function presetPolicy(id: string): AugmentPolicy {
  const found = AUGMENT_PRESETS.find((candidate) => candidate.id === id);
  if (found) return found.policy;
  const known = AUGMENT_PRESETS.map((candidate) => candidate.id).join(', ');
  throw new GraftError('invalid-value', `expected an augmentation preset among ${known}, received "${id}"`);
}
