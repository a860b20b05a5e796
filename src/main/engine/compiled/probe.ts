import { createStream } from '../../../shared/random.js';
import { getBackbone } from '../backbones/registry.js';
import { createEagerNetwork, type EagerNetwork } from '../graph/eager.js';
import { foldNetwork } from '../graph/fold.js';
import { truncateNetwork } from '../graph/head.js';
import type { WeightTensor } from '../graph/types.js';
import { loadTensorFlow } from '../tf.js';
import { createCompiledNetwork } from './compiled-network.js';

/** What a probe prints: milliseconds for one batch, the better of a few. */
export interface ProbeResult {
  readonly eagerMs: number;
  readonly compiledMs: number;
  /** Largest difference of a feature, relative to the largest feature. */
  readonly difference: number;
}

const BATCH_SIZE = 16;
const REPEATS = 3;

/**
 * Runs a backbone both ways, in a process of its own: native code can die on a machine in ways that nobody listed, and then
 * only this process dies.
 */
async function probe(id: string): Promise<ProbeResult> {
  const definition = getBackbone(id);
  const network = truncateNetwork(definition.build(), definition.featuresNode);
  const stream = createStream('probe', id);
  const weights = new Map<string, WeightTensor>(
    network.params.map(({ name, shape, role }) => {
      const length = shape.reduce((a, b) => a * b, 1);
      const scale = role === 'weight' ? Math.sqrt(3 / (length / shape[0]!)) : 0.1;
      const centre = role === 'variance' || role === 'gamma' ? 1 : 0;
      const data = Float32Array.from({ length }, () => centre + stream.between(-scale, scale));
      return [name, { shape, data }];
    }),
  );
  const folded = foldNetwork(network, weights);
  const tf = await loadTensorFlow();
  const { size } = definition.input;
  const length = BATCH_SIZE * size * size * 3;
  const pixels = Float32Array.from({ length }, (_, i) => (i * 2654435761) % 256);
  const x = tf.tensor4d(pixels, [BATCH_SIZE, size, size, 3]);
  const time = (runner: EagerNetwork): { ms: number; values: Float32Array } => {
    let ms = Infinity;
    let values = new Float32Array(0);
    for (let repeat = 0; repeat < REPEATS; repeat++) {
      const started = performance.now();
      const y = runner.run(x);
      values = y.dataSync<'float32'>() as Float32Array<ArrayBuffer>;
      y.dispose();
      ms = Math.min(ms, performance.now() - started);
    }
    return { ms, values };
  };
  const eager = time(createEagerNetwork(tf, folded.network, folded.weights));
  const compiled = time(await createCompiledNetwork(tf, folded.network, folded.weights));
  let largest = 0;
  let difference = 0;
  eager.values.forEach((value, index) => {
    largest = Math.max(largest, Math.abs(value));
    difference = Math.max(difference, Math.abs(value - compiled.values[index]!));
  });
  return { eagerMs: eager.ms, compiledMs: compiled.ms, difference: difference / largest };
}

process.stdout.write(`${JSON.stringify(await probe(process.argv[2]!))}\n`);
process.exit(0);
