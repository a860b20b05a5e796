import { describe, expect, it } from 'vitest';
import { measureLabelShift } from '../../../../../src/main/engine/insight/label-risk.js';

const at = (degrees: number, length = 1): Float32Array => {
  const angle = (degrees * Math.PI) / 180;
  return Float32Array.of(length * Math.cos(angle), length * Math.sin(angle));
};

/** Two classes of three pictures around 10° and 80°. */
const clean = [0, 10, 20, 70, 80, 90].map((degrees, index) => ({
  classIndex: index < 3 ? 0 : 1,
  features: at(degrees, 1 + index),
}));

describe('measureLabelShift', () => {
  it('sees no shift where pictures stay near their class, whatever the length of their features', () => {
    const changed = clean.map(({ features }) => [features.map((value) => value * 7), features]);
    expect(measureLabelShift(clean, changed)).toEqual({ share: 0, pair: null });
  });

  it('names the way that most of a class go, and the share of all', () => {
    const changed = clean.map(({ classIndex, features }) => [classIndex === 0 ? at(85) : features]);
    expect(measureLabelShift(clean, changed)).toEqual({ share: 0.5, pair: { from: 0, to: 1, share: 1 } });
  });

  it('weighs a picture by its versions, so that many dice count no more than one', () => {
    const changed = clean.map(({ classIndex, features }) =>
      classIndex === 0 ? [at(85), features, features, features] : [features],
    );
    expect(measureLabelShift(clean, changed)).toEqual({ share: 0.125, pair: { from: 0, to: 1, share: 0.25 } });
  });

  it('takes off what lies at another class anyway', () => {
    const astray = [...clean, { classIndex: 0, features: at(88) }];
    const same = astray.map(({ features }) => [features]);
    expect(measureLabelShift(astray, same)).toEqual({ share: 0, pair: null });
    const swapped = astray.map(({ features }, index) => [index === 6 ? at(10) : index === 0 ? at(85) : features]);
    // One comes right, one goes wrong: no excess, though the way is there.
    expect(measureLabelShift(astray, swapped)).toEqual({ share: 0, pair: { from: 0, to: 1, share: 0.25 } });
  });

  it('leaves a picture out of the mean that it is compared with', () => {
    // Alone with one companion far away, a picture would hold its own mean.
    const lonely = [
      { classIndex: 0, features: at(40) },
      { classIndex: 0, features: at(-80) },
      { classIndex: 1, features: at(50) },
      { classIndex: 1, features: at(60) },
    ];
    const changed = lonely.map(({ features }) => [features]);
    expect(measureLabelShift(lonely, changed)).toEqual({ share: 0, pair: null });
  });

  it('copes with features that are all zero', () => {
    const zero = { classIndex: 1, features: new Float32Array(2) };
    const { share } = measureLabelShift(
      [...clean, zero],
      [...clean, zero].map(({ features }) => [features]),
    );
    expect(share).toBe(0);
  });
});
