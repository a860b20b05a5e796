import type { Box } from '../../../shared/resize.js';
import type { PlannedOp, Size } from '../../../shared/augment/op.js';
import type { Affine } from '../../../shared/augment/ops/affine.js';
import type { Enhancement, HueShift } from '../../../shared/augment/ops/color-jitter.js';
import type { GaussianBlur } from '../../../shared/augment/ops/gaussian-blur.js';
import type { Perspective } from '../../../shared/augment/ops/perspective.js';
import type { Erase } from '../../../shared/augment/ops/random-erasing.js';
import type { Rotation } from '../../../shared/augment/ops/rotation.js';
import type { Sharpness } from '../../../shared/augment/ops/sharpness.js';
import type { Posterize, Solarize } from '../../../shared/augment/ops/tone.js';
import { findAugmentOp } from '../../../shared/augment/registry.js';
import type { StepPlan } from './step-plans.js';

const fixed = (value: number, digits: number): string => {
  const text = value.toFixed(digits);
  return Number(text) === 0 ? (0).toFixed(digits) : text.replace('-', '−');
};
const signed = (value: number, digits: number): string => {
  const text = fixed(value, digits);
  return Number(text) > 0 ? `+${text}` : text;
};
const percent = (factor: number): string => `${signed((factor - 1) * 100, 0)} %`;

const ENHANCED = { brightness: 'Brightness', contrast: 'Contrast', saturation: 'Saturation' } as const;

function affineWords({ degrees, translatePixels: [x, y], scale, shearDegrees }: Affine): string {
  const parts: string[] = [];
  if (degrees !== 0)
    parts.push(`turned ${fixed(Math.abs(degrees), 1)}° ${degrees > 0 ? 'clockwise' : 'counter-clockwise'}`);
  if (x !== 0 || y !== 0) parts.push(`moved by ${signed(x, 0)} and ${signed(y, 0)} px`);
  if (scale !== 1) parts.push(`scaled × ${fixed(scale, 2)}`);
  if (shearDegrees[0] !== 0) parts.push(`sheared ${signed(shearDegrees[0], 1)}° along x`);
  if (shearDegrees[1] !== 0) parts.push(`sheared ${signed(shearDegrees[1], 1)}° along y`);
  const text = parts.join(', ');
  return text === '' ? 'Left where it is' : text[0]!.toUpperCase() + text.slice(1);
}

function perspectiveWords({ startpoints, endpoints }: Perspective): string {
  const moves = startpoints.map(([x, y], corner) => Math.hypot(endpoints[corner]![0] - x, endpoints[corner]![1] - y));
  return `Corners moved by up to ${fixed(Math.max(...moves), 0)} px`;
}

const FILL_WORDS = { black: 'black', mean: 'the mean colour', noise: 'noise' } as const;

function eraseWords({ left, top, width, height, fill }: Erase): string {
  return `${width} × ${height} px at ${left}, ${top} covered with ${FILL_WORDS[fill]}`;
}

/** One planned op in words, numbers with their units. */
export function plannedWords(planned: PlannedOp): string {
  switch (planned.op) {
    case 'horizontal_flip':
      return 'Mirrored';
    case 'vertical_flip':
      return 'Turned upside down';
    case 'rotation': {
      const { degrees } = planned as Rotation;
      return `Turned ${fixed(Math.abs(degrees), 1)}° ${degrees < 0 ? 'clockwise' : 'counter-clockwise'}`;
    }
    case 'affine':
      return affineWords(planned as Affine);
    case 'perspective':
      return perspectiveWords(planned as Perspective);
    case 'brightness':
    case 'contrast':
    case 'saturation': {
      const { op, factor } = planned as Enhancement;
      return `${ENHANCED[op]} ${percent(factor)}`;
    }
    case 'hue':
      return `Hue ${signed((planned as HueShift).turns * 360, 1)}°`;
    case 'gaussian_blur': {
      const { kernelSize, sigma } = planned as GaussianBlur;
      return `Kernel of ${kernelSize} px, sigma ${fixed(sigma, 2)} px`;
    }
    case 'sharpness':
      return `Sharpness × ${fixed((planned as Sharpness).factor, 2)}`;
    case 'posterize':
      return `${(planned as Posterize).bits} bits a channel`;
    case 'solarize':
      return `Inverted from level ${fixed((planned as Solarize).threshold, 0)} up`;
    case 'erase':
      return eraseWords(planned as Erase);
    case 'grayscale':
      return 'Colour taken away';
    case 'invert':
      return 'Negative';
    case 'autocontrast':
      return 'Channels stretched to their full range';
    case 'equalize':
      return 'Channels spread evenly';
    default:
      return planned.op;
  }
}

/** A crop in words: where and how much. */
export function cropWords({ left, top, width, height }: Box, source: Size): string {
  const share = (width * height) / (source.width * source.height);
  return `${width} × ${height} px at ${left}, ${top}: ${fixed(share * 100, 0)} % of the picture`;
}

/** One step of a picture's plan: its name, and what the dice came to. */
export function stepWords({ step, outcome, ops, frame }: StepPlan, source: Size): { label: string; text: string } {
  const label = findAugmentOp(step.op)?.label ?? step.op;
  if (outcome === 'nothing') return { label, text: 'Came to no change' };
  if (outcome === 'skipped') return { label, text: `Not applied here; the chance is ${fixed(step.p * 100, 0)} %` };
  if (frame?.kind === 'crop') return { label, text: cropWords(frame.box, source) };
  return { label, text: ops.map(plannedWords).join(' · ') };
}
