import {
  DEFAULT_OPTIMIZERS,
  FINE_TUNE_LEARNING_RATE,
  type OptimizerKind,
  type Recipe,
  type TrainMode,
} from '../../../shared/recipe.js';
import type { TrainEstimate } from '../../../shared/live-reports.js';
import { formatBytes, formatCount, formatPlural } from '../../format.js';

/** From so many training pictures on, tuning the backbone is worth its time. */
const FINE_TUNE_IMAGES = 2000;
/** A class with fewer pictures is learned by heart before the backbone has adapted. */
const FINE_TUNE_CLASS_IMAGES = 100;
/** From this ratio of the largest to the smallest class on, weights by class are advised. */
const UNEVEN_RATIO = 2;

const HEAD_LEARNING_RATE = 0.01;
/** Adam's steps have the size of the learning rate itself, whatever the gradient's is; usual is a tenth of SGD's. */
const ADAM_SHARE = 0.1;

interface ClassCount {
  readonly name: string;
  readonly train: number;
}

/** Learning rate to begin with. */
export function suggestLearningRate(mode: TrainMode, optimizer: OptimizerKind): number {
  const base = mode === 'freeze' ? HEAD_LEARNING_RATE : FINE_TUNE_LEARNING_RATE;
  // Two digits, since the product of two decimals is none.
  return optimizer === 'sgd' ? base : Number((base * ADAM_SHARE).toPrecision(2));
}

/** A learning rate that is still the suggested one follows the suggestion; one that the user has set stays. */
function followSuggestion(before: Recipe, after: Recipe): Recipe {
  const suggested = suggestLearningRate(before.mode, before.training.optimizer.kind);
  if (before.training.learningRate !== suggested) return after;
  const learningRate = suggestLearningRate(after.mode, after.training.optimizer.kind);
  return { ...after, training: { ...after.training, learningRate } };
}

/** Freezes or tunes the backbone. */
export const withMode = (recipe: Recipe, mode: TrainMode): Recipe => followSuggestion(recipe, { ...recipe, mode });

/** Takes another optimizer with its usual numbers. */
export const withOptimizer = (recipe: Recipe, kind: OptimizerKind): Recipe =>
  followSuggestion(recipe, { ...recipe, training: { ...recipe.training, optimizer: DEFAULT_OPTIMIZERS[kind] } });

/** Takes another backbone; a choice of stages that it doesn't have becomes all of them. */
export function withBackbone(recipe: Recipe, id: string, stageCount: number): Recipe {
  const { stages } = recipe.fineTune;
  const isTooMany = stages !== 'all' && stages > stageCount;
  const fineTune = isTooMany ? { ...recipe.fineTune, stages: 'all' as const } : recipe.fineTune;
  return { ...recipe, backbone: { id, weightsFile: null }, fineTune };
}

export interface ModeAdvice {
  readonly mode: TrainMode;
  /** One sentence. */
  readonly reason: string;
}

/** Which mode suits a data set of this size; null while there is nothing to train on. */
export function recommendMode(classes: readonly ClassCount[]): ModeAdvice | null {
  const used = classes.filter(({ train }) => train > 0);
  const images = used.reduce((sum, { train }) => sum + train, 0);
  const smallest = used.reduce<ClassCount | null>(
    (min, next) => (min === null || next.train < min.train ? next : min),
    null,
  );
  if (smallest === null) return null;
  if (images < FINE_TUNE_IMAGES) {
    return {
      mode: 'freeze',
      reason: `${formatPlural(images, 'picture')} can train a small head well; a whole network would learn them by heart.`,
    };
  }
  if (smallest.train < FINE_TUNE_CLASS_IMAGES) {
    return {
      mode: 'freeze',
      reason: `“${smallest.name}” has only ${formatPlural(smallest.train, 'picture')}: too few to change a whole network by.`,
    };
  }
  return {
    mode: 'fine-tune',
    reason: `${formatCount(images)} pictures are enough to fit the backbone to them, which usually gains accuracy.`,
  };
}

/** Why class weights would help, in one sentence; null for classes of about the same size. */
export function adviseClassWeights(classes: readonly ClassCount[]): string | null {
  const used = [...classes].filter(({ train }) => train > 0).sort((a, b) => a.train - b.train);
  const smallest = used[0];
  const largest = used.at(-1);
  if (smallest === undefined || largest === undefined || largest.train < UNEVEN_RATIO * smallest.train) return null;
  const ratio = (largest.train / smallest.train).toFixed(1);
  return `“${largest.name}” has ${ratio} times the pictures of “${smallest.name}”: balanced weights keep it from drowning the others.`;
}

/** What drawing each picture a fixed number of ways would save; null where it saves nothing. */
export function adviseViews(recipe: Recipe): { readonly views: number; readonly reason: string } | null {
  const { mode, augment, training } = recipe;
  const views = 4;
  // Only a frozen backbone's features can be kept, and mixing makes every batch new.
  if (mode !== 'freeze' || augment.mix !== null || augment.steps.length === 0 || training.epochs <= views) return null;
  const times = (training.epochs / views).toFixed(1).replace('.0', '');
  return {
    views,
    reason: `With ${views} copies that are used in turn the frozen backbone looks at each picture ${views} times instead of ${training.epochs}: about ${times} times as fast.`,
  };
}

/** What is to be said of the batch size: what it is, or that the memory asks for another. */
export function describeBatch(estimate: TrainEstimate | null): string {
  const { batchAdvice = null, freeMemory = null, memoryBytes = 0 } = estimate ?? {};
  if (batchAdvice === null || freeMemory === null) return 'Pictures for one step';
  const whose = freeMemory.of === 'card' ? ' on the graphics card' : '';
  return batchAdvice.reason === 'room'
    ? `The graphics card has room for ${batchAdvice.batchSize}`
    : `Needs about ${formatBytes(memoryBytes)}; ${formatBytes(freeMemory.bytes)} are free${whose}`;
}

/** Says that a run will hardly fit into memory; null where it will, or where nobody knows. */
export function warnOfMemory({ memoryBytes, freeMemory, batchAdvice }: TrainEstimate): string | null {
  if (freeMemory === null || memoryBytes <= freeMemory.bytes) return null;
  const where = freeMemory.of === 'card' ? 'on the graphics card' : 'on this computer';
  const remedy =
    batchAdvice === null ? 'a smaller backbone, or fewer stages that train,' : `a batch of ${batchAdvice.batchSize}`;
  return `Only ${formatBytes(freeMemory.bytes)} are free ${where}: close other programs, or choose ${remedy} to need less.`;
}
