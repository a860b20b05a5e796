import type { BackboneDefinition } from '../backbones/types.js';
import { defaultWorkers } from '../dataset/batch-pool.js';
import { MEMORY_BYTES } from '../dataset/source-pixels.js';
import { FEATURE_BATCH_SIZE } from '../train/feature-table.js';
import type { FreeMemory } from '../../../shared/live-reports.js';
import { type StageWork, sumOver } from './work.js';

const FLOAT_BYTES = 4;
/** The process with TensorFlow loaded and the buffers that it keeps for itself. */
const BASE_BYTES = 420e6;
/** Weights as read, in TensorFlow's layout, in the graph that is handed over, and inside the session. */
const WEIGHT_COPIES = 4;
/** What trains, its gradient, the best epoch's copy, and up to two moments of the optimizer. */
const TRAINED_COPIES = 5;
/** What a training step holds of each convolution's output: what its gradient needs, and the gradients on their way. */
const STEP_COPIES = 2;
/** Buffers that are alive at once when a network only infers, in outputs of its average stage. */
const INFERENCE_COPIES = 3;

export interface MemoryNeeds {
  readonly frozen: readonly StageWork[];
  readonly trained: readonly StageWork[];
  readonly headParameters: number;
  /** Decoded pixels of all pictures. */
  readonly pixelBytes: number;
  /** Rows of features that a run keeps at hand. */
  readonly featureRows: number;
}

/**
 * What a run will hold at most, roughly, in bytes.
 *
 * @param of in a graphics card's memory, or in the machine's, where the process itself and the pictures are, too
 */
export function estimateMemory(
  { featureSize }: BackboneDefinition,
  batchSize: number,
  { frozen, trained, headParameters, pixelBytes, featureRows }: MemoryNeeds,
  of: FreeMemory['of'],
): number {
  const weights = sumOver(frozen, 'parameters') + sumOver(trained, 'parameters') + headParameters;
  const trainable = sumOver(trained, 'parameters') + headParameters;
  const largestStage = Math.max(...[...frozen, ...trained].map(({ activations }) => activations));
  const inference = INFERENCE_COPIES * largestStage * Math.max(batchSize, FEATURE_BATCH_SIZE);
  const step = STEP_COPIES * sumOver(trained, 'activations') * batchSize;
  const computed = WEIGHT_COPIES * weights + TRAINED_COPIES * trainable + Math.max(inference, step);
  if (of === 'card') return Math.round(FLOAT_BYTES * computed);
  const floats = computed + featureRows * featureSize;
  return Math.round(BASE_BYTES + FLOAT_BYTES * floats + Math.min(pixelBytes, defaultWorkers() * MEMORY_BYTES));
}
