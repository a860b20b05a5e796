import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import type { Recipe } from '../../../shared/recipe.js';
import type { EpochMetrics } from '../../../shared/reports.js';
import { GRAFT_VERSION } from '../../../shared/version.js';
import type { WeightMap } from '../graph/types.js';
import { type StoredTensors, writeCheckpoint } from '../runs/checkpoint.js';
import { hashRecipe } from '../runs/run-status.js';
import type { TensorFlow } from '../tf.js';
import type { BestWeights } from './callbacks/best-weights.js';
import type { EarlyStopping } from './callbacks/early-stopping.js';
import type { FitPosition } from './fit.js';
import { describeMachine } from './resume.js';
import type { Session } from './session.js';
import type { Snapshot } from './trainer.js';

/** What a run has come to, earlier parts included. */
export interface RunTotals {
  readonly epochs: readonly EpochMetrics[];
  readonly startedAt: string;
  readonly resumed: number;
  seconds(): { readonly prepare: number; readonly total: number };
  readonly peakMemoryBytes: number;
}

/** Uploads what {@link saveRun} wrote. The caller disposes of the tensors. */
export function uploadWeights(tf: TensorFlow, weights: WeightMap): Snapshot {
  return new Map([...weights].map(([name, { shape, data }]) => [name, tf.tensor(data, [...shape], 'float32')]));
}

const stored = (tensors: ReadonlyMap<string, Tensor>): StoredTensors =>
  new Map([...tensors].map(([name, x]) => [name, { shape: x.shape, read: () => x.dataSync<'float32'>() }]));

const disposeAll = (tensors: ReadonlyMap<string, Tensor>): void => tensors.forEach((tensor) => tensor.dispose());

/**
 * Writes a checkpoint of a run as it stands.
 *
 * @throws GraftError `disk-full`
 */
export async function saveRun(options: {
  readonly run: string;
  readonly recipe: Recipe;
  readonly session: Session;
  readonly best: BestWeights<Snapshot>;
  readonly stopping: EarlyStopping | null;
  readonly totals: RunTotals;
  readonly position: FitPosition;
}): Promise<void> {
  const { run, recipe, session, best, stopping, totals, position } = options;
  const { trainer, runners, frozenWeights } = session.model;
  const memory = trainer.readOptimizer();
  const copies = [memory.slots];
  const kept = best.kept();
  try {
    const weights = trainer.snapshot();
    copies.push(weights);
    await writeCheckpoint(
      run,
      {
        position,
        best: best.best(),
        earlyStopping: stopping?.memory() ?? null,
        iteration: memory.iteration,
        seconds: totals.seconds(),
        peakMemoryBytes: totals.peakMemoryBytes,
        startedAt: totals.startedAt,
        resumed: totals.resumed,
        recipeHash: hashRecipe(recipe),
        datasetFingerprint: session.fingerprint,
        frozenWeights,
        graft: GRAFT_VERSION,
        tensorflow: session.tensorflowVersion,
        runners,
        machine: describeMachine(),
      },
      {
        weights: stored(weights),
        slots: stored(memory.slots),
        best: kept && stored(kept),
      },
    );
  } finally {
    for (const tensors of copies) disposeAll(tensors);
  }
}
