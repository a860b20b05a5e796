import { throwIfAborted } from '../../../shared/errors.js';
import type { ProgressListener } from '../../../shared/progress.js';
import type { Recipe } from '../../../shared/recipe.js';
import { getBackbone } from '../backbones/registry.js';
import { openBackboneWeights } from '../backbones/store.js';
import { type BatchSource, createBatchSource } from '../dataset/batches.js';
import { openPixelCache } from '../dataset/cache.js';
import { scanDataset } from '../dataset/scan.js';
import { featuresFolder } from '../paths.js';
import { createRunSpeeds, type RunSpeeds } from '../planning/run-speeds.js';
import type { CheckpointState } from '../runs/checkpoint.js';
import { loadTensorFlow, nativeBackend, type TensorFlow } from '../tf.js';
import type { RunControl } from './control.js';
import { openFeatureStore } from './feature-store.js';
import { createFeatureTable, FEATURE_BATCH_SIZE, type FeatureTable } from './feature-table.js';
import { uploadBytes } from '../graph/pixels.js';
import { createTrainingModel, type TrainingModel } from './model.js';
import { splitForTraining, type TrainingSplit } from './prepare.js';
import { createProfile, isProfiling, type Profile } from './profile.js';
import { expectSame, keptRunners } from './resume.js';
import { createValidator, type Validator } from './validate.js';

/** Everything that a run holds open while it trains. Close it. */
export interface Session {
  readonly tf: TensorFlow;
  readonly tensorflowVersion: string;
  readonly split: TrainingSplit;
  /** Files that the scan left out. */
  readonly excluded: number;
  readonly fingerprint: string;
  readonly source: BatchSource;
  readonly model: TrainingModel;
  /** Null when the backbone is not frozen as a whole. */
  readonly features: FeatureTable | null;
  readonly validator: Validator;
  /** What the run tells of this machine's speed. */
  readonly speeds: RunSpeeds;
  /** Null unless this process profiles. */
  readonly profile: Profile | null;
  close(): Promise<void>;
}

export interface SessionOptions {
  readonly run: string;
  readonly recipe: Recipe;
  readonly control: Pick<RunControl, 'ending' | 'cancelled'>;
  /** Of the checkpoint that the run goes on from; null for a new run. */
  readonly state: CheckpointState | null;
}

/**
 * Opens a run's data and model: scan, split, weights, and with a frozen backbone the features of the validation images.
 *
 * @throws GraftError `cancelled`; `conflict` when a run that goes on finds other data or weights than it was begun with;
 * whatever the data set, the weights and TensorFlow throw
 */
export async function openSession(options: SessionOptions, onProgress: ProgressListener): Promise<Session> {
  const { run, recipe, control, state } = options;
  const { ending, cancelled } = control;
  const definition = getBackbone(recipe.backbone.id);
  const loading = { task: 'prepare', total: 1, unit: 'steps', label: definition.label } as const;
  onProgress({ ...loading, done: 0 });
  const weights = await openBackboneWeights(definition, { weightsFile: recipe.backbone.weightsFile });
  onProgress({ ...loading, done: 1 });
  throwIfAborted(ending);
  const cache = openPixelCache({ input: definition.input });
  const dataset = await scanDataset(recipe.data.path, { signal: ending, onProgress, cache });
  const { fingerprint } = dataset;
  if (state !== null) expectSame(run, state, { datasetFingerprint: fingerprint }, recipe.data.path);
  const split = splitForTraining(dataset, recipe.data);
  throwIfAborted(ending);
  const tf = await loadTensorFlow();
  const tensorflowVersion = nativeBackend(tf).binding.TF_Version;
  if (state !== null) expectSame(run, state, { tensorflow: tensorflowVersion }, recipe.data.path);
  const { framing } = recipe.data;
  const source = createBatchSource({ images: split.images, input: definition.input, framing, cache });
  const speeds = createRunSpeeds(recipe, FEATURE_BATCH_SIZE);
  const profile = isProfiling() ? createProfile(source) : null;
  let model: TrainingModel | null = null;
  try {
    model = await createTrainingModel(tf, definition, weights, split.classes.length, recipe, {
      runners: keptRunners(state),
      onProgress,
    });
    if (state !== null) expectSame(run, state, { frozenWeights: model.frozenWeights }, recipe.data.path);
    throwIfAborted(ending);
    if (profile) model = profile.watch(model);
    const { freeze, frozenFingerprints } = model;
    const { input, featureSize } = definition;
    const shared = { images: split.images, input, featureSize, source };
    const features = model.isFrozen
      ? createFeatureTable({
          ...shared,
          framing,
          fingerprints: frozenFingerprints,
          compute: (pixels, count, purpose) => {
            const startMs = performance.now();
            const output = tf.tidy(() => freeze(uploadBytes(tf, pixels, count, input.size), purpose));
            const values = output.dataSync<'float32'>();
            output.dispose();
            // With bfloat16, training's is the speed that a run goes by.
            if (purpose === 'train' || frozenFingerprints.train === frozenFingerprints.report) {
              speeds.addFrozen(count, (performance.now() - startMs) / 1000);
            }
            return values;
          },
          store: openFeatureStore(featuresFolder()),
        })
      : null;
    const validator = await createValidator(
      { ...shared, tf, model, validation: split.validation, features, ending, cancelled },
      onProgress,
    );
    const excluded = dataset.problems.filter((problem) => problem.severity === 'excluded').length;
    const owned = model;
    return {
      ...{
        tf,
        tensorflowVersion,
        split,
        excluded,
        fingerprint,
        source,
        features,
        validator,
        profile,
        speeds,
        model: owned,
      },
      async close() {
        await speeds.remember(tf);
        validator.dispose();
        owned.dispose();
        await source.close();
      },
    };
  } catch (error) {
    await source.close();
    model?.dispose();
    throw error;
  }
}
