import { setImmediate } from 'node:timers/promises';
import type { EndReason } from '../../../shared/contract.js';
import { throwIfAborted } from '../../../shared/errors.js';
import type { LossAndAccuracy } from '../../../shared/reports.js';

/** What one optimizer step tells. */
export interface StepResult {
  /** The training objective, a mean over the batch. */
  readonly loss: number;
  /** Images whose largest logit was the right class. */
  readonly hits: number;
  readonly count: number;
}

/** How far a run is: all that the loop needs to go on from there. */
export interface FitPosition {
  /** Epochs that have ended. */
  readonly epochsDone: number;
  /** Of the epoch in hand: batches done, and their sums. */
  readonly batches: number;
  readonly images: number;
  readonly lossSum: number;
  readonly hits: number;
  /** Time that they took. */
  readonly seconds: number;
}

/** Where the loop stands; read-only for callbacks. */
export interface FitState {
  /** From 1. */
  readonly epoch: number;
  readonly epochs: number;
  /** Steps done in the whole run. */
  readonly step: number;
  readonly steps: number;
  /** What a run that is to go on from here begins with. */
  readonly position: FitPosition;
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
  /** Why the run ends after this epoch; null while it goes on. */
  readonly ended: EndReason | null;
  stop(reason: EndReason): void;
}

/** Called in the order of the list. */
export interface Callback {
  onFitStart?(): void | Promise<void>;
  onBatchEnd?(state: FitState, logs: BatchLogs, control: FitControl): void | Promise<void>;
  onEpochEnd?(state: FitState, logs: EpochLogs, control: FitControl): void | Promise<void>;
  /** The loop is about to be held, or to end because it was asked to. After this, epochs may end before their last batch. */
  onInterrupt?(state: FitState): void | Promise<void>;
  /** Runs however the loop ends; `reason` is null when it failed. */
  onFitEnd?(reason: EndReason | null): void | Promise<void>;
}

/** What the loop needs of a `RunControl`. */
export interface FitSteering {
  /** Aborting ends the run after the batch in hand, as `stopped`. */
  readonly ending: AbortSignal;
  /** Aborting fails the run with `cancelled` after the batch in hand. */
  readonly cancelled: AbortSignal;
  readonly isPaused: boolean;
  /** Resolves when the run need not wait any more; throws when it is given up. */
  held(): Promise<void>;
  /** A clock that stands still meanwhile. */
  nowMs(): number;
}

export interface FitPlan<B> {
  readonly epochs: number;
  readonly stepsPerEpoch: number;
  /** Where to go on; null for the beginning. */
  readonly from: FitPosition | null;
  /** The epoch's batches, without the first `skip`; `epoch` counts from 1. */
  batches(epoch: number, skip: number): AsyncIterable<B>;
  trainStep(batch: B, lr: number): Promise<StepResult>;
  evaluate(): Promise<LossAndAccuracy>;
  /** Learning rate at a progress of 0..1. */
  learningRate(progress: number): number;
  readonly callbacks: readonly Callback[];
  readonly steering: FitSteering;
}

const epochStart = (epochsDone: number): FitPosition => ({
  epochsDone,
  batches: 0,
  images: 0,
  lossSum: 0,
  hits: 0,
  seconds: 0,
});

/**
 * The training loop. It knows no tensors: steps and evaluation are injected, so it can be tested without a network.
 *
 * @returns why it ended; stopping is a result, not an error
 */
export async function fit<B>(plan: FitPlan<B>): Promise<EndReason> {
  const { epochs, stepsPerEpoch, callbacks, steering } = plan;
  const steps = epochs * stepsPerEpoch;
  let ended: EndReason | null = null;
  const control: FitControl = {
    get ended() {
      return ended;
    },
    stop: (reason) => (ended ??= reason),
  };
  let position = plan.from ?? epochStart(0);
  let reached: EndReason | null = null;

  const stateOf = (epoch: number): FitState => ({
    epoch,
    epochs,
    step: position.epochsDone * stepsPerEpoch + position.batches,
    steps,
    position,
  });
  const lrOfStep = (step: number): number => plan.learningRate(step / steps);
  /** Waits while the run is held, and hears that it is to end. */
  const listen = async (epoch: number): Promise<void> => {
    // TensorFlow's calls block this thread; without a macrotask between batches "stop" would never be heard.
    await setImmediate();
    throwIfAborted(steering.cancelled);
    if (ended === null && (steering.isPaused || steering.ending.aborted)) {
      for (const callback of callbacks) await callback.onInterrupt?.(stateOf(epoch));
    }
    await steering.held();
    if (steering.ending.aborted) control.stop('stopped');
  };

  const trainEpoch = async (epoch: number): Promise<void> => {
    const before = position.seconds;
    const started = steering.nowMs();
    for await (const batch of plan.batches(epoch, position.batches)) {
      const lr = lrOfStep(position.epochsDone * stepsPerEpoch + position.batches);
      const result = await plan.trainStep(batch, lr);
      position = {
        epochsDone: position.epochsDone,
        batches: position.batches + 1,
        images: position.images + result.count,
        lossSum: position.lossSum + result.loss * result.count,
        hits: position.hits + result.hits,
        seconds: before + (steering.nowMs() - started) / 1000,
      };
      const { images, lossSum, hits, seconds } = position;
      const running = { loss: lossSum / images, accuracy: hits / images };
      const logs: BatchLogs = { ...result, lr, running, images, seconds };
      for (const callback of callbacks) await callback.onBatchEnd?.(stateOf(epoch), logs, control);
      await listen(epoch);
      if (ended !== null) break;
    }
  };

  const endEpoch = async (epoch: number): Promise<void> => {
    const { batches, images, lossSum, hits, seconds } = position;
    const started = steering.nowMs();
    const val = await plan.evaluate();
    const logs: EpochLogs = {
      train: { loss: lossSum / images, accuracy: hits / images },
      val,
      lr: lrOfStep(position.epochsDone * stepsPerEpoch + batches - 1),
      images,
      seconds: { train: seconds, validate: (steering.nowMs() - started) / 1000 },
    };
    const step = position.epochsDone * stepsPerEpoch + batches;
    position = epochStart(epoch);
    const state = { ...stateOf(epoch), step };
    for (const callback of callbacks) await callback.onEpochEnd?.(state, logs, control);
  };

  try {
    for (const callback of callbacks) await callback.onFitStart?.();
    for (let epoch = position.epochsDone + 1; epoch <= epochs; epoch++) {
      await listen(epoch);
      if (ended === null) await trainEpoch(epoch);
      if (ended !== null && position.images === 0) break;
      await endEpoch(epoch);
      if (ended !== null) break;
    }
    // Asked for in the last epoch's validation, there is nothing left to stop.
    reached = ended ?? 'completed';
    return reached;
  } finally {
    for (const callback of callbacks) await callback.onFitEnd?.(reached);
  }
}
