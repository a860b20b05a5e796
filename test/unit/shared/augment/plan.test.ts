import { describe, expect, it } from 'vitest';
import { planAugment, planFraming } from '../../../../src/shared/augment/plan.js';
import { parsePolicy } from '../../../../src/shared/augment/policy.js';
import { renderAugment } from '../../../../src/shared/augment/render.js';
import { frameImage } from '../../../../src/shared/framing.js';
import { formulaPicture, inputOf } from '../../../support/transforms.js';

const source = { width: 500, height: 375 };
const input = inputOf(224, 256);
const STEPS = [
  { op: 'random_resized_crop' },
  { op: 'horizontal_flip', p: 1 },
  { op: 'rotation' },
  { op: 'color_jitter' },
  { op: 'random_erasing', p: 1 },
] as const;

const draw = (steps: readonly unknown[], view = 0) =>
  planAugment(parsePolicy({ steps }), { seed: 5, view, imageId: 'abc' }, source, input, 'crop');

const VIEWS = Array.from({ length: 30 }, (_, view) => view);

/** The planned ops of the steps, less those that one step may plan. */
const without = (steps: readonly unknown[], view: number, names: readonly string[]) =>
  draw(steps, view).ops.filter(({ op }) => !names.includes(op));

describe('planAugment', () => {
  it('begins with the frame, then has the ops in order', () => {
    const { frame, ops, input: planned } = draw(STEPS);
    expect(frame.kind).toBe('crop');
    expect(planned).toEqual(input);
    expect(
      ops.map(({ op }) => op).filter((op) => !['brightness', 'contrast', 'saturation', 'hue'].includes(op)),
    ).toEqual(['horizontal_flip', 'rotation', 'erase']);
  });

  it('frames by the framing where nothing crops, or the crop is not applied', () => {
    const framing = { kind: 'framing', framing: 'crop' };
    expect(draw(STEPS.slice(1)).frame).toEqual(framing);
    expect(draw([{ op: 'random_resized_crop', p: 0 }]).frame).toEqual(framing);
    const frames = VIEWS.map((view) => draw([{ op: 'random_resized_crop', p: 0.5 }], view).frame.kind);
    expect(new Set(frames)).toEqual(new Set(['crop', 'framing']));
  });

  it.each([
    ['rotation', { op: 'rotation', params: { degrees: [-90, 90] } }, ['rotation']],
    ['rotation switched off', { op: 'rotation', p: 0 }, ['rotation']],
    ['color_jitter', { op: 'color_jitter', params: { hue: 0 } }, ['brightness', 'contrast', 'saturation', 'hue']],
    ['random_erasing', { op: 'random_erasing', p: 1, params: { scale: [0.5, 0.6] } }, ['erase']],
  ] as const)('one slider leaves the dice of the others alone: %s', (_name, changed, own) => {
    const steps = STEPS.map((step) => (step.op === changed.op ? changed : step));
    for (const view of VIEWS) {
      expect(draw(steps, view).frame).toEqual(draw(STEPS, view).frame);
      expect(without(steps, view, own)).toEqual(without(STEPS, view, own));
    }
    expect(VIEWS.some((view) => JSON.stringify(draw(steps, view)) !== JSON.stringify(draw(STEPS, view)))).toBe(true);
  });

  it('throws the same number however likely the step is', () => {
    const angle = (p: number, view: number): unknown => draw([{ op: 'rotation', p }], view).ops[0];
    const applied = VIEWS.filter((view) => angle(0.4, view) !== undefined);
    expect(applied.length).toBeGreaterThan(3);
    expect(applied.length).toBeLessThan(27);
    for (const view of applied) expect(angle(0.4, view)).toEqual(angle(1, view));
  });

  it('does not throw again for a step that is moved or gets a neighbour', () => {
    const [crop, flip, turn, jitter] = STEPS;
    expect(draw([crop, jitter, turn, flip]).ops.filter(({ op }) => op === 'rotation')).toEqual(
      draw([crop, flip, turn]).ops.filter(({ op }) => op === 'rotation'),
    );
  });

  it('throws for each repetition of an op', () => {
    const [first, second] = draw([{ op: 'rotation' }, { op: 'rotation' }]).ops;
    expect(first).not.toEqual(second);
    expect(draw([{ op: 'rotation' }]).ops).toEqual([first]);
  });

  it('throws for each op apart: one says nothing about another', () => {
    const steps = [{ op: 'horizontal_flip' }, { op: 'vertical_flip' }];
    const outcomes = Array.from({ length: 400 }, (_, view) =>
      draw(steps, view)
        .ops.map(({ op }) => op)
        .join(),
    );
    for (const outcome of ['', 'horizontal_flip', 'vertical_flip', 'horizontal_flip,vertical_flip']) {
      expect(Math.abs(outcomes.filter((each) => each === outcome).length - 100), outcome).toBeLessThan(45);
    }
  });

  it('applies a step as often as its probability says', () => {
    const policy = parsePolicy({ steps: [{ op: 'horizontal_flip', p: 0.3 }] });
    const flipped = Array.from({ length: 5000 }, (_, n) =>
      planAugment(policy, { seed: 0, view: 0, imageId: `image ${n}` }, source, input, 'crop'),
    ).filter(({ ops }) => ops.length === 1).length;
    expect(Math.abs(flipped / 5000 - 0.3)).toBeLessThan(0.03);
  });

  it('takes a crop of the size that it is given', () => {
    for (const view of VIEWS) {
      const plan = planAugment(
        parsePolicy({ steps: [{ op: 'random_resized_crop' }] }),
        { seed: 5, view, imageId: 'abc' },
        { width: 64, height: 20 },
        input,
        'crop',
      );
      if (plan.frame.kind !== 'crop') throw new Error('expected a crop');
      const { left, top, width, height } = plan.frame.box;
      expect(left + width).toBeLessThanOrEqual(64);
      expect(top + height).toBeLessThanOrEqual(20);
    }
  });
});

describe('planFraming', () => {
  it.each(['crop', 'squash', 'letterbox'] as const)('draws what %s frames', (framing) => {
    const picture = formulaPicture(50, 41);
    const small = inputOf(16, 19);
    const plan = planFraming(small, framing);
    expect(plan.ops).toEqual([]);
    expect(renderAugment(picture, plan)).toEqual(frameImage(picture, small, framing));
  });
});
