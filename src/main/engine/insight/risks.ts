import { planAugment } from '../../../shared/augment/plan.js';
import type { AugmentPolicy } from '../../../shared/augment/policy.js';
import type { CallContext, Params } from '../../../shared/contract.js';
import { throwIfAborted } from '../../../shared/errors.js';
import { createStream } from '../../../shared/random.js';
import type { AugmentRisk, AugmentRisks } from '../../../shared/live-reports.js';
import { getBackbone } from '../backbones/registry.js';
import { openBackboneWeights } from '../backbones/store.js';
import { createBatchSource } from '../dataset/batches.js';
import { openPixelCache } from '../dataset/cache.js';
import { sourceCap, sourceSize } from '../dataset/decode.js';
import { scanDataset } from '../dataset/scan.js';
import type { DatasetImage } from '../dataset/types.js';
import { featuresFolder } from '../paths.js';
import { loadTensorFlow } from '../tf.js';
import { openFeatureStore } from '../train/feature-store.js';
import { createFeatureTable, type FeatureView } from '../train/feature-table.js';
import { splitForTraining, type TrainingSplit } from '../train/prepare.js';
import { openFrozenBackbone } from './frozen-backbone.js';
import { type LabelShift, measureLabelShift } from './label-risk.js';

/** Pictures that are looked at, over all classes. */
const PICTURES = 64;
/** Fewer of a class have no mean to speak of; with many classes that makes more pictures. */
const LEAST_OF_CLASS = 4;
const MAX_CLASSES = 32;
/** Throws of a step's dice that are looked at. */
const VIEWS = 3;
/**
 * A step is reported when so many pictures end at other classes, or so many of one class at one other, which is all that
 * happens to two of many classes. Between what was seen with EfficientNet-Lite0: ants and bees under every op of every
 * preset moved by at most 6 % in all and 9 % of a class, drawn digits under slight turns, crops and colours by 6 and 11 %;
 * sixes and nines upside down by 100 %, under any turn by 51 %, and shapes named after their colour by 24 % under any hue.
 */
const RISKY_SHARE = 0.15;
const RISKY_PAIR_SHARE = 0.4;

/** Training pictures, the same number of each class, the same ones every time. */
function pickBalanced({ images, training }: TrainingSplit): DatasetImage[] {
  const byClass = new Map<number, Map<string, DatasetImage>>();
  for (const index of training) {
    const image = images[index]!;
    // Byte-identical copies would be their own neighbours.
    const pictures = byClass.get(image.classIndex) ?? new Map<string, DatasetImage>();
    byClass.set(image.classIndex, pictures.set(image.id, image));
  }
  const usable = [...byClass].filter(([, pictures]) => pictures.size > 1).sort(([a], [b]) => a - b);
  const order = createStream('risks', 'classes').permutation(usable.length);
  const classes = Array.from(order.slice(0, MAX_CLASSES), (place) => usable[place]!);
  const count = Math.max(LEAST_OF_CLASS, Math.floor(PICTURES / classes.length));
  return classes.flatMap(([classIndex, pictures]) => {
    const ids = [...pictures.keys()].sort();
    const places = createStream('risks', classIndex).permutation(ids.length).slice(0, count);
    return Array.from(places, (place) => pictures.get(ids[place]!)!);
  });
}

const isRisky = ({ share, pair }: LabelShift): boolean =>
  pair !== null && (share >= RISKY_SHARE || pair.share >= RISKY_PAIR_SHARE);

/** How each step of a recipe's policy moves pictures. */
export interface StepShifts {
  /** Pictures that were looked at. */
  readonly images: number;
  readonly classes: readonly string[];
  readonly steps: readonly { readonly step: number; readonly op: string; readonly shift: LabelShift }[];
}

/**
 * Measures how each step of a recipe's policy, alone and always applied, moves pictures' features towards other classes.
 *
 * @throws GraftError as {@link augmentRisks}
 */
