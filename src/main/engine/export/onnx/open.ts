import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import * as v from 'valibot';
import { GraftError, messageOf } from '../../../../shared/errors.js';
import { parseWith } from '../../../../shared/parse.js';
import type { OpenClassifier } from '../../insight/predict.js';
import type { TensorFlow } from '../../tf.js';
import { uploadFloats } from '../../graph/pixels.js';
import { readExportDescription } from '../export-folder.js';
import { decodeOnnx, ONNX_FLOAT } from './proto.js';
import { runOnnxNode } from './run.js';

const attributeSchema = v.object({
  name: v.string(),
  type: v.number(),
  f: v.exactOptional(v.number()),
  i: v.exactOptional(v.number()),
  ints: v.exactOptional(v.array(v.number())),
});

const modelSchema = v.object({
  graph: v.object({
    node: v.array(
      v.object({
        name: v.string(),
        opType: v.string(),
        input: v.array(v.string()),
        output: v.pipe(v.array(v.string()), v.length(1)),
        attribute: v.array(attributeSchema),
      }),
    ),
    initializer: v.array(
      v.object({
        name: v.string(),
        dims: v.array(v.number()),
        dataType: v.literal(ONNX_FLOAT),
        rawData: v.instance(Uint8Array),
      }),
    ),
    input: v.pipe(v.array(v.object({ name: v.string() })), v.length(1)),
    output: v.array(v.object({ name: v.string() })),
  }),
});

type Graph = v.InferOutput<typeof modelSchema>['graph'];

/** Every value of an ONNX graph is defined once. */
function checkNames({ input, initializer, node }: Graph, file: string): void {
  const names = [...input, ...initializer].map(({ name }) => name).concat(node.flatMap(({ output }) => output));
  const double = names.find((name, index) => names.indexOf(name) !== index);
  if (double !== undefined) {
    throw new GraftError('unreadable-file', `expected each name once in ${file}, found ${double} again`);
  }
}

async function readGraph(file: string): Promise<Graph> {
  let decoded: unknown;
  try {
    decoded = decodeOnnx(await readFile(file));
  } catch (cause) {
    throw new GraftError('unreadable-file', `expected an ONNX model in ${file}: ${messageOf(cause)}`, { cause });
  }
  const { graph } = parseWith(modelSchema, decoded, file);
  checkNames(graph, file);
  return graph;
}

/** Constants of the graph on the device; the caller disposes. */
function uploadConstants(tf: TensorFlow, { initializer }: Graph, file: string): Map<string, Tensor> {
  const constants = new Map<string, Tensor>();
  for (const { name, dims, rawData } of initializer) {
    const length = dims.reduce((a, b) => a * b, 1);
    if (rawData.length !== length * 4) {
      throw new GraftError(
        'unreadable-file',
        `expected ${length * 4} bytes for ${name} in ${file}, received ${rawData.length}`,
      );
    }
    // Copied: the file's bytes need not lie where floats may.
    const values = new Float32Array(new Uint8Array(rawData).buffer);
    constants.set(name, tf.tensor(values, dims, 'float32'));
  }
  return constants;
}

/**
 * Opens a folder that was exported as ONNX and runs its file node by node, as ONNX defines the operators: what Graft wrote
 * is tested as it was written.
 *
 * @throws GraftError `unreadable-file`, `invalid-value`, `unsupported` for an operator that Graft does not write
 */
export async function openOnnxModel(tf: TensorFlow, folder: string): Promise<OpenClassifier> {
  const { classes, input, framing } = await readExportDescription(folder);
  const file = join(folder, 'model.onnx');
  const graph = await readGraph(file);
  const constants = uploadConstants(tf, graph, file);
  const run = (pixels: Tensor, output: string): Tensor => {
    const values = new Map([...constants, [graph.input[0]!.name, pixels]]);
    for (const node of graph.node) {
      const inputs = node.input.map((name) => {
        const value = values.get(name);
        if (value === undefined)
          throw new GraftError('unreadable-file', `${file}: ${node.name} reads ${name}, which is not there`);
        return value;
      });
      values.set(node.output[0]!, runOnnxNode(tf, node, inputs));
      if (node.output[0] === output) break;
    }
    const result = values.get(output);
    if (result === undefined) throw new GraftError('unreadable-file', `expected an output ${output} in ${file}`);
    return result;
  };
  return {
    input,
    framing,
    classifier: {
      classes,
      logits: (pixels, count) => {
        const output = tf.tidy(() => run(uploadFloats(tf, pixels, count, input.size), 'logits'));
        const values = output.dataSync<'float32'>();
        output.dispose();
        return values;
      },
      dispose: () => constants.forEach((tensor) => tensor.dispose()),
    },
  };
}
