import { describe, expect, it } from 'vitest';
import * as v from 'valibot';
import { DEFAULT_SCHEDULES, type Schedule, learningRateFactor, scheduleSchema } from '../../../src/shared/schedule.js';

// What PyTorch 2.13's schedulers print for a base rate of 1, one entry a step.
const TORCH = {
  /** StepLR(step_size=3, gamma=0.1). */
  step: [1, 1, 1, 0.1, 0.1, 0.1, 0.01, 0.01],
  /** CosineAnnealingLR(T_max=10, eta_min=0.05). */
  cosine: [
    1, 0.976751845240198, 0.9092830723281, 0.8041979948389247, 0.6717830723281, 0.525, 0.37821692767189996,
    0.2458020051610753, 0.14071692767190003, 0.07324815475980208, 0.05,
  ],
  /** OneCycleLR(total_steps=11, pct_start=0.3, div_factor=25, final_div_factor=400): its peak is at step 0.3 · 11 − 1. */
  oneCycle: [
    0.04, 0.4223411137347358, 0.9602614247226174, 0.9797485121585681, 0.8844868151434141, 0.7261133450459787,
    0.5306277723278803, 0.33012234367377086, 0.1575133996018263, 0.04113760320238304, 0.0001,
  ],
};

describe('learningRateFactor', () => {
  it.each([
    ['StepLR', { kind: 'step', everyEpochs: 3, factor: 0.1 }, TORCH.step, 8, 8],
    ['CosineAnnealingLR', { kind: 'cosine', floor: 0.05 }, TORCH.cosine, 10, 10],
    ['OneCycleLR', { kind: 'one-cycle', peakAt: 0.23, startFactor: 0.04, endFactor: 0.0001 }, TORCH.oneCycle, 10, 1],
  ] as const)("follows PyTorch's %s", (_, schedule, expected, steps, epochs) => {
    expected.forEach((factor, step) => {
      expect(learningRateFactor(schedule, step / steps, epochs)).toBeCloseTo(factor, 12);
    });
  });

  it('is 1 throughout when constant', () => {
    for (const progress of [0, 0.3, 1]) expect(learningRateFactor({ kind: 'constant' }, progress, 5)).toBe(1);
  });

  it('counts whole epochs for steps, whatever their share of the run is in binary', () => {
    const schedule: Schedule = { kind: 'step', everyEpochs: 1, factor: 0.5 };
    for (let epochs = 1; epochs <= 60; epochs++) {
      for (let epoch = 0; epoch < epochs; epoch++) {
        expect(learningRateFactor(schedule, epoch / epochs, epochs)).toBe(0.5 ** epoch);
      }
    }
  });

  it('warms up from 0 in a straight line, then runs the schedule over the rest', () => {
    const schedule: Schedule = { kind: 'cosine', floor: 0 };
    const at = (progress: number): number => learningRateFactor(schedule, progress, 10, 2);
    expect([0, 0.05, 0.1, 0.15].map(at)).toEqual(
      [0, 0.25, 0.5, 0.75].map((value): unknown => expect.closeTo(value, 12)),
    );
    expect(at(0.2)).toBeCloseTo(1, 12);
    expect(at(0.6)).toBeCloseTo(0.5, 12);
    expect(at(1)).toBeCloseTo(0, 12);
  });

  it('keeps step boundaries where they are when it warms up', () => {
    const schedule: Schedule = { kind: 'step', everyEpochs: 5, factor: 0.1 };
    expect(learningRateFactor(schedule, 0.49, 10, 1)).toBe(1);
    expect(learningRateFactor(schedule, 0.5, 10, 1)).toBeCloseTo(0.1, 12);
  });

  it('stays finite when warm-up takes the whole run', () => {
    for (const progress of [0, 0.5, 1]) {
      expect(learningRateFactor({ kind: 'cosine', floor: 0 }, progress, 2, 5)).toBeGreaterThanOrEqual(0);
    }
  });
});

describe('scheduleSchema', () => {
  it('accepts every default', () => {
    for (const schedule of Object.values(DEFAULT_SCHEDULES)) expect(v.is(scheduleSchema, schedule)).toBe(true);
  });

  it.each([
    { kind: 'linear' },
    { kind: 'constant', factor: 1 },
    { kind: 'step', everyEpochs: 0, factor: 0.1 },
    { kind: 'step', everyEpochs: 1.5, factor: 0.1 },
    { kind: 'step', everyEpochs: 1, factor: 0 },
    { kind: 'cosine', floor: -0.1 },
    { kind: 'cosine', floor: NaN },
    { kind: 'one-cycle', peakAt: 1, startFactor: 0.04, endFactor: 0.0001 },
  ])('refuses %j', (schedule) => {
    expect(v.is(scheduleSchema, schedule)).toBe(false);
  });
});
