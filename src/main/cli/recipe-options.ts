import { dirname, resolve } from 'node:path';
import { type AugmentPolicy, parsePolicy } from '../../shared/augment/policy.js';
import { AUGMENT_PRESETS, presetPolicy } from '../../shared/augment/presets.js';
import { GraftError } from '../../shared/errors.js';
import type { Framing } from '../../shared/input.js';
import {
  DEFAULT_OPTIMIZERS,
  FINE_TUNE_LEARNING_RATE,
  type OptimizerKind,
  type OptimizerSpec,
  RECIPE_PRESETS,
  type Recipe,
  type RecipePreset,
  type TrainMode,
  createRecipe,
  parseRecipe,
} from '../../shared/recipe.js';
import { DEFAULT_SCHEDULES, type ScheduleKind } from '../../shared/schedule.js';
import { readJsonOption } from './read-json.js';

/** The options that make a recipe, as commander hands them over; what is absent keeps the base recipe's value. */
export interface RecipeOptions {
  readonly data?: string;
  readonly recipe?: string;
  readonly preset?: RecipePreset;
  readonly backbone?: string;
  readonly weights?: string;
  readonly mode?: TrainMode;
  readonly stages?: 'all' | number;
  readonly lrDecay?: number;
  readonly batchNorm?: 'frozen' | 'batch';
  readonly augment?: string;
  readonly framing?: Framing;
  readonly epochs?: number;
  readonly batch?: number;
  readonly lr?: number;
  readonly optimizer?: OptimizerKind;
  readonly momentum?: number;
  readonly nesterov?: boolean;
  readonly weightDecay?: number;
  readonly schedule?: ScheduleKind;
  readonly warmup?: number;
  readonly labelSmoothing?: number;
  readonly classWeights?: string;
  readonly dropout?: number;
  readonly earlyStopping?: number;
  readonly views?: number;
  readonly valFraction?: number;
  readonly splitSeed?: number;
  readonly seed?: number;
}

export interface RecipeFiles {
  /** What paths on the command line are relative to. */
  readonly cwd: string;
  /** Throws where there is no such file. */
  readText(path: string): string;
}

function usage(message: string): GraftError {
  return new GraftError('usage', message);
}

/** The recipe to change: a file's, whose paths are relative to the file, or a preset's. */
function baseRecipe(options: RecipeOptions, { cwd, readText }: RecipeFiles): Recipe {
  if (options.recipe !== undefined) {
    if (options.preset !== undefined)
      throw usage('expected --recipe or --preset, received both: a recipe file is complete');
    const file = resolve(cwd, options.recipe);
    const recipe = parseRecipe(readJsonOption('--recipe', file, readText));
    const { id, weightsFile } = recipe.backbone;
    return {
      ...recipe,
      data: { ...recipe.data, path: resolve(dirname(file), recipe.data.path) },
      backbone: { id, weightsFile: weightsFile === null ? null : resolve(dirname(file), weightsFile) },
    };
  }
  if (options.data === undefined) {
    throw usage('expected --data with the folder of your images, or --recipe with a file that names it');
  }
  return RECIPE_PRESETS[options.preset ?? 'default'](createRecipe(resolve(cwd, options.data)));
}

function chooseAugment(choice: string, { cwd, readText }: RecipeFiles): AugmentPolicy {
  if (AUGMENT_PRESETS.some(({ id }) => id === choice)) return presetPolicy(choice);
  try {
    return parsePolicy(readJsonOption('--augment', resolve(cwd, choice), readText));
  } catch (error) {
    if (!(error instanceof GraftError) || error.code !== 'not-found') throw error;
    const presets = AUGMENT_PRESETS.map(({ id }) => id).join(', ');
    throw new GraftError(
      'not-found',
      `--augment: expected a preset (${presets}) or a JSON file, received "${choice}", which is neither`,
      { cause: error },
    );
  }
}

