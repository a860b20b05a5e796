import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { PacedNews } from '../../../../src/renderer/state/paced-news.js';

let taken: number[];
let news: PacedNews;
const add = (value: number, paceMs: number): void => news.add(() => taken.push(value), paceMs);

beforeEach(() => {
  vi.useFakeTimers();
  taken = [];
  news = new PacedNews();
});
afterEach(() => void vi.useRealTimers());

it('takes the first in at once and holds those that follow quickly, in their order', () => {
  add(1, 300);
  expect(taken).toEqual([1]);
  for (const value of [2, 3, 4]) add(value, 300);
  expect(taken).toEqual([1]);
  vi.advanceTimersByTime(300);
  expect(taken).toEqual([1, 2, 3, 4]);
});

it('never waits longer than its pace, however many come', () => {
  add(1, 300);
  for (let value = 2; value <= 12; value++) {
    vi.advanceTimersByTime(50);
    add(value, 300);
  }
  // The sixth came at 250 ms.
  expect(taken).toEqual([1, 2, 3, 4, 5, 6]);
});

it('takes all in as soon as something may wait less', () => {
  add(1, 300);
  add(2, 300);
  add(3, 80);
  vi.advanceTimersByTime(80);
  expect(taken).toEqual([1, 2, 3]);
  add(4, 300);
  add(5, 0);
  expect(taken).toEqual([1, 2, 3, 4, 5]);
  vi.advanceTimersByTime(1000);
  expect(taken).toHaveLength(5);
});

it('takes what comes after a pause in at once', () => {
  add(1, 300);
  vi.advanceTimersByTime(1000);
  add(2, 300);
  expect(taken).toEqual([1, 2]);
});

it('takes in what it is asked to', () => {
  add(1, 300);
  add(2, 300);
  news.flush();
  expect(taken).toEqual([1, 2]);
});
