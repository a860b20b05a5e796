import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import { invariant } from '../../../shared/errors.js';
import type { TensorFlow } from '../tf.js';
import { createKernels, type Kernels } from './kernels.js';
import { toTensorFlowLayout } from './layout.js';
import { pixelsToFloat } from './pixels.js';
import type { ActivationKind, GraphNode, Network, WeightMap } from './types.js';

/** A network ready to run forward. Owns its weights' tensors: dispose it. */
export interface EagerNetwork {
  /**
   * @param x [n, height, width, channels]; pixels in 0..255 may be `uploadBytes`' bytes
   * @param output a node's name; the network's output unless given
   * @returns the node's value; the caller disposes
   */
  run(x: Tensor, output?: string): Tensor;
  dispose(): void;
}

/** Uploads parameters in TensorFlow's layout. */
export function uploadParams(tf: TensorFlow, network: Network, weights: WeightMap): Map<string, Tensor> {
  return new Map(
    network.params.map((param) => {
      const values = weights.get(param.name);
      invariant(values, `no weights for ${param.name}`);
      const turned = toTensorFlowLayout(values, param.layout);
      return [param.name, tf.tensor(turned.data, [...turned.shape], 'float32')];
    }),
  );
}

/** An activation forward, without a tape. */
export function runActivation(tf: TensorFlow, kernels: Kernels, kind: ActivationKind, x: Tensor): Tensor {
  switch (kind) {
    case 'linear':
      return x.clone();
    case 'relu':
      return kernels.unary('Relu', x);
    case 'relu6':
      return kernels.unary('Relu6', x);
    case 'sigmoid':
      return kernels.unary('Sigmoid', x);
    case 'silu':
      return tf.tidy(() => x.mul(kernels.unary('Sigmoid', x)));
    case 'hard_sigmoid':
      return tf.tidy(() => kernels.unary('Relu6', x.add(3)).mul(1 / 6));
    case 'hard_swish':
      return tf.tidy(() => x.mul(kernels.unary('Relu6', x.add(3))).mul(1 / 6));
  }
}

function runNode(
  tf: TensorFlow,
  kernels: Kernels,
  params: ReadonlyMap<string, Tensor>,
  node: GraphNode,
  inputs: Tensor[],
): Tensor {
  const x = inputs[0]!;
  const param = (name: string): Tensor => params.get(name)!;
  const finish = (y: Tensor, bias: string | null, activation: ActivationKind): Tensor => {
    const biased = bias === null ? y : kernels.biasAdd(y, param(bias));
    return activation === 'linear' ? biased : runActivation(tf, kernels, activation, biased);
  };
  switch (node.op) {
    case 'input':
      return x.clone();
    case 'normalise':
      return pixelsToFloat(tf, x)
        .sub(tf.tensor1d([...node.mean]))
        .mul(tf.tensor1d(node.std.map((std) => 1 / std)));
    case 'conv':
      return finish(kernels.conv(x, param(node.weight), node), node.bias, node.activation);
    case 'depthwise_conv':
      return finish(kernels.depthwise(x, param(node.weight), node), node.bias, node.activation);
    case 'batch_norm': {
      const values = [node.gamma, node.beta, node.mean, node.variance].map(param);
      return kernels.batchNorm(x, values, node.epsilon, false).y;
    }
    case 'activation':
      return runActivation(tf, kernels, node.kind, x);
    case 'add':
      return x.add(inputs[1]!);
    case 'max_pool':
      return kernels.maxPool(x, node);
    case 'global_average_pool':
      return x.mean([1, 2]);
    case 'squeeze_excite': {
      const window = { kernelSize: 1, stride: 1, padding: 0 };
      const mean = x.mean([1, 2], true);
      const reduced = finish(kernels.conv(mean, param(node.reduceWeight), window), node.reduceBias, node.activation);
      const gate = finish(kernels.conv(reduced, param(node.expandWeight), window), node.expandBias, node.gate);
      return x.mul(gate);
    }
    case 'dense': {
      const product = x.matMul(param(node.weight));
      return finish(product, node.bias, node.activation);
    }
    case 'softmax':
      return x.softmax();
  }
}

/** For each node, the last node that reads it: its value can be freed there. */
function lastReaders(nodes: readonly GraphNode[]): ReadonlyMap<string, string> {
  const last = new Map<string, string>();
  for (const node of nodes) for (const input of node.inputs) last.set(input, node.name);
  return last;
}

/**
 * Uploads a network for inference, one TensorFlow call a node. Fold it first. This is the reference that the compiled
 * graph is tested against, and what runs where that cannot.
 */
export function createEagerNetwork(tf: TensorFlow, network: Network, weights: WeightMap): EagerNetwork {
  const kernels = createKernels(tf);
  const params = uploadParams(tf, network, weights);
  const last = lastReaders(network.nodes);
  return {
    run(x, output = network.output) {
      return tf.tidy(() => {
        const values = new Map<string, Tensor>();
        for (const node of network.nodes) {
          const inputs = node.op === 'input' ? [x] : node.inputs.map((name) => values.get(name)!);
          const value = tf.tidy(() => runNode(tf, kernels, params, node, inputs));
          if (node.name === output) return value;
          values.set(node.name, value);
          // Freed as soon as nobody reads it: the peak is a few layers, not the whole network.
          for (const name of node.inputs) if (last.get(name) === node.name) values.get(name)!.dispose();
        }
        throw new Error(`invariant: the network has no node ${output}`);
      });
    },
    dispose: () => params.forEach((tensor) => tensor.dispose()),
  };
}
