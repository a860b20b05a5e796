import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import { createStream } from '../../../shared/random.js';
import { DEFAULT_OPTIMIZERS } from '../../../shared/recipe.js';
import { getBackbone } from '../backbones/registry.js';
import type { BackboneDefinition } from '../backbones/types.js';
import { createEagerNetwork, type EagerNetwork } from '../graph/eager.js';
import { foldNetwork } from '../graph/fold.js';
import { LOGITS_NODE, truncateNetwork, withHead } from '../graph/head.js';
import { toTensorFlowLayout } from '../graph/layout.js';
import { uploadBytes } from '../graph/pixels.js';
import type { Network, WeightTensor } from '../graph/types.js';
import { loadTensorFlow, nativeBackend, type TensorFlow } from '../tf.js';
import { createEagerTrainer } from '../train/trainer.js';
import { createCompiledNetwork } from './compiled-network.js';
import { createCompiledTrainer } from './train-session.js';

/** What a probe prints: milliseconds for one batch, the better of a few. */
export interface ProbeResult {
  readonly plainMs: number;
  readonly fastMs: number;
  /** Largest difference of a feature, relative to the largest; or of a step's changes, relative to their norm. */
  readonly difference: number;
  /** Pictures that went through the fast way at once; null for all. */
  readonly atOnce?: number | null;
}

const BATCH_SIZE = 16;
const REPEATS = 4;
/** Parts of a batch that are tried, beside the whole. */
const PART_SIZE = 4;
/** A gain smaller than this is noise. */
const MIN_GAIN_OF_PARTS = 1.03;
const CLASS_COUNT = 2;

/** Plausible weights: training and folding need no more. */
function drawWeights(network: Network, id: string): Map<string, WeightTensor> {
  const stream = createStream('probe', id);
  return new Map(
    network.params.map(({ name, shape, role }) => {
      const length = shape.reduce((a, b) => a * b, 1);
      const scale = role === 'weight' ? Math.sqrt(3 / (length / shape[0]!)) : 0.1;
      const centre = role === 'variance' || role === 'gamma' ? 1 : 0;
      const data = Float32Array.from({ length }, () => centre + stream.between(-scale, scale));
      return [name, { shape, data }];
    }),
  );
}

function makePixels(tf: TensorFlow, size: number): Tensor {
  const length = BATCH_SIZE * size * size * 3;
  const pixels = Uint8Array.from({ length }, (_, i) => (i * 2654435761) % 256);
  return uploadBytes(tf, pixels, BATCH_SIZE, size);
}

interface Timed {
  readonly ms: number;
  readonly values: Float32Array;
}

/** The best time of a few of each, taken in turns, since a machine's speed changes; and the last results. */
function timeInTurns(runs: readonly (() => Tensor)[]): Timed[] {
  const best = runs.map((): Timed => ({ ms: Infinity, values: new Float32Array(0) }));
  for (let repeat = 0; repeat < REPEATS; repeat++) {
    for (const [place, run] of runs.entries()) {
      const startMs = performance.now();
      const y = run();
      const values = y.dataSync<'float32'>();
      y.dispose();
      best[place] = { ms: Math.min(best[place]!.ms, performance.now() - startMs), values };
    }
  }
  return best;
}

