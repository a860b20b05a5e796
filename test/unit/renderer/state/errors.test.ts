import { describe, expect, it } from 'vitest';
import { explainError, isCancelled } from '../../../../src/renderer/state/errors.js';
import { ERROR_CODES, GraftError } from '../../../../src/shared/errors.js';

describe.each(ERROR_CODES)('%s', (code) => {
  it('has words of its own and keeps the facts', () => {
    const { title, detail } = explainError(new GraftError(code, 'expected 1, received 2'));
    expect(title.length).toBeGreaterThan(5);
    expect(detail).toBe('expected 1, received 2');
  });
});

it('takes what is no error of ours for a bug', () => {
  expect(explainError(new TypeError('x is not a function')).title).toMatch(/inside Graft/);
  expect(isCancelled(new GraftError('cancelled', ''))).toBe(true);
  expect(isCancelled(new Error('cancelled'))).toBe(false);
});
