import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import { GraftError, messageOf } from '../../../shared/errors.js';
import { encodeNetwork } from '../compiled/saved-model.js';
import { foldNetwork } from '../graph/fold.js';
import { LOGITS_NODE } from '../graph/head.js';
import type { OpenClassifier } from '../insight/predict.js';
import type { TensorFlow } from '../tf.js';
import { uploadFloats } from '../graph/pixels.js';
import { readExportDescription } from './export-folder.js';
import type { Exporter } from './exporter.js';
import { SAVED_MODEL_SAMPLE } from './samples/saved-model-node.js';

const MAIN_FILE = 'saved_model.pb';

async function openSavedModel(tf: TensorFlow, folder: string): Promise<OpenClassifier> {
  const { classes, input, framing } = await readExportDescription(folder);
  const model = await tf.node.loadSavedModel(folder).catch((cause: unknown) => {
    const file = join(folder, MAIN_FILE);
    throw new GraftError('unreadable-file', `expected a SavedModel in ${file}: ${messageOf(cause)}`, { cause });
  });
  return {
    input,
    framing,
    classifier: {
      classes,
      logits: (pixels, count) => {
        const { logits, probabilities } = tf.tidy(() =>
          model.predict({ pixels: uploadFloats(tf, pixels, count, input.size) }),
        ) as Record<'logits' | 'probabilities', Tensor>;
        const values = logits.dataSync<'float32'>();
        logits.dispose();
        probabilities.dispose();
        return values;
      },
      dispose: () => model.dispose(),
    },
  };
}

/**
 * TensorFlow SavedModel with the weights as constants: signature `serving_default`, input `pixels` `[n, size, size, 3]`,
 * float32, RGB in 0..255; outputs `probabilities` and `logits` `[n, classes]`.
 */
export const savedModelExporter: Exporter = {
  id: 'saved-model',
  label: 'TensorFlow SavedModel',
  description: 'A folder for TensorFlow and TensorFlow Serving, and for TensorFlow.js in Node.js.',
  mainFile: MAIN_FILE,
  sample: SAVED_MODEL_SAMPLE,
  supports: () => true,
  write: async (_tf, model, sink) => {
    const { network, weights } = foldNetwork(model.network, model.weights);
    const outputs = { [network.output]: 'probabilities', [LOGITS_NODE]: 'logits' };
    await sink.write(MAIN_FILE, encodeNetwork(network, weights, { input: 'pixels', outputs }));
  },
  open: openSavedModel,
};
