import { expect, it } from 'vitest';
import { secondsLeft } from '../../../src/shared/progress.js';

it('extends the mean speed so far', () => {
  expect(secondsLeft({ done: 25, total: 100 }, 10)).toBe(30);
  expect(secondsLeft({ done: 100, total: 100 }, 10)).toBe(0);
});

it('says nothing where nothing is known', () => {
  expect(secondsLeft({ done: 5, total: null }, 10)).toBeNull();
  expect(secondsLeft({ done: 0, total: 100 }, 10)).toBeNull();
  expect(secondsLeft({ done: 5, total: 100 }, 0)).toBeNull();
});

it('is never negative when more was done than announced', () => {
  expect(secondsLeft({ done: 120, total: 100 }, 10)).toBe(0);
});
