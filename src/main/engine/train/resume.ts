import { GraftError } from '../../../shared/errors.js';
import type { Recipe } from '../../../shared/recipe.js';
import { GRAFT_VERSION } from '../../../shared/version.js';
import { thisProcessor } from '../../common/processor.js';
import { type Checkpoint, type CheckpointState, openCheckpoint } from '../runs/checkpoint.js';
import { readRecipe } from '../runs/run-folder.js';
import { hashRecipe, readEnd } from '../runs/run-status.js';
import type { Runners } from './model.js';

/** This machine, as far as the way that a model runs was chosen for it. */
export function describeMachine(): string {
  const { model, cores, features } = thisProcessor();
  return [`${process.platform}-${process.arch}`, `${cores} × ${model}`, ...features].join(', ');
}

const conflict = (message: string): GraftError => new GraftError('conflict', message);

/**
 * Opens a run that is to go on.
 *
 * @throws GraftError `conflict` when it has ended, or its recipe or Graft's version is another than when it was begun; what
 * {@link openCheckpoint} and reading the recipe throw
 */
export async function openInterrupted(run: string): Promise<{ recipe: Recipe; checkpoint: Checkpoint }> {
  const recipe = await readRecipe(run);
  const end = await readEnd(run);
  if (end !== null && end !== 'stopped') {
    throw conflict(
      `expected a run that was stopped or interrupted, but ${run} has ended (${end}): start a new one with its recipe`,
    );
  }
  const checkpoint = await openCheckpoint(run);
  const { graft, recipeHash } = checkpoint.state;
  if (recipeHash !== hashRecipe(recipe)) {
    throw conflict(
      `expected the recipe that ${run} was begun with, but its recipe.json has changed since: put it back, or start a new run with it`,
    );
  }
  if (graft !== GRAFT_VERSION) {
    throw conflict(
      `expected Graft ${graft}, by which ${run} was begun, but this is ${GRAFT_VERSION}: the numbers might differ, so start a new run with the same recipe`,
    );
  }
  return { recipe, checkpoint };
}

/**
 * Checks what is only known once data and model are open.
 *
 * @throws GraftError `conflict` naming what has changed since the run was begun
 */
export function expectSame(
  run: string,
  state: CheckpointState,
  now: Partial<Pick<CheckpointState, 'datasetFingerprint' | 'frozenWeights' | 'tensorflow'>>,
  dataPath: string,
): void {
  if (now.datasetFingerprint !== undefined && now.datasetFingerprint !== state.datasetFingerprint) {
    throw conflict(
      `expected the pictures that ${run} was begun with, but ${dataPath} holds others now: put back what was added, removed or changed, or start a new run with the same recipe`,
    );
  }
  if (now.tensorflow !== undefined && now.tensorflow !== state.tensorflow) {
    throw conflict(
      `expected TensorFlow ${state.tensorflow}, with which ${run} was begun, but this is ${now.tensorflow}: the numbers might differ, so start a new run with the same recipe`,
    );
  }
  if (now.frozenWeights !== undefined && now.frozenWeights !== state.frozenWeights) {
    throw conflict(
      `expected the backbone's weights that ${run} was begun with, but others are stored now: import those again, or start a new run with the same recipe`,
    );
  }
}

/** How a run's model ran so far, when that was chosen for this machine; null to choose anew. */
export function keptRunners(state: CheckpointState | null): Runners | null {
  return state !== null && state.machine === describeMachine() ? state.runners : null;
}
