import type { Tensor, Variable } from '@tensorflow/tfjs-node-gpu';
import { invariant } from '../../../shared/errors.js';
import type { TensorFlow } from '../tf.js';
import { createDifferentiableLayers, type DifferentiableLayers } from './differentiable.js';
import { uploadParams } from './eager.js';
import { createKernels } from './kernels.js';
import { toSourceLayout } from './layout.js';
import { pixelsToFloat } from './pixels.js';
import type { BatchNormNode, GraphNode, Network, WeightMap, WeightTensor } from './types.js';

export interface ForwardOptions {
  /** `frozen`: the running statistics; `batch`: each batch's own, when `training`, and the running ones follow. */
  readonly batchNorm: 'frozen' | 'batch';
  readonly training: boolean;
  /** Factors on what a dense node reads, for dropout. */
  readonly mask?: { readonly node: string; readonly factors: Tensor };
}

/** A network whose weights are variables. Owns them: dispose it. */
export interface TrainableNetwork {
  /** What gets gradients, by the checkpoint's names, in TensorFlow's layout. */
  readonly variables: ReadonlyMap<string, Variable>;
  /** Running means and variances of batch norm. */
  readonly statistics: ReadonlyMap<string, Variable>;
  /** The network's output; differentiable inside `tf.variableGrads`. The caller disposes. */
  forward(x: Tensor, options: ForwardOptions): Tensor;
  /** Variables and statistics in the source layout. */
  readWeights(): Promise<WeightMap>;
  dispose(): void;
}

/** Moves running statistics towards a batch's, as PyTorch does. */
function followStatistics(
  node: BatchNormNode,
  statistics: ReadonlyMap<string, Variable>,
  mean: Tensor,
  variance: Tensor,
) {
  const follow = (name: string, batch: Tensor): void => {
    const running = statistics.get(name);
    invariant(running, `no statistics ${name}`);
    running.assign(running.mul(1 - node.momentum).add(batch.mul(node.momentum)));
  };
  follow(node.mean, mean);
  follow(node.variance, variance);
}

interface Values {
  readonly variables: ReadonlyMap<string, Variable>;
  readonly statistics: ReadonlyMap<string, Variable>;
}

function forwardNode(
  tf: TensorFlow,
  layers: DifferentiableLayers,
  values: Values,
  node: GraphNode,
  inputs: readonly Tensor[],
  options: ForwardOptions & { readonly isConstant: boolean },
): Tensor {
  const x = inputs[0]!;
  const variable = (name: string): Variable => values.variables.get(name)!;
  switch (node.op) {
    case 'input':
      return x;
    case 'normalise':
      return pixelsToFloat(tf, x)
        .sub(tf.tensor1d([...node.mean]))
        .mul(tf.tensor1d(node.std.map((std) => 1 / std)));
    case 'conv':
    case 'depthwise_conv': {
      const op = node.op === 'conv' ? layers.conv : layers.depthwise;
      const y = op(x, variable(node.weight), node, options.isConstant);
      const biased = node.bias === null ? y : layers.biasAdd(y, variable(node.bias));
      return layers.activation(biased, node.activation);
    }
    case 'batch_norm': {
      const gamma = variable(node.gamma);
      const beta = variable(node.beta);
      if (options.batchNorm === 'batch' && options.training) {
        return layers.batchNormBatch(x, gamma, beta, node, (mean, variance) =>
          followStatistics(node, values.statistics, mean, variance),
        );
      }
      const [mean, variance] = [node.mean, node.variance].map((name) => values.statistics.get(name)!);
      return layers.batchNormFrozen(x, gamma, beta, mean!, variance!, node);
    }
    case 'activation':
      return layers.activation(x, node.kind);
    case 'add':
      return x.add(inputs[1]!);
    case 'max_pool':
      return layers.maxPool(x, node);
    case 'global_average_pool':
      return x.mean([1, 2]);
    case 'squeeze_excite': {
      const window = { kernelSize: 1, stride: 1, padding: 0 };
      const mean = x.mean([1, 2], true);
      const reduced = layers.biasAdd(layers.conv(mean, variable(node.reduceWeight), window), variable(node.reduceBias));
      const active = layers.activation(reduced, node.activation);
      const expanded = layers.biasAdd(
        layers.conv(active, variable(node.expandWeight), window),
        variable(node.expandBias),
      );
      return x.mul(layers.activation(expanded, node.gate));
    }
    case 'dense': {
      const kept = options.mask?.node === node.name ? x.mul(options.mask.factors) : x;
      const y = layers.biasAdd(kept.matMul(variable(node.weight)), variable(node.bias));
      return layers.activation(y, node.activation);
    }
    case 'softmax':
      return x.softmax();
  }
}

/** Uploads a network, unfolded, for training. */
export function createTrainableNetwork(tf: TensorFlow, network: Network, weights: WeightMap): TrainableNetwork {
  const layers = createDifferentiableLayers(tf, createKernels(tf));
  const variables = new Map<string, Variable>();
  const statistics = new Map<string, Variable>();
  const uploaded = uploadParams(tf, network, weights);
  for (const { name, role } of network.params) {
    const tensor = uploaded.get(name)!;
    const isStatistic = role === 'mean' || role === 'variance';
    (isStatistic ? statistics : variables).set(name, tf.variable(tensor, !isStatistic));
    tensor.dispose();
  }
  return {
    variables,
    statistics,
    forward: (x, options) =>
      // Frees what no gradient will ask for; the tape keeps the rest.
      tf.tidy(() => {
        const results = new Map<string, Tensor>();
        const constants = new Set<string>();
        for (const node of network.nodes) {
          const inputs = node.op === 'input' ? [x] : node.inputs.map((name) => results.get(name)!);
          const isConstant = node.inputs.every((name) => constants.has(name));
          if (node.op === 'input' || (node.op === 'normalise' && isConstant)) constants.add(node.name);
          const values = { variables, statistics };
          results.set(node.name, forwardNode(tf, layers, values, node, inputs, { ...options, isConstant }));
        }
        return results.get(network.output)!;
      }),
    async readWeights() {
      const result = new Map<string, WeightTensor>();
      for (const { name, layout } of network.params) {
        const variable = variables.get(name) ?? statistics.get(name);
        invariant(variable, `the network has the parameter ${name}`);
        const data = (await variable.data()) as Float32Array;
        result.set(name, toSourceLayout({ shape: variable.shape, data }, layout));
      }
      return result;
    },
    dispose() {
      for (const variable of [...variables.values(), ...statistics.values()]) variable.dispose();
    },
  };
}
