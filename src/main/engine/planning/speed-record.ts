import { createHash } from 'node:crypto';
import { join } from 'node:path';
import * as v from 'valibot';
import type { Recipe } from '../../../shared/recipe.js';
import { thisProcessor } from '../../common/processor.js';
import { readCachedJson, writeCachedJson } from '../dataset/cache.js';
import { speedsFolder } from '../paths.js';
import { loadTensorFlow, nativeBackend, type TensorFlow } from '../tf.js';

/** Raised when speeds are measured or kept differently, so that machines are measured again. */
const SPEED_VERSION = 2;
/** What was found longest ago is forgotten: a machine may become slower for good. */
const MAX_KEPT = 8;

const speed = v.pipe(v.number(), v.finite(), v.gtValue(0));
const recordSchema = v.object({
  tensorflow: v.string(),
  device: v.picklist(['cpu', 'gpu']),
  /** The latest last. */
  imagesPerSecond: v.pipe(v.array(speed), v.minLength(1), v.maxLength(MAX_KEPT)),
});

type SpeedRecord = v.InferOutput<typeof recordSchema>;

/** What a speed is of: a backbone's id for the frozen backbone in batches of 16, or {@link stepSpeed}. */
export type SpeedName = string;

/** Names the speed of whole steps of fine-tuning, as a recipe does them. */
export function stepSpeed({
  backbone,
  fineTune,
  training,
}: Pick<Recipe, 'backbone' | 'fineTune' | 'training'>): SpeedName {
  return `${backbone.id} step ${fineTune.stages} ${fineTune.batchNorm} ${training.batchSize}`;
}

/** One file a name and processor; what else the speed depends on stands inside, to be read without TensorFlow. */
function recordFile(name: SpeedName): string {
  const machine = [SPEED_VERSION, thisProcessor(), name];
  return `${createHash('sha256').update(JSON.stringify(machine)).digest('hex')}.json`;
}

/** What a speed depends on beside the processor and what runs. */
function runtimeOf(tf: TensorFlow): Pick<SpeedRecord, 'tensorflow' | 'device'> {
  const { binding, isUsingGpuDevice } = nativeBackend(tf);
  return { tensorflow: binding.TF_Version, device: isUsingGpuDevice ? 'gpu' : 'cpu' };
}

async function readRecord(name: SpeedName): Promise<SpeedRecord | null> {
  const record = await readCachedJson(join(speedsFolder(), recordFile(name)));
  return v.is(recordSchema, record) ? record : null;
}

const isOf = (record: SpeedRecord, { tensorflow, device }: Pick<SpeedRecord, 'tensorflow' | 'device'>): boolean =>
  record.tensorflow === tensorflow && record.device === device;

/**
 * The speed that several findings speak for: the upper quartile. A machine that was busy makes some of them too low, and
 * nothing makes one too high for long.
 */
export function typicalSpeed(found: readonly number[]): number {
  return [...found].sort((a, b) => b - a)[found.length >> 2]!;
}

/**
 * How fast a backbone or a step was found to run on this machine with this TensorFlow; null when it has not been found.
 * Loads TensorFlow only where there is something to compare with it.
 *
 * @returns images a second
 */
export async function rememberedSpeed(name: SpeedName): Promise<number | null> {
  const record = await readRecord(name);
  if (record === null) return null;
  // A speed can be shown without TensorFlow as little as anything can be run without it.
  const tf = await loadTensorFlow().catch(() => null);
  return tf !== null && isOf(record, runtimeOf(tf)) ? typicalSpeed(record.imagesPerSecond) : null;
}

/** Adds a finding to those that {@link rememberedSpeed} goes by; the last eight are kept. */
export async function rememberSpeed(tf: TensorFlow, name: SpeedName, imagesPerSecond: number): Promise<void> {
  const runtime = runtimeOf(tf);
  const record = await readRecord(name);
  const before = record !== null && isOf(record, runtime) ? record.imagesPerSecond : [];
  await writeCachedJson(speedsFolder(), recordFile(name), {
    ...runtime,
    imagesPerSecond: [...before, imagesPerSecond].slice(-MAX_KEPT),
  });
}
