import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { writeFileAtomic } from '../files.js';
import type { Network, WeightMap } from '../graph/types.js';
import { writeGraphDef } from './graph-def.js';
import type { GraphOptions } from './graph-writer.js';
import { DT_FLOAT, DT_INT32, encodeSavedModel, type NodeDef, shapeOf, type TensorInfo } from './proto.js';

/** Names of a signature's tensors. */
export interface SignatureNames {
  readonly input: string;
  /** Network node → name of the output. */
  readonly outputs: Readonly<Record<string, string>>;
}

/** Encodes a network as `saved_model.pb` with one signature `serving_default`; weights are constants in the graph. */
export function encodeNetwork(
  network: Network,
  weights: WeightMap,
  names: SignatureNames,
  options: GraphOptions = {},
): Uint8Array {
  const graph = writeGraphDef(network, weights, options);
  const info = (node: string, shape: readonly number[], dtype = DT_FLOAT): TensorInfo => ({
    name: `${node}:0`,
    dtype,
    tensorShape: shapeOf([-1, ...shape]),
  });
  const nodes: NodeDef[] = [...graph.nodes];
  const outputs = Object.fromEntries(
    Object.entries(names.outputs).map(([node, name]) => [
      name,
      info(graph.outputs.get(node)!, graph.shapes.get(node)!),
    ]),
  );
  return encodeSavedModel(nodes, {
    serving_default: {
      inputs: { [names.input]: info(graph.input, graph.inputShape, options.input === 'bytes' ? DT_INT32 : DT_FLOAT) },
      outputs,
      methodName: 'tensorflow/serving/predict',
    },
  });
}

/** Writes a SavedModel folder: `saved_model.pb` alone, since nothing in it is a variable. */
export async function writeSavedModel(
  folder: string,
  network: Network,
  weights: WeightMap,
  names: SignatureNames,
  options: GraphOptions = {},
): Promise<void> {
  await mkdir(folder, { recursive: true });
  await writeFileAtomic(join(folder, 'saved_model.pb'), encodeNetwork(network, weights, names, options));
}
