import type { Recipe } from '../../../shared/recipe.js';

type FineTune = Recipe['fineTune'];

/** A stage of the backbone, or the head at the end. */
export interface StageRow {
  readonly name: string;
  readonly isHead: boolean;
  /** Trains, at `learningRate`; otherwise it stays as ImageNet left it. */
  readonly isTrained: boolean;
  readonly learningRate: number;
}

/** How many stages of the backbone train. */
export const trainedStages = (stages: FineTune['stages'], count: number): number =>
  stages === 'all' ? count : Math.min(stages, count);

/**
 * The backbone's stages from the picture to the head, each with its share of the learning rate: `lr × decay^distance`, the
 * head being at distance 0.
 */
export function stageRows(names: readonly string[], fineTune: FineTune, learningRate: number): StageRow[] {
  const firstTrained = names.length - trainedStages(fineTune.stages, names.length);
  const rows = names.map((name, index) => ({
    name,
    isHead: false,
    isTrained: index >= firstTrained,
    learningRate: learningRate * fineTune.lrDecay ** (names.length - index),
  }));
  return [...rows, { name: 'head', isHead: true, isTrained: true, learningRate }];
}

/**
 * What pressing a stage's lock makes of the choice. Trained stages are contiguous from the head: unlocking one unlocks all
 * behind it, locking one locks all before it, and the last one stays unlocked.
 */
export function toggleStage(stages: FineTune['stages'], count: number, index: number): FineTune['stages'] {
  const isTrained = index >= count - trainedStages(stages, count);
  const wanted = Math.max(1, isTrained ? count - index - 1 : count - index);
  return wanted === count ? 'all' : wanted;
}
