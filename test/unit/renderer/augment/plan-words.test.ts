import { describe, expect, it } from 'vitest';
import { plannedWords, stepWords } from '../../../../src/renderer/pages/augment/plan-words.js';
import { planSteps } from '../../../../src/renderer/pages/augment/step-plans.js';
import { planAugment } from '../../../../src/shared/augment/plan.js';
import type { PlannedOp } from '../../../../src/shared/augment/op.js';
import { parsePolicy } from '../../../../src/shared/augment/policy.js';
import { AUGMENT_OPS } from '../../../../src/shared/augment/registry.js';
import type { InputSpec } from '../../../../src/shared/input.js';

const INPUT: InputSpec = { size: 64, resize: 72, interpolation: 'bilinear', mean: [124, 117, 104], std: [58, 57, 57] };
const SOURCE = { width: 200, height: 100 };

describe('planSteps', () => {
  const policy = parsePolicy({
    steps: [
      { op: 'random_resized_crop', p: 0.5 },
      ...AUGMENT_OPS.filter(({ kind }) => kind !== 'frame').map(({ id }) => ({ op: id, p: 0.5 })),
      { op: 'rotation', p: 0.5, params: { degrees: [40, 50] } },
      { op: 'color_jitter', params: { brightness: 0, contrast: 0, saturation: 0, hue: 0 } },
    ],
  });

  it('adds up to the plan of the whole policy', () => {
    for (let view = 0; view < 25; view++) {
      const dice = { seed: 3, view, imageId: 'a' };
      const whole = planAugment(policy, dice, SOURCE, INPUT, 'squash');
      const parts = planSteps(policy, dice, SOURCE, INPUT, 'squash');
      expect(parts.flatMap(({ ops }) => ops)).toEqual(whole.ops);
      expect(parts[0]!.frame ?? { kind: 'framing', framing: 'squash' }).toEqual(whole.frame);
    }
  });

  it('tells what was applied from what was not, and from what came to no change', () => {
    const outcomes = Array.from({ length: 40 }, (_, view) =>
      planSteps(policy, { seed: 3, view, imageId: 'a' }, SOURCE, INPUT, 'squash').map(({ outcome }) => outcome),
    );
    const flips = outcomes.map((outcome) => outcome[1]);
    expect(new Set(flips)).toEqual(new Set(['applied', 'skipped']));
    expect(new Set(outcomes.map((outcome) => outcome.at(-1)))).toEqual(new Set(['nothing']));
  });
});

describe('words of a plan', () => {
  it.each<readonly [PlannedOp & Record<string, unknown>, string]>([
    [{ op: 'rotation', degrees: 7.26 }, 'Turned 7.3° counter-clockwise'],
    [{ op: 'rotation', degrees: -0.5 }, 'Turned 0.5° clockwise'],
    [{ op: 'horizontal_flip' }, 'Mirrored'],
    [{ op: 'brightness', factor: 1.124 }, 'Brightness +12 %'],
    [{ op: 'contrast', factor: 0.9 }, 'Contrast −10 %'],
    [{ op: 'saturation', factor: 1.001 }, 'Saturation 0 %'],
    [{ op: 'hue', turns: -0.02 }, 'Hue −7.2°'],
    [{ op: 'gaussian_blur', kernelSize: 9, sigma: 1.234 }, 'Kernel of 9 px, sigma 1.23 px'],
    [{ op: 'posterize', bits: 4 }, '4 bits a channel'],
    [{ op: 'solarize', threshold: 128 }, 'Inverted from level 128 up'],
    [
      { op: 'erase', left: 3, top: 4, width: 10, height: 20, fill: 'mean', seed: 1 },
      '10 × 20 px at 3, 4 covered with the mean colour',
    ],
    [
      { op: 'affine', degrees: 5, translatePixels: [3, -4], scale: 1.1, shearDegrees: [0, -2], about: 'centre' },
      'Turned 5.0° clockwise, moved by +3 and −4 px, scaled × 1.10, sheared −2.0° along y',
    ],
    [
      { op: 'affine', degrees: 0, translatePixels: [0, 0], scale: 1, shearDegrees: [0, 0], about: 'corner' },
      'Left where it is',
    ],
    [
      {
        op: 'perspective',
        startpoints: [
          [0, 0],
          [9, 0],
          [9, 9],
          [0, 9],
        ],
        endpoints: [
          [3, 4],
          [9, 0],
          [9, 9],
          [0, 9],
        ],
      },
      'Corners moved by up to 5 px',
    ],
  ])('%o', (planned, words) => {
    expect(plannedWords(planned)).toBe(words);
  });

  it('has words for all that any op can plan', () => {
    for (const { id } of AUGMENT_OPS) {
      for (let view = 0; view < 30; view++) {
        const policy = parsePolicy({ steps: [{ op: id, p: 1 }] });
        const { ops } = planAugment(policy, { seed: 1, view, imageId: 'a' }, SOURCE, INPUT, 'crop');
        for (const planned of ops) expect(plannedWords(planned)).toMatch(/^[A-Z0-9].*[^_]$/);
        for (const planned of ops) expect(plannedWords(planned)).not.toBe(planned.op);
      }
    }
  });

  it('say of each step what it came to', () => {
    const flip = { op: 'horizontal_flip', p: 0.5, params: {} };
    expect(stepWords({ step: flip, outcome: 'skipped', ops: [], frame: null }, SOURCE)).toEqual({
      label: 'Flip left–right',
      text: 'Not applied here; the chance is 50 %',
    });
    expect(stepWords({ step: flip, outcome: 'nothing', ops: [], frame: null }, SOURCE).text).toBe('Came to no change');
    const frame = { kind: 'crop', box: { left: 10, top: 20, width: 100, height: 50 } } as const;
    const crop = { op: 'random_resized_crop', p: 1, params: {} };
    expect(stepWords({ step: crop, outcome: 'applied', ops: [], frame }, SOURCE)).toEqual({
      label: 'Random crop',
      text: '100 × 50 px at 10, 20: 25 % of the picture',
    });
  });
});
