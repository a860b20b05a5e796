import { describe, expect, it } from 'vitest';
import { GraftError } from '../../../../../src/shared/errors.js';
import { createBestWeights } from '../../../../../src/main/engine/train/callbacks/best-weights.js';
import { isBetterEpoch } from '../../../../../src/shared/metrics.js';
import { createEarlyStopping } from '../../../../../src/main/engine/train/callbacks/early-stopping.js';
import { createNanGuard } from '../../../../../src/main/engine/train/callbacks/nan-guard.js';
import { createReporter } from '../../../../../src/main/engine/train/callbacks/reporter.js';
import { createRunControl } from '../../../../../src/main/engine/train/control.js';
import { type Callback, fit, type FitPlan, type FitPosition } from '../../../../../src/main/engine/train/fit.js';
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
    from: null,
    steering: createRunControl(),
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
    const control = createRunControl();
    let evaluated = 0;
    const plan = planOf(trace, {
      steering: control,
      callbacks: [{ onBatchEnd: (state) => void (state.step === 3 && control.stop()) }],
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
    const control = createRunControl();
    const plan = planOf(newTrace(), {
      steering: control,
      callbacks: [{ onBatchEnd: () => control.stop() }],
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

  it('begins nothing when it is stopped before the first batch', async () => {
    const trace = newTrace();
    const control = createRunControl();
    control.stop();
    expect(await fit(planOf(trace, { steering: control }))).toBe('stopped');
    expect(trace.batches).toEqual([]);
  });

  it('fails without validating when it is given up', async () => {
    const trace = newTrace();
    const control = createRunControl();
    let interrupts = 0;
    const plan = planOf(trace, {
      steering: control,
      callbacks: [
        { onBatchEnd: (state) => void (state.step === 3 && control.cancel()), onInterrupt: () => void interrupts++ },
      ],
    });
    await expect(fit(plan)).rejects.toMatchObject({ code: 'cancelled' });
    expect(trace.batches).toEqual(['1a', '1b', '2a']);
    expect(interrupts).toBe(0);
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

describe('a run that is held', () => {
  /** Lets timers and immediates that are due run. */
  const settle = () => new Promise((resolve) => setTimeout(resolve, 20));

  it('waits after the batch in hand, and its clock with it', async () => {
    const trace = newTrace();
    const control = createRunControl();
    const positions: FitPosition[] = [];
    const seconds: number[] = [];
    const done = fit(
      planOf(trace, {
        steering: control,
        callbacks: [
          {
            onBatchEnd: (state, logs) => {
              seconds.push(logs.seconds);
              if (state.step === 3) control.pause(true);
            },
            onInterrupt: ({ position }) => void positions.push(position),
          },
        ],
      }),
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(trace.batches).toEqual(['1a', '1b', '2a']);
    expect(positions).toEqual([{ ...positions[0]!, epochsDone: 1, batches: 1, images: 3, lossSum: 3, hits: 3 }]);
    control.pause(false);
    control.pause(true);
    await settle();
    expect(trace.batches).toHaveLength(3);
    control.pause(false);
    expect(await done).toBe('completed');
    expect(trace.batches).toHaveLength(6);
    expect(seconds[3]! - seconds[2]!).toBeLessThan(0.25);
  });

  it('ends when it is stopped or given up', async () => {
    for (const [how, expected] of [
      ['stop', 'stopped'],
      ['cancel', 'cancelled'],
    ] as const) {
      const control = createRunControl();
      const done = fit(
        planOf(newTrace(), { steering: control, callbacks: [{ onBatchEnd: () => control.pause(true) }] }),
      ).catch((error: unknown) => (error instanceof GraftError ? error.code : error));
      await settle();
      control[how]();
      expect(await done).toBe(expected);
      control.pause(true);
      expect(control.isPaused).toBe(false);
    }
  });

  it('goes on from any position as if it had never ended', async () => {
    const whole = newTrace();
    const positions: FitPosition[] = [];
    const epochs: unknown[] = [];
    const record = (list: unknown[]): Callback => ({
      onEpochEnd: (state, { train, lr, images }) => void list.push([state.epoch, state.step, train, lr, images]),
    });
    const collect: Callback = {
      onBatchEnd: ({ position }) => void positions.push(position),
      onEpochEnd: ({ position }) => void positions.push(position),
    };
    await fit(planOf(whole, { callbacks: [record(epochs), collect] }));
    expect(positions).toHaveLength(9);
    for (const from of positions) {
      const rest = newTrace();
      const later: unknown[] = [];
      const batches: FitPlan<string>['batches'] = async function* (epoch, skip) {
        for (const name of ['a', 'b'].slice(skip)) yield `${epoch}${name}`;
      };
      await fit(planOf(rest, { from, batches, callbacks: [record(later)] }));
      const steps = from.epochsDone * 2 + from.batches;
      expect(rest).toEqual({ batches: whole.batches.slice(steps), rates: whole.rates.slice(steps) });
      expect(later).toEqual(epochs.slice(from.epochsDone));
    }
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

  it('early stopping goes on with what it remembers', async () => {
    const first = createEarlyStopping({ patience: 2, minDelta: 0.1 });
    await fit(planOf(newTrace(), { epochs: 3, valLosses: [1, 0.8, 0.75], callbacks: [first] }));
    expect(first.memory()).toEqual({ best: 0.8, waited: 1 });
    const trace = newTrace();
    const second = createEarlyStopping({ patience: 2, minDelta: 0.1 }, first.memory());
    expect(await fit(planOf(trace, { epochs: 10, valLosses: [0.71], callbacks: [second] }))).toBe('early-stopping');
    expect(trace.batches).toEqual(['1a', '1b']);
  });

  it('keeps the best weights by accuracy, then loss, and puts them back', async () => {
    expect(isBetterEpoch({ accuracy: 0.9, loss: 2 }, { accuracy: 0.8, loss: 1 })).toBe(true);
    expect(isBetterEpoch({ accuracy: 0.9, loss: 1 }, { accuracy: 0.9, loss: 1 })).toBe(false);
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