function chooseOptimizer(base: OptimizerSpec, options: RecipeOptions): OptimizerSpec {
  const kind = options.optimizer ?? base.kind;
  const start = kind === base.kind ? base : DEFAULT_OPTIMIZERS[kind];
  const weightDecay = options.weightDecay ?? start.weightDecay;
  if (start.kind !== 'sgd') {
    for (const [option, value] of [
      ['--momentum', options.momentum],
      ['--nesterov', options.nesterov],
    ] as const) {
      if (value !== undefined) throw usage(`${option} belongs to --optimizer sgd, but the optimizer is ${kind}`);
    }
    return { ...start, weightDecay };
  }
  const momentum = options.momentum ?? start.momentum;
  const nesterov = options.nesterov ?? start.nesterov;
  if (nesterov && momentum === 0) throw usage('--nesterov needs a --momentum above 0, received 0');
  return { ...start, momentum, nesterov, weightDecay };
}

function chooseClassWeights(choice: string, { cwd, readText }: RecipeFiles): unknown {
  if (choice === 'none' || choice === 'balanced') return choice;
  return readJsonOption('--class-weights', resolve(cwd, choice), readText);
}

function chooseLearningRate(base: Recipe, options: RecipeOptions): number {
  if (options.lr !== undefined) return options.lr;
  // The tutorial's own rate serves both of its modes; others were set for a head on frozen features.
  const turnsToFineTune = options.mode === 'fine-tune' && base.mode === 'freeze' && options.preset !== 'tutorial';
  return turnsToFineTune ? FINE_TUNE_LEARNING_RATE : base.training.learningRate;
}

/**
 * The recipe that the command line asks for: a recipe file or a preset, changed by the other options, all paths absolute.
 *
 * @throws GraftError `usage` for options that contradict each other, `invalid-value`, `not-found`, `unreadable-file`
 */
export function recipeFromOptions(options: RecipeOptions, files: RecipeFiles): Recipe {
  const base = baseRecipe(options, files);
  const mode = options.mode ?? base.mode;
  if (mode === 'freeze') {
    for (const [option, value] of [
      ['--stages', options.stages],
      ['--lr-decay', options.lrDecay],
      ['--batch-norm', options.batchNorm],
    ] as const) {
      if (value !== undefined) throw usage(`${option} has no effect on a frozen backbone: add --mode fine-tune`);
    }
  }
  const backboneId = options.backbone ?? base.backbone.id;
  // Another backbone's checkpoint would not fit.
  const keptWeights = backboneId === base.backbone.id ? base.backbone.weightsFile : null;
  const { training } = base;
  const { earlyStopping } = options;
  return parseRecipe({
    ...base,
    data: {
      ...base.data,
      path: options.data === undefined ? base.data.path : resolve(files.cwd, options.data),
      valFraction: options.valFraction ?? base.data.valFraction,
      splitSeed: options.splitSeed ?? base.data.splitSeed,
      framing: options.framing ?? base.data.framing,
    },
    backbone: {
      id: backboneId,
      weightsFile: options.weights === undefined ? keptWeights : resolve(files.cwd, options.weights),
    },
    mode,
    fineTune: {
      stages: options.stages ?? base.fineTune.stages,
      lrDecay: options.lrDecay ?? base.fineTune.lrDecay,
      batchNorm: options.batchNorm ?? base.fineTune.batchNorm,
    },
    augment: options.augment === undefined ? base.augment : chooseAugment(options.augment, files),
    training: {
      epochs: options.epochs ?? training.epochs,
      batchSize: options.batch ?? training.batchSize,
      learningRate: chooseLearningRate(base, options),
      optimizer: chooseOptimizer(training.optimizer, options),
      schedule:
        options.schedule === undefined || options.schedule === training.schedule.kind
          ? training.schedule
          : DEFAULT_SCHEDULES[options.schedule],
      warmupEpochs: options.warmup ?? training.warmupEpochs,
      labelSmoothing: options.labelSmoothing ?? training.labelSmoothing,
      classWeights:
        options.classWeights === undefined ? training.classWeights : chooseClassWeights(options.classWeights, files),
      dropout: options.dropout ?? training.dropout,
      earlyStopping:
        earlyStopping === undefined
          ? training.earlyStopping
          : { patience: earlyStopping, minDelta: training.earlyStopping?.minDelta ?? 0 },
      views: options.views ?? training.views,
      seed: options.seed ?? training.seed,
    },
  });
}
