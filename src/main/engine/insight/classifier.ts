import { foldNetwork } from '../graph/fold.js';
import { createEagerNetwork } from '../graph/eager.js';
import { LOGITS_NODE } from '../graph/head.js';
import type { ClassifierModel } from '../runs/run-folder.js';
import type { TensorFlow } from '../tf.js';
import { uploadBytes } from '../graph/pixels.js';

/** A trained model ready to run. Owns its tensors: dispose it. */
export interface Classifier {
  readonly classes: readonly string[];
  /**
   * @param pixels [count, size, size, 3], uint8
   * @returns logits, [count, classes]
   */
  logits(pixels: Uint8Array, count: number): Float32Array;
  dispose(): void;
}

/** Uploads a run's model, batch norm folded. */
export function createClassifier(tf: TensorFlow, model: ClassifierModel): Classifier {
  const folded = foldNetwork(model.network, model.weights);
  const network = createEagerNetwork(tf, folded.network, folded.weights);
  const { size } = model.description.input;
  return {
    classes: model.description.classes,
    logits: (pixels, count) => {
      const output = tf.tidy(() => network.run(uploadBytes(tf, pixels, count, size), LOGITS_NODE));
      const values = output.dataSync<'float32'>();
      output.dispose();
      return values;
    },
    dispose: () => network.dispose(),
  };
}
