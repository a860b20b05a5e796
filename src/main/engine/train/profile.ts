import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import { invariant } from '../../../shared/errors.js';
import type { StepProfile } from '../../../shared/reports.js';
import type { BatchSource } from '../dataset/batches.js';
import type { Callback } from './fit.js';
import type { TrainingModel } from './model.js';
import type { Trainer } from './trainer.js';

/** Finds out where an epoch's time goes. It costs time of its own, so it is only there when it is asked for. */
export interface Profile {
  /** The model, with clocks around what it computes. */
  watch(model: TrainingModel): TrainingModel;
  /** An epoch begins. */
  begin(): void;
  /** Follows the loop. */
  readonly callback: Callback;
  /** Of the epoch in hand, up to its last batch. */
  read(): StepProfile;
}

/** Whether this process was started to profile. */
export const isProfiling = (): boolean => process.env['GRAFT_PROFILE'] === '1';

type Clocks = Record<Exclude<keyof StepProfile['seconds'], 'epoch'>, number>;

/** @param source whose waits and workers' times are read */
export function createProfile(source: Pick<BatchSource, 'waitedMs' | 'times'>): Profile {
  const spent = { frozen: 0, forward: 0, backward: 0, update: 0, probing: 0 };
  const read = (): Clocks => ({
    ...spent,
    wait: source.waitedMs / 1000,
    decode: source.times.decodeMs / 1000,
    augment: source.times.augmentMs / 1000,
  });
  let before = read();
  let after = before;
  let [steps, images, seconds] = [0, 0, 0];

  const time = <T>(work: () => T): { readonly result: T; readonly seconds: number } => {
    const startMs = performance.now();
    const result = work();
    return { result, seconds: (performance.now() - startMs) / 1000 };
  };
  /** Runs a network for its time alone. */
  const probe = (run: () => Tensor): number => {
    const { seconds: took } = time(() => {
      const result = run();
      // A graphics card computes on its own until somebody reads.
      result.dataSync();
      result.dispose();
    });
    spent.probing += took;
    return took;
  };

  const watchTrainer = (trainer: Trainer): Trainer => {
    const { gradients } = trainer;
    invariant(gradients, 'a trainer that is profiled can compute gradients alone');
    return {
      ...trainer,
      step: (cut, targets, lr, mask, next) => {
        // One call does all; its parts are found by the time of calls that stop earlier.
        const forward = probe(() => trainer.infer(cut));
        const withGradients = probe(() => gradients(cut, targets, mask));
        const { result, seconds: whole } = time(() => trainer.step(cut, targets, lr, mask, next));
        spent.forward += Math.min(forward, whole);
        spent.backward += Math.max(0, Math.min(withGradients, whole) - forward);
        spent.update += Math.max(0, whole - Math.max(withGradients, forward));
        return result;
      },
    };
  };

  return {
    watch: (model) => ({
      ...model,
      freeze: (pixels, purpose) => {
        const { result, seconds: took } = time(() => model.freeze(pixels, purpose));
        spent.frozen += took;
        return result;
      },
      trainer: watchTrainer(model.trainer),
    }),
    begin() {
      before = read();
      after = before;
      [steps, images, seconds] = [0, 0, 0];
    },
    callback: {
      onBatchEnd: (_state, logs) => {
        after = read();
        steps++;
        ({ images, seconds } = logs);
      },
    },
    read: () => {
      const parts = Object.fromEntries(
        Object.entries(after).map(([part, value]) => [part, value - before[part as keyof Clocks]]),
      ) as Clocks;
      return { steps, images, seconds: { ...parts, epoch: seconds } };
    },
  };
}
