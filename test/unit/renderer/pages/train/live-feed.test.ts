import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { LiveFeed } from '../../../../../src/renderer/pages/train/live-feed.svelte.js';
import type { BatchMetrics, EpochMetrics } from '../../../../../src/shared/reports.js';

const batches = (count: number): BatchMetrics[] =>
  Array.from({ length: count }, (_, index) => ({
    epoch: 1,
    step: index + 1,
    steps: 100,
    loss: 1,
    accuracy: 0.5,
    lr: 0.01,
    imagesPerSecond: 50,
  }));
const score = { loss: 1, accuracy: 0.5 };
const epoch: EpochMetrics = {
  epoch: 1,
  epochs: 10,
  train: score,
  val: score,
  lr: 0.01,
  imagesPerSecond: 50,
  seconds: { train: 1, validate: 1, wait: 0 },
};

describe('LiveFeed', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => void vi.useRealTimers());

  it('shows the first at once and holds those that follow quickly, the latest not lost', () => {
    const feed = new LiveFeed();
    feed.take(batches(1), []);
    expect(feed.batches).toHaveLength(1);
    for (let count = 2; count <= 5; count++) feed.take(batches(count), []);
    expect(feed.batches).toHaveLength(1);
    vi.advanceTimersByTime(300);
    expect(feed.batches).toHaveLength(5);
  });

  it('never waits longer than its pace, however many come', () => {
    const feed = new LiveFeed();
    feed.take(batches(1), []);
    for (let count = 2; count <= 12; count++) {
      vi.advanceTimersByTime(50);
      feed.take(batches(count), []);
    }
    // After 300 ms the sixth had come.
    expect(feed.batches).toHaveLength(6);
  });

  it('shows the end of an epoch and of the run sooner', () => {
    const feed = new LiveFeed();
    feed.take(batches(1), []);
    feed.take(batches(2), [epoch]);
    vi.advanceTimersByTime(80);
    expect(feed.epochs).toEqual([epoch]);
    expect(feed.batches).toHaveLength(2);
    feed.take(batches(3), [epoch], { isOver: true });
    expect(feed.batches).toHaveLength(3);
  });

  it('shows nothing while nobody looks, and all of it when somebody does', () => {
    const feed = new LiveFeed();
    feed.take(batches(1), []);
    feed.take(batches(2), []);
    feed.take(batches(3), [epoch], { isHidden: true });
    vi.advanceTimersByTime(1000);
    expect(feed.batches).toHaveLength(1);
    feed.show();
    expect(feed.batches).toHaveLength(3);
    expect(feed.epochs).toEqual([epoch]);
  });

  it('is silent once it is stopped', () => {
    const feed = new LiveFeed();
    feed.take(batches(1), []);
    feed.take(batches(2), []);
    feed.stop();
    vi.advanceTimersByTime(1000);
    expect(feed.batches).toHaveLength(1);
  });
});
