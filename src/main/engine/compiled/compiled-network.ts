import { randomUUID } from 'node:crypto';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import type { EagerNetwork } from '../graph/eager.js';
import type { Network, WeightMap } from '../graph/types.js';
import type { TensorFlow } from '../tf.js';
import { writeSavedModel } from './saved-model.js';

/**
 * A network as one compiled TensorFlow graph: one call instead of one per node, with TensorFlow's own fusion, layout and
 * memory planning. Runs like {@link EagerNetwork}, for the network's output only. Dispose it.
 *
 * The network should be folded. The graph travels through a temporary SavedModel, the only way into a session that
 * tfjs-node offers.
 */
export async function createCompiledNetwork(
  tf: TensorFlow,
  network: Network,
  weights: WeightMap,
): Promise<EagerNetwork> {
  const folder = join(tmpdir(), `graft-graph-${randomUUID()}`);
  try {
    await writeSavedModel(folder, network, weights, { input: 'input', outputs: { [network.output]: 'output' } });
    const model = await tf.node.loadSavedModel(folder);
    return {
      run: (x) => model.predict(x) as Tensor,
      dispose: () => model.dispose(),
    };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
