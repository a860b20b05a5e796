import { invariant } from '../../../shared/errors.js';
import type { BatchNormNode, GraphNode, Network } from '../graph/types.js';
import { inferShapes } from '../graph/shapes.js';
import { normaliseByRow } from './normalise.js';
import { writeActivation } from './train-activations.js';
import { findChains, foldBatchNorm } from './train-fold.js';
import { type BiasGradient, type PictureShape, TrainLayers } from './train-layers.js';
import type { Tape } from './train-tape.js';
import type { Edge, TrainWriter } from './train-writer.js';

/** How a pass is written. */
export interface PassOptions {
  /** Begins the names of its nodes. */
  readonly scope: string;
  /** `frozen`: the running statistics; `batch`: the batch's own. */
  readonly batchNorm: 'frozen' | 'batch';
  /** 1×1 convolutions of stride 2 that begin at the second pixel. */
  readonly seconds: ReadonlySet<string>;
  /** Factors on what a node reads, for dropout; null for none. */
  readonly mask: { readonly node: string; readonly factors: Edge } | null;
  /** Hears of every batch norm that uses the batch's own statistics: its mean and unbiased variance. */
  readonly onStatistics?: (node: BatchNormNode, mean: Edge, variance: Edge) => void;
}

/**
 * A fixed batch norm that is folded passes over its convolution's filter some times, one that is not over the pictures; so it
 * is folded where so many pictures are more than the filter. As many as a usual batch has.
 */
const FOLD_PICTURES = 16;

/**
 * Writes a forward pass over variables that are declared.
 *
 * @param input what the network's input node yields
 * @returns the network's output
 */
export function writeForward(
  writer: TrainWriter,
  tape: Tape,
  network: Network,
  input: Edge,
  options: PassOptions,
): Edge {
  const layers = new TrainLayers(writer, tape);
  const shapes = inferShapes(network);
  const results = new Map<string, Edge>();
  const sizeOf = (shape: readonly number[]): number => shape.reduce((a, b) => a * b, 1);
  const chains = findChains(network, ({ name, weight }) => {
    const picture = sizeOf(shapes.get(name)!);
    return options.batchNorm === 'frozen' && sizeOf(writer.variable(weight).shape) < FOLD_PICTURES * picture;
  });
  /** Nodes that are computed with a convolution before them, by the convolution's name. */
  const covered = new Map<string, string>();
  const value = (name: string): Edge => writer.variable(name).value;
  const picture = (name: string): PictureShape => {
    const shape = shapes.get(name)!;
    invariant(shape.length === 3, `${name} is picture-shaped`);
    return [shape[0]!, shape[1]!, shape[2]!];
  };

  const writeNode = (node: GraphNode, x: Edge, second: Edge | undefined): Edge => {
    const name = `${options.scope}/${node.name}`;
    const activate = (edge: Edge, kind: Parameters<typeof writeActivation>[2], at = name): Edge =>
      writeActivation(writer, tape, kind, `${at}/${kind}`, edge);
    switch (node.op) {
      case 'input':
        return input;
      case 'normalise': {
        invariant(!tape.needs(x), 'pixels get no gradient');
        const size = picture(node.inputs[0]!);
        const { mean, scale } = normaliseByRow(node, size[1]);
        const rows = writer.reshape(`${name}/rows`, x, [-1, mean.length]);
        const centred = writer.float('Sub', `${name}/centred`, rows, writer.vector(mean));
        return writer.reshape(name, writer.float('Mul', `${name}/scaled`, centred, writer.vector(scale)), [
          -1,
          ...size,
        ]);
      }
      case 'conv':
      case 'depthwise_conv': {
        const { batchNorm, activation } = chains.get(node.name) ?? { batchNorm: null, activation: null };
        const { filter, bias } = batchNorm
          ? foldBatchNorm(writer, tape, options.scope, node, batchNorm)
          : { filter: writer.variable(node.weight), bias: node.bias === null ? null : value(node.bias) };
        const finish = (y: Edge, gradient: BiasGradient): Edge => {
          const biased = bias === null ? y : layers.biasAdd(`${name}/bias`, y, bias, gradient);
          return activate(biased, activation?.kind ?? node.activation);
        };
        for (const done of [batchNorm, activation]) if (done) covered.set(done.name, node.name);
        const shape = picture(node.inputs[0]!);
        if (node.op === 'depthwise_conv')
          return finish(layers.depthwise(name, x, filter, node, shape), { channels: shape[2] });
        const output = picture(node.name);
        if (!options.seconds.has(node.name)) return layers.conv(name, x, filter, node, [shape, output], finish);
        const second = layers.everySecond(`${name}/seconds`, x, shape);
        const halved: PictureShape = [output[0], output[1], shape[2]];
        return layers.conv(name, second, filter, { ...node, stride: 1 }, [halved, output], finish);
      }
      case 'batch_norm': {
        const affine = [value(node.gamma), value(node.beta)] as const;
        if (options.batchNorm === 'frozen') {
          const statistics = [value(node.mean), value(node.variance)] as const;
          return layers.batchNorm(name, x, affine, node.epsilon, statistics).y;
        }
        const { y, mean, variance } = layers.batchNorm(name, x, affine, node.epsilon, null);
        options.onStatistics?.(node, mean, variance);
        return y;
      }
      case 'activation':
        return activate(x, node.kind);
      case 'add':
        return layers.add(name, x, second!);
      case 'max_pool':
        return layers.maxPool(name, x, node);
      case 'global_average_pool':
        return layers.globalAverage(name, x, picture(node.inputs[0]!));
      case 'squeeze_excite': {
        const shape = picture(node.inputs[0]!);
        // On pooled rows, the 1×1 convolutions are matrix products.
        const dense = (part: string, rows: Edge, weight: string, bias: string): Edge => {
          const filter = writer.variable(weight);
          const matrix = layers.reshape(`${name}/${part}/filter`, filter.value, filter.shape.slice(2), filter.shape);
          return layers.biasAdd(`${name}/${part}/bias`, layers.matMul(`${name}/${part}`, rows, matrix), value(bias));
        };
        const pooled = layers.globalAverage(`${name}/mean`, x, shape);
        const reduced = activate(dense('reduce', pooled, node.reduceWeight, node.reduceBias), node.activation);
        const gate = activate(dense('expand', reduced, node.expandWeight, node.expandBias), node.gate, `${name}/gate`);
        return layers.scaleChannels(name, x, gate, shape[2]);
      }
      case 'dense': {
        const kept = options.mask?.node === node.name ? layers.mask(`${name}/dropout`, x, options.mask.factors) : x;
        const y = layers.biasAdd(`${name}/bias`, layers.matMul(name, kept, value(node.weight)), value(node.bias));
        return activate(y, node.activation);
      }
      case 'softmax':
        invariant(!tape.needs(x), 'a training graph ends in logits');
        return writer.float('Softmax', name, x);
    }
  };

  for (const node of network.nodes) {
    const [x, second] = node.inputs.map((name) => results.get(name)!);
    const leader = covered.get(node.name);
    results.set(node.name, leader === undefined ? writeNode(node, x ?? input, second) : results.get(leader)!);
  }
  return results.get(network.output)!;
}
