import type { NamedTensorMap } from '@tensorflow/tfjs-node-gpu';
import * as v from 'valibot';
import { invariant } from '../../../shared/errors.js';
import { isBytes } from '../graph/pixels.js';
import { nativeBackend, type TensorFlow } from '../tf.js';
import { floatsOf } from './pixel-input.js';

/** One signature of a SavedModel in a session of TensorFlow's. Dispose it. */
export interface LoadedSignature {
  /**
   * @param inputs one tensor for each of the signature's inputs; they stay the caller's. Where the graph takes bytes
   *   apart, float32 goes in behind that
   * @returns the outputs by name; the caller disposes
   */
  run(inputs: NamedTensorMap): NamedTensorMap;
  dispose(): void;
}

const infoSchema = v.record(v.string(), v.looseObject({ name: v.string(), tfDtype: v.string() }));
/** What tfjs-node 4.22's `TFSavedModel` holds. */
const modelSchema = v.looseObject({
  sessionId: v.number(),
  signature: v.looseObject({ inputs: infoSchema, outputs: infoSchema }),
});

/**
 * Loads a SavedModel. Signatures of one folder share a session. The addon is called directly, since tfjs-node's own `predict`
 * insists on what the signature says, which is bytes where float32 may be given, too.
 *
 * @param signature name of one in the SavedModel
 */
export async function loadSignature(tf: TensorFlow, folder: string, signature: string): Promise<LoadedSignature> {
  const model = await tf.node.loadSavedModel(folder, ['serve'], signature);
  const { sessionId, signature: ports } = v.parse(modelSchema, model);
  const backend = nativeBackend(tf);
  const inputs = Object.entries(ports.inputs);
  const outputs = Object.entries(ports.outputs);
  const outputNames = outputs.map(([, { name }]) => name).join(',');
  return {
    run(values) {
      const names: string[] = [];
      const given = inputs.map(([key, { name, tfDtype }]) => {
        const tensor = values[key];
        invariant(tensor, `a value for the input ${key}`);
        names.push(tfDtype === 'DT_INT32' && !isBytes(tensor) ? floatsOf(name.replace(/:0$/, '')) : name);
        return tensor;
      });
      const ids = backend.getInputTensorIds(given);
      const handles = backend.binding.runSavedModel(sessionId, ids, names.join(','), outputNames);
      return Object.fromEntries(
        outputs.map(([name], index) => [name, backend.createOutputTensor(handles[index]!)] as const),
      );
    },
    dispose: () => model.dispose(),
  };
}
