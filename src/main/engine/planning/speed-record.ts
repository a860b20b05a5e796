import { createHash } from 'node:crypto';
import { cpus } from 'node:os';
import { join } from 'node:path';
import * as v from 'valibot';
import { readCachedJson, writeCachedJson } from '../dataset/cache.js';
import { speedsFolder } from '../paths.js';
import { loadTensorFlow, nativeBackend, type TensorFlow } from '../tf.js';

/** Raised when backbones are measured differently, so that machines are measured again. */
const SPEED_VERSION = 1;

const recordSchema = v.object({
  tensorflow: v.string(),
  device: v.picklist(['cpu', 'gpu']),
  imagesPerSecond: v.pipe(v.number(), v.finite(), v.gtValue(0)),
});

type SpeedRecord = v.InferOutput<typeof recordSchema>;

/** One file a backbone and processor; what else the speed depends on stands inside, to be read without TensorFlow. */
function recordName(backbone: string): string {
  const machine = [SPEED_VERSION, cpus()[0]?.model, cpus().length, backbone];
  return `${createHash('sha256').update(JSON.stringify(machine)).digest('hex')}.json`;
}

/** What a speed depends on beside the processor and the backbone. */
function runtimeOf(tf: TensorFlow): Pick<SpeedRecord, 'tensorflow' | 'device'> {
  const { binding, isUsingGpuDevice } = nativeBackend(tf);
  return { tensorflow: binding.TF_Version, device: isUsingGpuDevice ? 'gpu' : 'cpu' };
}

/**
 * How fast a backbone was found to run on this machine with this TensorFlow; null when it has not been measured. Loads
 * TensorFlow only where there is something to compare with it.
 *
 * @returns images a second in batches of 16
 */
export async function rememberedSpeed(backbone: string): Promise<number | null> {
  const record = await readCachedJson(join(speedsFolder(), recordName(backbone)));
  if (!v.is(recordSchema, record)) return null;
  // A speed can be shown without TensorFlow as little as anything can be run without it.
  const tf = await loadTensorFlow().catch(() => null);
  if (tf === null) return null;
  const { tensorflow, device } = runtimeOf(tf);
  return record.tensorflow === tensorflow && record.device === device ? record.imagesPerSecond : null;
}

/** Keeps a speed for {@link rememberedSpeed}. */
export async function rememberSpeed(tf: TensorFlow, backbone: string, imagesPerSecond: number): Promise<void> {
  await writeCachedJson(speedsFolder(), recordName(backbone), { ...runtimeOf(tf), imagesPerSecond });
}
