import type { ActivationNode, BatchNormNode, ConvNode, DepthwiseConvNode, GraphNode, Network } from '../graph/types.js';
import type { Filter } from './train-layers.js';
import type { Tape } from './train-tape.js';
import type { Edge, TrainWriter } from './train-writer.js';

/** What directly follows a convolution, and nothing else reads in between. */
export interface Chain {
  readonly batchNorm: BatchNormNode | null;
  readonly activation: ActivationNode | null;
}

/**
 * Finds what can be computed together with each convolution.
 *
 * @param foldsBatchNorm whether a convolution's batch norm is fixed, so that it can be a factor and a shift of its own
 */
export function findChains(
  network: Network,
  foldsBatchNorm: (conv: ConvNode | DepthwiseConvNode) => boolean,
): ReadonlyMap<string, Chain> {
  const readers = new Map<string, GraphNode[]>();
  for (const node of network.nodes) {
    for (const input of node.inputs) readers.set(input, [...(readers.get(input) ?? []), node]);
  }
  const onlyReader = (name: string): GraphNode | null => {
    const all = readers.get(name) ?? [];
    return all.length === 1 && name !== network.output ? all[0]! : null;
  };
  const chains = new Map<string, Chain>();
  for (const node of network.nodes) {
    if ((node.op !== 'conv' && node.op !== 'depthwise_conv') || node.activation !== 'linear') continue;
    let next = onlyReader(node.name);
    const batchNorm = next?.op === 'batch_norm' && foldsBatchNorm(node) ? next : null;
    if (batchNorm) next = onlyReader(batchNorm.name);
    chains.set(node.name, { batchNorm, activation: next?.op === 'activation' ? next : null });
  }
  return chains;
}

/** A convolution's filter and bias with a batch norm of fixed statistics multiplied in. */
export interface FoldedConv {
  readonly filter: Filter;
  readonly bias: Edge;
}

/**
 * Folds a batch norm of fixed statistics into the convolution before it, inside the graph and with gradients: with
 * s = γ/√(σ²+ε), the filter is W·s and the bias β + (b − μ)·s. The batch norm's passes over activations become passes over
 * parameters, and TensorFlow can fuse what is left.
 */
export function foldBatchNorm(
  writer: TrainWriter,
  tape: Tape,
  scope: string,
  conv: ConvNode | DepthwiseConvNode,
  norm: BatchNormNode,
): FoldedConv {
  const name = `${scope}/${norm.name}`;
  const back = `gradient/${name}`;
  const value = (param: string): Edge => writer.variable(param).value;
  const [gamma, beta, mean] = [value(norm.gamma), value(norm.beta), value(norm.mean)];
  const weight = writer.variable(conv.weight);
  const bias = conv.bias === null ? null : value(conv.bias);

  const safe = writer.float('AddV2', `${name}/safe`, value(norm.variance), writer.scalar(norm.epsilon));
  const inverse = writer.float('Rsqrt', `${name}/inverse`, safe);
  const scale = tape.record(writer.float('Mul', `${name}/factor`, gamma, inverse), [gamma], (ds) =>
    tape.send(gamma, () => writer.float('Mul', `${back}/gamma`, ds, inverse)),
  );

  // [h, w, in, out] and, depthwise, [h, w, channels, 1].
  const isDepthwise = conv.op === 'depthwise_conv';
  const factor = isDepthwise ? writer.reshape(`${name}/column`, scale, [-1, 1]) : scale;
  const filter = tape.record(
    writer.float('Mul', `${name}/filter`, weight.value, factor),
    [weight.value, scale],
    (dy) => {
      tape.send(weight.value, () => writer.float('Mul', `${back}/filter`, dy, factor));
      tape.send(scale, () => {
        const products = writer.float('Mul', `${back}/products`, dy, weight.value);
        return writer.reduce('Sum', `${back}/factor`, products, isDepthwise ? [0, 1, 3] : [0, 1, 2], false);
      });
    },
  );

  const centred =
    bias === null ? writer.float('Neg', `${name}/centred`, mean) : writer.float('Sub', `${name}/centred`, bias, mean);
  const shift = writer.float('Mul', `${name}/shift`, centred, scale);
  const trained = [beta, scale, ...(bias === null ? [] : [bias])];
  const folded = tape.record(writer.float('AddV2', `${name}/bias`, beta, shift), trained, (dy) => {
    tape.send(beta, () => dy);
    tape.send(scale, () => writer.float('Mul', `${back}/shift`, dy, centred));
    if (bias !== null) tape.send(bias, () => writer.float('Mul', `${back}/bias`, dy, scale));
  });
  return { filter: { value: filter, shape: weight.shape }, bias: folded };
}