export async function measureSteps({ recipe }: Params<'augment.risks'>, context: CallContext): Promise<StepShifts> {
  const { signal, onProgress } = context;
  const definition = getBackbone(recipe.backbone.id);
  const weights = await openBackboneWeights(definition, { weightsFile: recipe.backbone.weightsFile });
  const { input, featureSize } = definition;
  const { framing } = recipe.data;
  const cache = openPixelCache({ input });
  const dataset = await scanDataset(recipe.data.path, { signal, onProgress, cache });
  const split = splitForTraining(dataset, recipe.data);
  const images = pickBalanced(split);
  const steps = recipe.augment.steps.map((step, index) => ({ step, index })).filter(({ step }) => step.p > 0);
  if (steps.length === 0 || new Set(images.map(({ classIndex }) => classIndex)).size < 2) {
    return { images: 0, classes: split.classes, steps: [] };
  }
  throwIfAborted(signal);

  const seed = recipe.training.seed;
  const everyImage = images.map((_, index) => index);
  /** For each view the pictures whose dice fall differently than in an earlier one: a flip has but one way to fall. */
  const freshByView = (policy: AugmentPolicy): number[][] => {
    const seen = images.map(() => new Set<string>());
    return Array.from({ length: VIEWS }, (_, view) =>
      everyImage.filter((index) => {
        const { id, width, height } = images[index]!;
        const size = sourceSize(width, height, sourceCap(input));
        const plan = JSON.stringify(planAugment(policy, { seed, view, imageId: id }, size, input, framing));
        const isFresh = !seen[index]!.has(plan);
        seen[index]!.add(plan);
        return isFresh;
      }),
    );
  };
  const looks = steps.map(({ step, index }) => {
    const policy: AugmentPolicy = { steps: [{ ...step, p: 1 }], mix: null };
    return { op: step.op, index, policy, views: freshByView(policy) };
  });
  const total = images.length + looks.flatMap(({ views }) => views).reduce((sum, view) => sum + view.length, 0);

  const tf = await loadTensorFlow();
  const backbone = await openFrozenBackbone(tf, definition, weights);
  const source = createBatchSource({ images, input, framing, cache });
  try {
    const { fingerprint, compute } = backbone;
    const fingerprints = { report: fingerprint, train: fingerprint };
    const store = openFeatureStore(featuresFolder());
    const table = createFeatureTable({ source, images, input, framing, featureSize, fingerprints, compute, store });
    let done = 0;
    const read = async (
      indices: readonly number[],
      view: FeatureView | null,
      take: (index: number, features: Float32Array) => void,
    ): Promise<void> => {
      for await (const { index, features } of table.stream(indices, view, 'report', signal)) {
        throwIfAborted(signal);
        take(index, features);
        onProgress({ task: 'features', done: ++done, total, unit: 'images' });
      }
    };
    const clean = new Array<Float32Array>(images.length);
    await read(everyImage, null, (index, features) => (clean[index] = features));
    const labelled = images.map(({ classIndex }, index) => ({ classIndex, features: clean[index]! }));
    const shifts: StepShifts['steps'][number][] = [];
    for (const { op, index: step, policy, views } of looks) {
      const changed = images.map((): Float32Array[] => []);
      for (const [view, indices] of views.entries()) {
        await read(indices, { policy, seed, view }, (index, features) => changed[index]!.push(features));
      }
      shifts.push({ step, op, shift: measureLabelShift(labelled, changed) });
    }
    return { images: images.length, classes: split.classes, steps: shifts };
  } finally {
    backbone.dispose();
    await source.close();
  }
}

/**
 * Looks for steps of a recipe's policy that move pictures' features towards another class, each step alone and always
 * applied. What it computes is kept, so that a second look is quick; the same recipe gives the same answer.
 *
 * @throws GraftError `weights-missing` when the backbone is not installed, `dataset-unusable`, `cancelled`; what scanning
 * throws
 */
export async function augmentRisks(params: Params<'augment.risks'>, context: CallContext): Promise<AugmentRisks> {
  const { images, classes, steps } = await measureSteps(params, context);
  const risks = steps.flatMap(({ step, op, shift }): AugmentRisk[] => {
    const { share, pair } = shift;
    if (pair === null || !isRisky(shift)) return [];
    return [{ step, op, share, from: classes[pair.from]!, to: classes[pair.to]! }];
  });
  return { images, risks };
}
