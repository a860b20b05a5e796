import { GraftError } from '../../../../shared/errors.js';
import type { Callback } from '../fit.js';

/** Fails with code `diverged` at the first loss that is not a finite number; the best weights so far are kept. */
export function createNanGuard(): Callback {
  return {
    onBatchEnd(state, logs) {
      if (Number.isFinite(logs.loss)) return;
      throw new GraftError(
        'diverged',
        `expected a finite loss, received ${logs.loss} at step ${state.step} (epoch ${state.epoch}) with learning rate ${logs.lr}: try a tenth of it`,
        { details: { step: state.step, epoch: state.epoch, lr: logs.lr } },
      );
    },
  };
}
