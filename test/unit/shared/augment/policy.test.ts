import { describe, expect, it } from 'vitest';
import { parsePolicy } from '../../../../src/shared/augment/policy.js';
import { AUGMENT_PRESETS, presetPolicy } from '../../../../src/shared/augment/presets.js';
import { AUGMENT_OPS, findAugmentOp } from '../../../../src/shared/augment/registry.js';
import { GraftError } from '../../../../src/shared/errors.js';

function refusal(parse: () => unknown): string {
  try {
    parse();
  } catch (error) {
    expect(error).toBeInstanceOf(GraftError);
    expect((error as GraftError).code).toBe('invalid-value');
    return (error as GraftError).message;
  }
  throw new Error('expected a refusal');
}

const step = (value: unknown): unknown => ({ steps: [value] });

describe('parsePolicy', () => {
  it.each(AUGMENT_OPS.map(({ id }) => id))('fills in the defaults of %s, and reads what it gave', (id) => {
    const policy = parsePolicy(step({ op: id }));
    const op = findAugmentOp(id)!;
    const defaults = Object.fromEntries(Object.entries(op.params).map(([name, spec]) => [name, spec.default]));
    expect(policy).toEqual({ steps: [{ op: id, p: op.defaultP, params: defaults }], mix: null });
    expect(parsePolicy(JSON.parse(JSON.stringify(policy)))).toEqual(policy);
  });

  it('reads mixing', () => {
    expect(parsePolicy({ steps: [], mix: { kind: 'cutmix', alpha: 1 } }).mix).toEqual({
      kind: 'cutmix',
      alpha: 1,
      p: 1,
    });
    expect(parsePolicy({ steps: [] }).mix).toBeNull();
  });

  it.each([
    [null, 'augmentation: expected an object, received null'],
    [[], 'augmentation: expected an object, received []'],
    [{ steps: {} }, 'augmentation, steps: expected a list, received {}'],
    [{ steps: [], extra: 1 }, 'augmentation: expected only steps, mix, received "extra"'],
    [step(3), 'augmentation step 1: expected an object, received 3'],
    [step({ op: 'spin' }), 'augmentation step 1: expected an op among random_resized_crop, horizontal_flip,'],
    [step({ op: '__proto__' }), 'received "__proto__"'],
    [step({ op: 'rotation', angle: 3 }), 'augmentation rotation: expected only op, p, params, received "angle"'],
    [step({ op: 'rotation', p: 1.5 }), 'augmentation rotation, p: expected a number from 0 to 1, received 1.5'],
    [step({ op: 'rotation', p: '1' }), 'augmentation rotation, p: expected a number from 0 to 1, received "1"'],
    [step({ op: 'rotation', params: [] }), 'augmentation rotation, params: expected an object, received []'],
    [step({ op: 'rotation', params: { x: 1 } }), 'augmentation rotation, params: expected only degrees, received "x"'],
    [
      step({ op: 'rotation', params: { degrees: [10, -10] } }),
      'augmentation rotation, degrees: expected two ascending numbers from -180 to 180 °, received [10,-10]',
    ],
    [step({ op: 'rotation', params: { degrees: [0, 200] } }), 'received [0,200]'],
    [step({ op: 'rotation', params: { degrees: 5 } }), 'received 5'],
    [step({ op: 'horizontal_flip', params: { x: 1 } }), 'expected only no settings, received "x"'],
    [
      step({ op: 'color_jitter', params: { hue: 0.6 } }),
      'augmentation color_jitter, hue: expected a number from 0 to 0.5 ±, received 0.6',
    ],
    [
      step({ op: 'random_erasing', params: { value: 'red' } }),
      'augmentation random_erasing, value: expected one of black, mean, noise, received "red"',
    ],
    [
      { steps: [{ op: 'rotation' }, { op: 'random_resized_crop' }] },
      'augmentation random_resized_crop: expected it as the first step, found it as step 2',
    ],
    [{ steps: [], mix: { kind: 'blend', alpha: 1 } }, 'mix, kind: expected mixup or cutmix, received "blend"'],
    [{ steps: [], mix: { kind: 'mixup', alpha: 0 } }, 'mix, alpha: expected a number from 0.01 to 100, received 0'],
    [{ steps: [], mix: { kind: 'mixup', alpha: 1, p: 2 } }, 'mix, p: expected a number from 0 to 1, received 2'],
  ])('refuses %j', (value, message) => {
    expect(refusal(() => parsePolicy(value))).toContain(message);
  });

  it('refuses numbers that are none', () => {
    for (const p of [NaN, Infinity, -0.1]) {
      expect(refusal(() => parsePolicy(step({ op: 'rotation', p })))).toContain('p: expected a number from 0 to 1');
    }
    expect(refusal(() => parsePolicy(step({ op: 'rotation', params: { degrees: [NaN, 1] } })))).toContain('degrees');
  });
});

describe('the registry of ops', () => {
  it('describes every op and every setting for people', () => {
    for (const { id, label, description, defaultP, params } of AUGMENT_OPS) {
      expect(id).toMatch(/^[a-z]+(_[a-z]+)*$/);
      expect(label.length).toBeGreaterThan(2);
      expect(description, id).toMatch(/^[A-Z].*\.$/);
      expect(defaultP > 0 && defaultP <= 1, id).toBe(true);
      for (const [name, spec] of Object.entries(params)) {
        expect(spec.label.length, `${id}, ${name}`).toBeGreaterThan(2);
        if (spec.kind !== 'choice') expect(spec.min, `${id}, ${name}`).toBeLessThan(spec.max);
      }
    }
  });

  it('knows no op by the names that every object has', () => {
    for (const id of ['toString', 'constructor', '__proto__', '']) expect(findAugmentOp(id)).toBeNull();
  });
});

describe('presets', () => {
  it('are policies that parse to themselves', () => {
    expect(AUGMENT_PRESETS.map(({ id }) => id)).toEqual(['none', 'light', 'tutorial', 'strong', 'trivial']);
    for (const { id, policy } of AUGMENT_PRESETS) {
      expect(parsePolicy(JSON.parse(JSON.stringify(policy)))).toEqual(policy);
      expect(presetPolicy(id)).toEqual(policy);
    }
    expect(presetPolicy('none').steps).toEqual([]);
  });

  it("has PyTorch's tutorial with torchvision's defaults", () => {
    expect(presetPolicy('tutorial').steps).toEqual([
      { op: 'random_resized_crop', p: 1, params: { scale: [0.08, 1], ratio: [3 / 4, 4 / 3] } },
      { op: 'horizontal_flip', p: 0.5, params: {} },
    ]);
  });

  it('are listed when one is asked for that there is not', () => {
    expect(refusal(() => presetPolicy('heavy'))).toBe(
      'expected an augmentation preset among none, light, tutorial, strong, trivial, received "heavy"',
    );
  });
});
