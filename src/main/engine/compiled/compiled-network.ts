import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import type { EagerNetwork } from '../graph/eager.js';
import { beginsWithPixels, slicePictures } from '../graph/pixels.js';
import type { Network, WeightMap } from '../graph/types.js';
import { nativeBackend, type TensorFlow } from '../tf.js';
import { loadSignature } from './graph-session.js';
import { writeSavedModel } from './saved-model.js';

/**
 * Depthwise convolutions do little with much memory: of so few pictures at a time a layer's values still lie in the
 * processor's cache when the next layer reads them. Measured on two cores with 32 MiB of third-level cache, pictures a
 * second against sixteen at a time: 1.17 for EfficientNet-Lite2, 1.05 for MobileNetV2, none for ResNet-18.
 */
const DEPTHWISE_BATCH = 4;

/** Runs a batch in parts. @param run gets parts, and results that are its caller's */
function runInParts(tf: TensorFlow, x: Tensor, size: number, run: (part: Tensor) => Tensor): Tensor {
  const count = x.shape[0] ?? 0;
  if (count <= size) return run(x);
  return tf.tidy(() => {
    const parts: Tensor[] = [];
    for (let start = 0; start < count; start += size) {
      parts.push(run(slicePictures(tf, x, start, Math.min(size, count - start))));
    }
    return tf.concat(parts);
  });
}

/**
 * A network as one compiled TensorFlow graph: one call instead of one per node, with TensorFlow's own fusion, layout and
 * memory planning. Runs like {@link EagerNetwork}, for the network's output only. Dispose it.
 *
 * The network should be folded. The graph travels through a temporary SavedModel, the only way into a session that
 * tfjs-node offers.
 *
 * @param precision of everything inside; in bfloat16 the network has to begin with pixels
 */
export async function createCompiledNetwork(
  tf: TensorFlow,
  network: Network,
  weights: WeightMap,
  precision: 'float32' | 'bfloat16' = 'float32',
): Promise<EagerNetwork> {
  const folder = join(tmpdir(), `graft-graph-${randomUUID()}`);
  try {
    const names = { input: 'input', outputs: { [network.output]: 'output' } };
    const input = beginsWithPixels(network) ? 'uint8' : 'float32';
    await writeSavedModel(folder, network, weights, names, { input, precision });
    const graph = await loadSignature(tf, folder, 'serving_default');
    const isDepthwise = network.nodes.some(({ op }) => op === 'depthwise_conv');
    const size = isDepthwise && !nativeBackend(tf).isUsingGpuDevice ? DEPTHWISE_BATCH : Infinity;
    return {
      run: (x) => runInParts(tf, x, size, (part) => graph.run({ input: part })['output']!),
      dispose: () => graph.dispose(),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
