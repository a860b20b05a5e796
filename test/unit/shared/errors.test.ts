import { describe, expect, it } from 'vitest';
import {
  ERROR_CODES,
  GraftError,
  fromWire,
  invariant,
  isErrorCode,
  messageOf,
  throwIfAborted,
  toWire,
} from '../../../src/shared/errors.js';

describe('toWire and fromWire', () => {
  it.each(ERROR_CODES)('keep code %s, message and details', (code) => {
    const error = new GraftError(code, 'a message', { details: { path: '/a', count: 2 }, cause: new Error('inner') });
    const wire = JSON.parse(JSON.stringify(toWire(error))) as unknown;
    expect(wire).toEqual({ code, message: 'a message', details: { path: '/a', count: 2 } });
    const restored = fromWire(wire);
    expect(restored).toBeInstanceOf(GraftError);
    expect(restored).toMatchObject({ code, message: 'a message', details: { path: '/a', count: 2 } });
  });

  it('keeps the absence of details', () => {
    expect(toWire(new GraftError('usage', 'm'))).toEqual({ code: 'usage', message: 'm' });
    expect(fromWire({ code: 'usage', message: 'm' }).details).toBeUndefined();
  });

  it('turns an abort into cancelled and everything else into internal', () => {
    expect(toWire(new DOMException('stop', 'AbortError')).code).toBe('cancelled');
    expect(toWire(new TypeError('bug'))).toEqual({ code: 'internal', message: 'bug' });
    expect(toWire('text')).toEqual({ code: 'internal', message: 'text' });
  });

  it.each([
    null,
    undefined,
    7,
    'text',
    [['array']],
    {},
    { code: 'usage' },
    { code: 'no-such', message: 'm' },
    { code: 'toString', message: 'm' },
  ])('makes %j an internal error', (value) => {
    expect(fromWire(value).code).toBe('internal');
  });

  it('drops details that are no object', () => {
    expect(fromWire({ code: 'usage', message: 'm', details: [1] }).details).toBeUndefined();
  });
});

describe('small helpers', () => {
  it('isErrorCode knows the union only', () => {
    expect(isErrorCode('usage')).toBe(true);
    expect(isErrorCode('length')).toBe(false);
    expect(isErrorCode(0)).toBe(false);
  });

  it('messageOf reads anything', () => {
    expect(messageOf(new Error('a'))).toBe('a');
    expect(messageOf(7)).toBe('7');
  });

  it('invariant throws a plain error, a bug', () => {
    expect(() => invariant(false, 'broken')).toThrow('invariant: broken');
    expect(() => invariant(true, 'fine')).not.toThrow();
    expect(toWire(new Error('invariant: broken')).code).toBe('internal');
  });

  it('throwIfAborted throws cancelled, and only then', () => {
    expect(() => throwIfAborted(undefined)).not.toThrow();
    expect(() => throwIfAborted(new AbortController().signal)).not.toThrow();
    expect(() => throwIfAborted(AbortSignal.abort())).toThrow(expect.objectContaining({ code: 'cancelled' }));
  });
});
