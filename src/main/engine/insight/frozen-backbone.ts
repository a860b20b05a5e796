import { chooseRunner, createFrozenNetwork } from '../compiled/frozen-network.js';
import type { RunnerChoice } from '../compiled/runner.js';
import type { BackboneDefinition } from '../backbones/types.js';
import { foldNetwork } from '../graph/fold.js';
import { truncateNetwork } from '../graph/head.js';
import type { WeightMap } from '../graph/types.js';
import { nativeBackend, type TensorFlow } from '../tf.js';
import { uploadBytes } from '../graph/pixels.js';
import { fingerprintWeights } from '../train/model.js';
import { featuresFingerprint } from '../train/feature-store.js';

/** A whole backbone that only computes features. Owns its tensors: dispose it. */
export interface FrozenBackbone {
  /** Equals what a run that trains the head alone keeps its reported features under, so that they serve both. */
  readonly fingerprint: string;
  /**
   * @param pixels [count, size, size, 3], uint8
   * @returns [count, featureSize]
   */
  compute(pixels: Uint8Array, count: number): Float32Array;
  dispose(): void;
}

/**
 * What a run's frozen features are kept under.
 *
 * @param choice how the backbone runs here
 */
export function frozenFingerprint(
  tf: TensorFlow,
  definition: BackboneDefinition,
  weights: WeightMap,
  choice: RunnerChoice,
): string {
  const trunk = truncateNetwork(definition.build(), definition.featuresNode);
  return featuresFingerprint(choice, fingerprintWeights(trunk, weights), nativeBackend(tf).isUsingGpuDevice);
}

/** Makes a backbone ready to compute features, the way training runs it when it is frozen. */
export async function openFrozenBackbone(
  tf: TensorFlow,
  definition: BackboneDefinition,
  weights: WeightMap,
): Promise<FrozenBackbone> {
  const trunk = truncateNetwork(definition.build(), definition.featuresNode);
  const choice = await chooseRunner(tf, definition.id, 'frozen');
  const network = await createFrozenNetwork(tf, foldNetwork(trunk, weights), choice);
  const { size } = definition.input;
  return {
    fingerprint: frozenFingerprint(tf, definition, weights, choice),
    compute: (pixels, count) => {
      const output = tf.tidy(() => network.run(uploadBytes(tf, pixels, count, size)));
      const values = output.dataSync<'float32'>();
      output.dispose();
      return values;
    },
    dispose: () => network.dispose(),
  };
}
