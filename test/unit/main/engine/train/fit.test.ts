import { describe, expect, it } from 'vitest';
import { GraftError } from '../../../../../src/shared/errors.js';
import { createBestWeights, isBetter } from '../../../../../src/main/engine/train/callbacks/best-weights.js';
import { createEarlyStopping } from '../../../../../src/main/engine/train/callbacks/early-stopping.js';
import { createNanGuard } from '../../../../../src/main/engine/train/callbacks/nan-guard.js';
import { createReporter } from '../../../../../src/main/engine/train/callbacks/reporter.js';
import { type Callback, fit, type FitPlan } from '../../../../../src/main/engine/train/fit.js';
import type { BatchMetrics, EpochMetrics } from '../../../../../src/shared/reports.js';

interface Trace {
  readonly batches: string[];
  readonly rates: number[];
}

/** A plan of two batches an epoch whose validation losses and training losses are given. */
function planOf(
  trace: Trace,
  overrides: Partial<FitPlan<string>> & { valLosses?: readonly number[]; trainLosses?: readonly number[] },
): FitPlan<string> {
  const { valLosses = [], trainLosses = [], ...rest } = overrides;
  let evaluations = 0;
  let steps = 0;
  return {
    epochs: 3,
    stepsPerEpoch: 2,
    batches: async function* (epoch) {
      for (const name of ['a', 'b']) yield `${epoch}${name}`;
    },
    trainStep: async (batch, lr) => {
      trace.batches.push(batch);
      trace.rates.push(lr);
      // Unequal batches: a mean over batches would not be the mean over images.
      const isFirst = batch.endsWith('a');
      return { loss: trainLosses[steps++] ?? (isFirst ? 1 : 4), hits: isFirst ? 3 : 0, count: isFirst ? 3 : 1 };
    },
    evaluate: async () => ({ loss: valLosses[evaluations++] ?? 1, accuracy: 0.5 }),
    learningRate: (progress) => progress,
    callbacks: [],
    signal: new AbortController().signal,
    ...rest,
  };
}

const newTrace = (): Trace => ({ batches: [], rates: [] });

describe('fit', () => {
  it('runs every batch of every epoch with the rate of its progress', async () => {
    const trace = newTrace();
    expect(await fit(planOf(trace, {}))).toBe('completed');
    expect(trace.batches).toEqual(['1a', '1b', '2a', '2b', '3a', '3b']);
    expect(trace.rates).toEqual([0, 1 / 6, 2 / 6, 3 / 6, 4 / 6, 5 / 6]);
  });

  it('means the epoch over images, not over batches', async () => {
    const seen: unknown[] = [];
    const callback: Callback = { onEpochEnd: (state, logs) => void seen.push([state.epoch, logs.train, logs.images]) };
    await fit(planOf(newTrace(), { epochs: 1, callbacks: [callback] }));
    expect(seen).toEqual([[1, { loss: (1 * 3 + 4 * 1) / 4, accuracy: 3 / 4 }, 4]]);
  });

  it('ends after the batch in hand when it is aborted, and still validates it', async () => {
    const trace = newTrace();
    const abort = new AbortController();
    let evaluated = 0;
    const plan = planOf(trace, {
      signal: abort.signal,
      callbacks: [{ onBatchEnd: (state) => void (state.step === 3 && abort.abort()) }],
      evaluate: async () => {
        evaluated++;
        return { loss: 1, accuracy: 1 };
      },
    });
    expect(await fit(plan)).toBe('stopped');
    expect(trace.batches).toEqual(['1a', '1b', '2a']);
    expect(evaluated).toBe(2);
  });

  it('closes the batches when it stops early', async () => {
    let isClosed = false;
    const abort = new AbortController();
    abort.abort();
    const plan = planOf(newTrace(), {
      signal: abort.signal,
      batches: async function* () {
        try {
          yield 'a';
          yield 'b';
        } finally {
          isClosed = true;
        }
      },
    });
    await fit(plan);
    expect(isClosed).toBe(true);
  });

  it('tells callbacks the end also when a step throws', async () => {
    const ends: unknown[] = [];
    const plan = planOf(newTrace(), {
      trainStep: async () => {
        throw new Error('broken');
      },
      callbacks: [{ onFitEnd: (reason) => void ends.push(reason) }],
    });
    await expect(fit(plan)).rejects.toThrow('broken');
    expect(ends).toEqual([null]);
  });
});

describe('callbacks', () => {
  it('early stopping waits for its patience and counts only real improvements', async () => {
    const trace = newTrace();
    const callbacks = [createEarlyStopping({ patience: 2, minDelta: 0.1 })];
    const plan = planOf(trace, { epochs: 10, valLosses: [1, 0.8, 0.75, 0.71, 0.1], callbacks });
    expect(await fit(plan)).toBe('early-stopping');
    expect(trace.batches.at(-1)).toBe('4b');
  });

  it('keeps the best weights by accuracy, then loss, and puts them back', async () => {
    expect(isBetter({ accuracy: 0.9, loss: 2 }, { accuracy: 0.8, loss: 1 })).toBe(true);
    expect(isBetter({ accuracy: 0.9, loss: 1 }, { accuracy: 0.9, loss: 1 })).toBe(false);
    let weights = 0;
    const released: number[] = [];
    const best = createBestWeights<number>({
      snapshot: async () => weights,
      restore: (snapshot) => void (weights = snapshot),
      release: (snapshot) => void released.push(snapshot),
    });
    const plan = planOf(newTrace(), { valLosses: [3, 1, 2], callbacks: [best] });
    await fit({
      ...plan,
      trainStep: async (batch, lr) => {
        weights++;
        return await plan.trainStep(batch, lr);
      },
    });
    expect(best.best()).toEqual({ epoch: 2, val: { loss: 1, accuracy: 0.5 } });
    expect(weights).toBe(4);
    expect(released).toEqual([2]);
    best.dispose();
    expect(released).toEqual([2, 4]);
  });

  it('the NaN guard names step, epoch and learning rate', async () => {
    const plan = planOf(newTrace(), { trainLosses: [1, 1, NaN], callbacks: [createNanGuard()] });
    const error = await fit(plan).catch((thrown: unknown) => thrown);
    expect(error).toBeInstanceOf(GraftError);
    expect(error).toMatchObject({ code: 'diverged', details: { step: 3, epoch: 2 } });
  });

  it('the reporter thins out batches but never epochs, and splits the waiting by epoch', async () => {
    const batches: BatchMetrics[] = [];
    const epochs: EpochMetrics[] = [];
    let waited = 0;
    const reporter = createReporter({
      onBatch: (metrics) => void batches.push(metrics),
      onEpoch: async (metrics) => void epochs.push(metrics),
      waitSeconds: () => (waited += 2),
    });
    await fit(planOf(newTrace(), { epochs: 3, callbacks: [reporter] }));
    expect(batches[0]).toMatchObject({ epoch: 1, step: 1, steps: 6, loss: 1, accuracy: 1, lr: 0 });
    expect(batches.length).toBeLessThan(6);
    expect(epochs.map(({ epoch, seconds }) => [epoch, seconds.wait])).toEqual([
      [1, 2],
      [2, 2],
      [3, 2],
    ]);
  });
});
