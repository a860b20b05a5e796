import { describe, expect, it } from 'vitest';
import { PREPARED_POLICIES, identitySettings } from './settings.js';
import { planAugment } from '../../../../src/shared/augment/plan.js';
import { parsePolicy } from '../../../../src/shared/augment/policy.js';
import { AUGMENT_OPS, findAugmentOp, primitiveOf } from '../../../../src/shared/augment/registry.js';
import { renderAugment } from '../../../../src/shared/augment/render.js';
import { formulaPicture, inputOf } from '../../../support/transforms.js';

const SIZE = 32;
const source = formulaPicture(50, 41);
const input = inputOf(SIZE, 36);
const plain = renderAugment(source, { input, frame: { kind: 'framing', framing: 'crop' }, ops: [] });
const planOf = (steps: readonly unknown[], view = 0, imageId = 'abc') =>
  planAugment(parsePolicy({ steps }), { seed: 1, view, imageId }, source, input, 'crop');

describe('AUGMENT_OPS', () => {
  it('has every op of the plan, once', () => {
    const ids = AUGMENT_OPS.map((op) => op.id);
    expect(new Set(ids).size).toBe(ids.length);
    expect(ids.sort()).toEqual(
      [
        'random_resized_crop horizontal_flip vertical_flip rotation affine perspective color_jitter grayscale',
        'gaussian_blur random_erasing posterize solarize autocontrast equalize sharpness invert',
        'trivial_augment_wide rand_augment',
      ]
        .join(' ')
        .split(' ')
        .sort(),
    );
    expect(findAugmentOp('rotation')?.id).toBe('rotation');
    expect(findAugmentOp('Rotation')).toBeNull();
    expect(findAugmentOp('constructor')).toBeNull();
    expect(() => primitiveOf({ op: 'no_such_op' })).toThrow('invariant');
  });

  it.each(AUGMENT_OPS.map((op) => [op.id, op] as const))('%s: defaults lie inside their bounds', (_id, op) => {
    for (const spec of Object.values(op.params)) {
      if (spec.kind === 'choice') {
        expect(spec.choices).toContain(spec.default);
        continue;
      }
      expect(spec.step).toBeGreaterThan(0);
      expect(spec.min).toBeLessThan(spec.max);
      const defaults = spec.kind === 'number' ? [spec.default] : spec.default;
      expect(Math.min(...defaults)).toBeGreaterThanOrEqual(spec.min);
      expect(Math.max(...defaults)).toBeLessThanOrEqual(spec.max);
    }
  });

  it.each(AUGMENT_OPS.map((op) => op.id))('%s: probability 0 leaves the picture as it is', (id) => {
    const plan = planOf([{ op: id, p: 0 }]);
    expect(plan.ops).toEqual([]);
    expect(renderAugment(source, plan).data).toEqual(plain.data);
  });

  it.each(Object.entries(identitySettings))('%s: settings without effect leave the picture as it is', (id, params) => {
    for (let view = 0; view < 20; view++) {
      const plan = planOf([{ op: id, p: 1, params }], view);
      expect(renderAugment(source, plan).data).toEqual(plain.data);
    }
  });

  it.each(AUGMENT_OPS.map((op) => op.id))('%s: at full probability it changes pictures', (id) => {
    const views = Array.from({ length: 12 }, (_, view) => renderAugment(source, planOf([{ op: id, p: 1 }], view)));
    expect(views.filter((view) => view.data.some((value, i) => value !== plain.data[i])).length).toBeGreaterThan(8);
  });

  it.each(PREPARED_POLICIES)('%s: a plan is JSON, and its JSON draws the same picture', (_name, steps) => {
    for (let view = 0; view < 10; view++) {
      const plan = planOf(steps, view);
      const copy = JSON.parse(JSON.stringify(plan)) as typeof plan;
      expect(copy).toEqual(plan);
      expect(renderAugment(source, copy).data).toEqual(renderAugment(source, plan).data);
    }
  });

  it.each(PREPARED_POLICIES)('%s: dice depend on view, image and seed, and on nothing else', (_name, steps) => {
    const policy = parsePolicy({ steps });
    const draw = (seed: number, view: number, imageId: string): string =>
      JSON.stringify(planAugment(policy, { seed, view, imageId }, source, input, 'crop'));
    const thrown = Array.from({ length: 30 }, (_, n) => [
      draw(1, n, 'abc'),
      draw(1, 0, `image ${n}`),
      draw(n + 2, 0, 'abc'),
    ]);
    expect(draw(1, 3, 'abc')).toBe(thrown[3]![0]);
    for (const kind of [0, 1, 2]) {
      const different = new Set(thrown.map((entry) => entry[kind])).size;
      // An op without numbers has but two outcomes: applied or not.
      expect(different).toBeGreaterThanOrEqual(2);
    }
  });
});
