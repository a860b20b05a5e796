import { AUGMENT_OPS } from '../../../../src/shared/augment/registry.js';
import { AUGMENT_PRESETS } from '../../../../src/shared/augment/presets.js';

/** By op, settings under which nothing changes; ops that always change something are left out. */
export const identitySettings: Readonly<Record<string, Readonly<Record<string, unknown>>>> = {
  rotation: { degrees: [0, 0] },
  affine: { degrees: [0, 0], translate: 0, scale: [1, 1], shear: [0, 0] },
  perspective: { distortion_scale: 0 },
  color_jitter: { brightness: 0, contrast: 0, saturation: 0, hue: 0 },
  sharpness: { sharpness_factor: 1 },
  posterize: { bits: 8 },
  solarize: { threshold: 256 },
};

/** Names and steps: every op alone at even odds, and the presets. */
export const PREPARED_POLICIES: readonly (readonly [name: string, steps: readonly unknown[]])[] = [
  ...AUGMENT_OPS.map((op) => [op.id, [{ op: op.id, p: 0.5 }]] as const),
  ...AUGMENT_PRESETS.filter(({ id }) => id !== 'none').map(({ id, policy }) => [`preset ${id}`, policy.steps] as const),
];
