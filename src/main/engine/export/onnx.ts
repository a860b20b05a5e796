import { GRAFT_VERSION } from '../../../shared/version.js';
import { foldNetwork } from '../graph/fold.js';
import { LOGITS_NODE } from '../graph/head.js';
import type { ClassifierModel } from '../runs/run-folder.js';
import type { Exporter } from './exporter.js';
import { openOnnxModel } from './onnx/open.js';
import { encodeOnnx, ONNX_FLOAT, type OnnxValue } from './onnx/proto.js';
import { OnnxWriter } from './onnx/write.js';
import { ONNX_SAMPLE } from './samples/onnx-python.js';

/** Operator set of ONNX 1.8 (2020), and the file version that belongs to it: every runtime in use reads them. */
const OPERATOR_SET = 13;
const IR_VERSION = 7;

const INPUT = 'pixels';

function describeValue(name: string, shape: readonly number[]): OnnxValue {
  const dim = [{ dimParam: 'n' }, ...shape.map((dimValue) => ({ dimValue }))];
  return { name, type: { tensorType: { elemType: ONNX_FLOAT, shape: { dim } } } };
}

/** The bytes of a run's model as an ONNX file. */
export function encodeOnnxModel(model: ClassifierModel): Uint8Array {
  const { network, weights } = foldNetwork(model.network, model.weights);
  const { classes, input, backbone } = model.description;
  const [first, ...nodes] = network.nodes;
  const names = new Map([
    [first!.name, `${INPUT}/channels_first`],
    [LOGITS_NODE, 'logits'],
    [network.output, 'probabilities'],
  ]);
  const writer = new OnnxWriter(network, weights, names);
  writer.addInput(first!, INPUT);
  for (const node of nodes) writer.add(node);
  return encodeOnnx({
    irVersion: IR_VERSION,
    producerName: 'Graft',
    producerVersion: GRAFT_VERSION,
    docString: `${backbone}. pixels: RGB in 0..255, channels last, as preprocess.json says; normalisation is inside.`,
    opsetImport: [{ domain: '', version: OPERATOR_SET }],
    metadataProps: [{ key: 'labels', value: JSON.stringify(classes) }],
    graph: {
      name: 'graft',
      node: writer.nodes,
      initializer: writer.tensors,
      input: [describeValue(INPUT, [input.size, input.size, 3])],
      output: ['probabilities', 'logits'].map((name) => describeValue(name, [classes.length])),
    },
  });
}

/**
 * ONNX: one file. Input `pixels` `[n, size, size, 3]`, float32, RGB in 0..255; outputs `probabilities` and `logits`
 * `[n, classes]`. Normalisation and softmax are inside; the class names are in the metadata under `labels`.
 */
export const onnxExporter: Exporter = {
  id: 'onnx',
  label: 'ONNX',
  description: 'One file for ONNX Runtime: Python, C++, C#, Java, mobile devices, browsers.',
  mainFile: 'model.onnx',
  sample: ONNX_SAMPLE,
  supports: () => true,
  write: async (_tf, model, sink) => sink.write('model.onnx', encodeOnnxModel(model)),
  open: openOnnxModel,
};
