import * as v from 'valibot';
import { type AugmentPolicy, parsePolicy } from './augment/policy.js';
import { presetPolicy } from './augment/presets.js';
import { GraftError } from './errors.js';
import { FRAMINGS } from './input.js';
import { scheduleSchema } from './schedule.js';

/** Version of the recipe's schema; a reader migrates older ones and refuses newer ones. */
export const RECIPE_VERSION = 1;

const openFraction = v.pipe(v.number(), v.minValue(0), v.ltValue(1));
const positive = v.pipe(v.number(), v.gtValue(0));
const notNegative = v.pipe(v.number(), v.minValue(0));
const count = v.pipe(v.number(), v.integer(), v.minValue(1));
const seed = v.pipe(v.number(), v.integer(), v.minValue(0), v.maxValue(0xffffffff));

const optimizerSchema = v.variant('kind', [
  v.strictObject({
    kind: v.literal('sgd'),
    momentum: openFraction,
    nesterov: v.boolean(),
    weightDecay: notNegative,
  }),
  v.strictObject({
    kind: v.picklist(['adam', 'adamw']),
    beta1: openFraction,
    beta2: openFraction,
    epsilon: positive,
    weightDecay: notNegative,
  }),
]);

export type OptimizerSpec = v.InferOutput<typeof optimizerSchema>;
export type OptimizerKind = OptimizerSpec['kind'];

/** An optimizer of each kind with its usual numbers. */
export const DEFAULT_OPTIMIZERS = {
  sgd: { kind: 'sgd', momentum: 0.9, nesterov: false, weightDecay: 0 },
  adam: { kind: 'adam', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0 },
  adamw: { kind: 'adamw', beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0.01 },
} as const satisfies Readonly<Record<OptimizerKind, OptimizerSpec>>;

const policySchema = v.pipe(
  v.unknown(),
  v.rawTransform<unknown, AugmentPolicy>(({ dataset, addIssue, NEVER }) => {
    try {
      return parsePolicy(dataset.value);
    } catch (error) {
      if (!(error instanceof GraftError)) throw error;
      addIssue({ message: error.message });
      return NEVER;
    }
  }),
);

const recipeSchema = v.strictObject({
  version: v.literal(RECIPE_VERSION),
  data: v.strictObject({
    /** A folder or a zip archive, as given on the command line or picked in the app. */
    path: v.pipe(v.string(), v.minLength(1)),
    /** Share of the images that becomes the validation set where the folder has none. */
    valFraction: v.pipe(v.number(), v.gtValue(0), v.ltValue(1)),
    splitSeed: seed,
    framing: v.picklist(FRAMINGS),
    /** Paths inside the data set that the user has left out. */
    exclude: v.array(v.string()),
    /** Pictures that the user gave another class: path inside the data set → the class's present name. */
    move: v.optional(v.record(v.string(), v.string()), {}),
    /** Classes that the user gave another name: the folder's name → the present one. */
    rename: v.optional(v.record(v.string(), v.string()), {}),
  }),
  backbone: v.strictObject({
    id: v.pipe(v.string(), v.minLength(1)),
    /** A checkpoint to use in place of the stored one. */
    weightsFile: v.nullable(v.string()),
  }),
  mode: v.picklist(['freeze', 'fine-tune']),
  fineTune: v.strictObject({
    /** How many stages of the backbone train, counted from the head. */
    stages: v.union([v.literal('all'), count]),
    /** Learning rate of a stage: `lr × lrDecay^(distance from head)`; the head is at distance 0. */
    lrDecay: v.pipe(v.number(), v.gtValue(0), v.maxValue(1)),
    /** `frozen`: the checkpoint's statistics; `batch`: those of each batch, tracked as PyTorch does. */
    batchNorm: v.picklist(['frozen', 'batch']),
  }),
  augment: policySchema,
  training: v.strictObject({
    epochs: count,
    batchSize: count,
    learningRate: positive,
    optimizer: optimizerSchema,
    schedule: scheduleSchema,
    warmupEpochs: notNegative,
    labelSmoothing: openFraction,
    /** `balanced`: inverse class frequency, mean 1; or a weight by class name. */
    classWeights: v.union([v.picklist(['none', 'balanced']), v.record(v.string(), notNegative)]),
    /** Share of the features dropped before the head. */
    dropout: openFraction,
    earlyStopping: v.nullable(v.strictObject({ patience: count, minDelta: notNegative })),
    /** The dice of epoch e are those of view `e mod views`; null throws new dice every epoch. */
    views: v.nullable(count),
    seed,
  }),
});

/**
 * Everything that decides a run, as one JSON file for the app and the command line alike: the same recipe and seed give
 * the same run.
 */
export type Recipe = v.InferOutput<typeof recipeSchema>;
export type TrainMode = Recipe['mode'];

/** The recipe that the command line and the app begin with; only the data's path is missing. */
export function createRecipe(dataPath: string): Recipe {
  return {
    version: RECIPE_VERSION,
    data: { path: dataPath, valFraction: 0.2, splitSeed: 0, framing: 'crop', exclude: [], move: {}, rename: {} },
    backbone: { id: 'efficientnet_lite2', weightsFile: null },
    mode: 'freeze',
    fineTune: { stages: 'all', lrDecay: 0.5, batchNorm: 'frozen' },
    augment: presetPolicy('light'),
    training: {
      epochs: 10,
      batchSize: 16,
      learningRate: 0.01,
      optimizer: DEFAULT_OPTIMIZERS.sgd,
      schedule: { kind: 'cosine', floor: 0 },
      warmupEpochs: 0,
      labelSmoothing: 0,
      classWeights: 'none',
      dropout: 0,
      earlyStopping: null,
      views: null,
      seed: 0,
    },
  };
}

/** Learning rate that suits a fine-tuned backbone; a new head alone takes the tenfold. */
export const FINE_TUNE_LEARNING_RATE = 0.002;

/**
 * Named starting points. `tutorial` is PyTorch's transfer learning tutorial for a frozen ResNet-18: random resized crop
 * and flip, SGD 0.001 with momentum 0.9, batch 16, 15 epochs.
 */
export const RECIPE_PRESETS = {
  default: (recipe: Recipe): Recipe => recipe,
  tutorial: (recipe: Recipe): Recipe => ({
    ...recipe,
    backbone: { ...recipe.backbone, id: 'resnet18' },
    augment: presetPolicy('tutorial'),
    training: {
      ...recipe.training,
      epochs: 15,
      batchSize: 16,
      learningRate: 0.001,
      optimizer: DEFAULT_OPTIMIZERS.sgd,
      schedule: { kind: 'constant' },
    },
  }),
} as const satisfies Record<string, (recipe: Recipe) => Recipe>;

export type RecipePreset = keyof typeof RECIPE_PRESETS;

/**
 * Reads a recipe from JSON that is not trusted.
 *
 * @throws GraftError `invalid-value` naming the field, what was expected and what came
 */
export function parseRecipe(value: unknown): Recipe {
  if (typeof value === 'object' && value !== null && 'version' in value && value.version !== RECIPE_VERSION) {
    throw new GraftError(
      'invalid-value',
      `expected a recipe of version ${RECIPE_VERSION}, received version ${JSON.stringify(value.version)}: it was written by another release of Graft`,
    );
  }
  const result = v.safeParse(recipeSchema, value);
  if (result.success) return result.output;
  const issue = result.issues[0];
  const field = v.getDotPath(issue) ?? 'recipe';
  throw new GraftError('invalid-value', `recipe, ${field}: ${issue.message}`, { details: { field } });
}
