import { setImmediate } from 'node:timers/promises';
import type { EndReason } from '../../../shared/contract.js';
import type { LossAndAccuracy } from '../../../shared/reports.js';

/** What one optimizer step tells. */
export interface StepResult {
  /** The training objective, a mean over the batch. */
  readonly loss: number;
  /** Images whose largest logit was the right class. */
  readonly hits: number;
  readonly count: number;
}

/** Where the loop stands; read-only for callbacks. */
export interface FitState {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done in the whole run. */
  readonly step: number;
  readonly steps: number;
}

export interface BatchLogs extends StepResult {
  readonly lr: number;
  /** Means over the epoch so far. */
  readonly running: LossAndAccuracy;
  /** Images trained on in this epoch so far, and the time it took, waiting included. */
  readonly images: number;
  readonly seconds: number;
}

export interface EpochLogs {
  readonly train: LossAndAccuracy;
  readonly val: LossAndAccuracy;
  readonly lr: number;
  readonly images: number;
  readonly seconds: { readonly train: number; readonly validate: number };
}

/** How a callback ends the run. */
export interface FitControl {
  stop(reason: EndReason): void;
}

/** Called in the order of the list. */
export interface Callback {
  onFitStart?(): void | Promise<void>;
  onBatchEnd?(state: FitState, logs: BatchLogs, control: FitControl): void | Promise<void>;
  onEpochEnd?(state: FitState, logs: EpochLogs, control: FitControl): void | Promise<void>;
  /** Runs however the loop ends; `reason` is null when it failed. */
  onFitEnd?(reason: EndReason | null): void | Promise<void>;
}

export interface FitPlan<B> {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** The epoch's batches; `epoch` counts from 1. */
  batches(epoch: number): AsyncIterable<B>;
  trainStep(batch: B, lr: number): Promise<StepResult>;
  evaluate(): Promise<LossAndAccuracy>;
  /** Learning rate at a progress of 0..1. */
  learningRate(progress: number): number;
  readonly callbacks: readonly Callback[];
  /** Aborting ends the run after the batch in hand, as `stopped`. */
  readonly signal: AbortSignal;
}

/**
 * The training loop. It knows no tensors: steps and evaluation are injected, so it can be tested without a network.
 *
 * @returns why it ended; stopping is a result, not an error
 */
export async function fit<B>(plan: FitPlan<B>): Promise<EndReason> {
  const steps = plan.epochs * plan.stepsPerEpoch;
  let ended: EndReason | null = null;
  const control: FitControl = { stop: (reason) => (ended ??= reason) };
  let reached: EndReason | null = null;
  try {
    for (const callback of plan.callbacks) await callback.onFitStart?.();
    let step = 0;
    for (let epoch = 1; epoch <= plan.epochs && ended === null; epoch++) {
      const started = performance.now();
      let images = 0;
      let lossSum = 0;
      let hits = 0;
      let lr = 0;
      for await (const batch of plan.batches(epoch)) {
        lr = plan.learningRate(step / steps);
        const result = await plan.trainStep(batch, lr);
        step++;
        images += result.count;
        lossSum += result.loss * result.count;
        hits += result.hits;
        const running = { loss: lossSum / images, accuracy: hits / images };
        const logs: BatchLogs = { ...result, lr, running, images, seconds: (performance.now() - started) / 1000 };
        for (const callback of plan.callbacks) {
          await callback.onBatchEnd?.({ epoch, epochs: plan.epochs, step, steps }, logs, control);
        }
        // TensorFlow's calls block this thread; without a macrotask between batches "stop" would never be heard.
        await setImmediate();
        if (plan.signal.aborted) control.stop('stopped');
        if (ended !== null) break;
      }
      if (ended !== null && images === 0) break;
      const trained = performance.now();
      const val = await plan.evaluate();
      const seconds = { train: (trained - started) / 1000, validate: (performance.now() - trained) / 1000 };
      const train = { loss: lossSum / images, accuracy: hits / images };
      for (const callback of plan.callbacks) {
        const state = { epoch, epochs: plan.epochs, step, steps };
        await callback.onEpochEnd?.(state, { train, val, lr, images, seconds }, control);
      }
      if (plan.signal.aborted) control.stop('stopped');
    }
    reached = ended ?? 'completed';
    return reached;
  } finally {
    for (const callback of plan.callbacks) await callback.onFitEnd?.(reached);
  }
}
