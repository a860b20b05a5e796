import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createEngine } from '../../../../src/main/engine/engine.js';
import { loadTensorFlow } from '../../../../src/main/engine/tf.js';
import type { Handlers, Params } from '../../../../src/shared/contract.js';

const context = { signal: new AbortController().signal, onProgress: () => undefined };

describe('the engine', () => {
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  it('says every two seconds that it lives and what it holds, until it is shut down', async () => {
    const tf = await loadTensorFlow();
    const held = tf.scalar(1);
    const heard: unknown[] = [];
    const engine = createEngine((name, data) => void heard.push({ name, data }));
    vi.advanceTimersByTime(6100);
    const tensors = tf.memory().numTensors;
    expect(tensors).toBeGreaterThan(0);
    const stats = { name: 'engine.stats', data: { rssBytes: expect.any(Number) as number, tensors } };
    expect(heard).toEqual([stats, stats, stats]);
    await engine.shutdown();
    vi.advanceTimersByTime(6000);
    expect(heard).toHaveLength(3);
    held.dispose();
  });

  it('has no run in hand to begin with, and says so to whoever asks for one', async () => {
    const engine = createEngine(() => undefined);
    const handlers = engine.handlers as Handlers;
    expect(await handlers['train.current']({}, context)).toBeNull();
    const run = '/nowhere/run';
    const missing = expect.objectContaining({ code: 'not-found' }) as Error;
    await expect(handlers['train.stop']({ run }, context)).rejects.toThrow(missing);
    await expect(handlers['train.cancel']({ run }, context)).rejects.toThrow(missing);
    await expect(handlers['train.resume']({ run }, context)).rejects.toThrow(missing);
    const pause: Params<'train.pause'> = { run, isPaused: true };
    await expect(handlers['train.pause'](pause, context)).rejects.toThrow(missing);
    await engine.shutdown();
  });
});