/** Compares one call a node with the compiled graph, or that with the same in bfloat16. */
async function probeFrozen(definition: BackboneDefinition, inBfloat16: boolean): Promise<ProbeResult> {
  const trunk = truncateNetwork(definition.build(), definition.featuresNode);
  const { network, weights } = foldNetwork(trunk, drawWeights(trunk, definition.id));
  const tf = await loadTensorFlow();
  const x = makePixels(tf, definition.input.size);
  const precision = inBfloat16 ? 'bfloat16' : 'float32';
  const networks: EagerNetwork[] = [
    inBfloat16 ? await createCompiledNetwork(tf, network, weights) : createEagerNetwork(tf, network, weights),
    await createCompiledNetwork(tf, network, weights, { precision }),
  ];
  // Ordinary convolutions gain nothing from few pictures, and a graphics card is not filled by them.
  if (network.nodes.some(({ op }) => op === 'depthwise_conv') && !nativeBackend(tf).isUsingGpuDevice) {
    networks.push(await createCompiledNetwork(tf, network, weights, { precision, atOnce: PART_SIZE }));
  }
  const [plain, whole, parts] = timeInTurns(networks.map((one) => () => one.run(x))) as [Timed, Timed, Timed?];
  const [fast, atOnce] =
    parts !== undefined && parts.ms * MIN_GAIN_OF_PARTS < whole.ms ? [parts, PART_SIZE] : [whole, null];
  let largest = 0;
  let difference = 0;
  plain.values.forEach((value, index) => {
    largest = Math.max(largest, Math.abs(value));
    difference = Math.max(difference, Math.abs(value - fast.values[index]!));
  });
  return { plainMs: plain.ms, fastMs: fast.ms, difference: difference / largest, atOnce };
}

/** Compares what a step changes, and times it; all stages train. */
async function probeStep(definition: BackboneDefinition, batchNorm: 'frozen' | 'batch'): Promise<ProbeResult> {
  const trunk = truncateNetwork(definition.build(), definition.featuresNode);
  const whole = withHead(trunk, definition.featuresNode, definition.featureSize, CLASS_COUNT);
  const network = truncateNetwork(whole, LOGITS_NODE);
  const weights = drawWeights(network, definition.id);
  const trained = network.params.filter(({ role }) => role !== 'mean' && role !== 'variance');
  const options = {
    network,
    batchNorm,
    hasDropout: false,
    optimizer: DEFAULT_OPTIMIZERS.sgd,
    groups: [{ names: trained.map(({ name }) => name), lrScale: 1, weightDecay: 0 }],
  };
  const tf = await loadTensorFlow();
  const x = makePixels(tf, definition.input.size);
  const labels = Array.from({ length: BATCH_SIZE * CLASS_COUNT }, (_, i) => (i % 3 === 0 ? 0 : 1 / BATCH_SIZE));
  const targets = tf.tensor2d(labels, [BATCH_SIZE, CLASS_COUNT]);
  const runs = [createEagerTrainer(tf, options, weights), await createCompiledTrainer(tf, options, weights)].map(
    (trainer) => {
      const [{ ms }] = timeInTurns([() => trainer.step(x, targets, 0, null)]) as [Timed];
      trainer.step(x, targets, 1, null).dispose();
      return { ms, after: trainer.snapshot() };
    },
  );
  const [eager, compiled] = runs as [(typeof runs)[number], (typeof runs)[number]];
  let distance = 0;
  let length = 0;
  for (const { name, layout } of trained) {
    const [then, reference, values] = [
      toTensorFlowLayout(weights.get(name)!, layout).data,
      eager.after.get(name)!.dataSync<'float32'>(),
      compiled.after.get(name)!.dataSync<'float32'>(),
    ];
    for (let i = 0; i < then.length; i++) {
      distance += (values[i]! - reference[i]!) ** 2;
      length += (reference[i]! - then[i]!) ** 2;
    }
  }
  return { plainMs: eager.ms, fastMs: compiled.ms, difference: Math.sqrt(distance / length) };
}

/**
 * Runs a backbone both ways, in a process of its own: native code can die on a machine in ways that nobody listed, and then
 * only this process dies.
 */
async function probe(id: string, task: string): Promise<ProbeResult> {
  const definition = getBackbone(id);
  if (task.startsWith('frozen')) return await probeFrozen(definition, task === 'frozen-bfloat16');
  return await probeStep(definition, task === 'step-batch' ? 'batch' : 'frozen');
}

process.stdout.write(`${JSON.stringify(await probe(process.argv[2]!, process.argv[3]!))}\n`);
process.exit(0);
