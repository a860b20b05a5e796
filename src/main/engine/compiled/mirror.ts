import { inferShapes } from '../graph/shapes.js';
import { beginsWithPixels } from '../graph/pixels.js';
import type { GraphNode, Network, WeightMap, WeightTensor } from '../graph/types.js';

/** A network that takes its pictures upside down and back to front, and gives what the plain one gives. */
export interface MirroredNetwork {
  readonly network: Network;
  readonly weights: WeightMap;
}

/** A node that slides a window over a picture. */
const isWindowed = (node: GraphNode): node is Extract<GraphNode, { readonly stride: number }> => 'stride' in node;

/** The same node for a mirrored picture; null where there is none. */
function mirrorNode(node: GraphNode, input: readonly number[]): GraphNode | null {
  if (!isWindowed(node)) return node;
  const { kernelSize, stride, padding } = node;
  const isCentred = kernelSize % 2 === 1 && padding === (kernelSize - 1) / 2;
  if (stride === 1) return isCentred || padding === 'same' ? node : null;
  const [height, width] = input as [number, number];
  // From the other end, windows two pixels apart begin where SAME lets them begin, if the last one takes no padding at its end.
  const isEven = height % 2 === 0 && width % 2 === 0;
  return stride === 2 && isCentred && kernelSize > 1 && isEven ? { ...node, padding: 'same' } : null;
}

/** Every kernel turned by 180°. */
function turnKernels({ shape, data }: WeightTensor): WeightTensor {
  const area = shape[2]! * shape[3]!;
  const turned = Float32Array.from(data);
  for (let start = 0; start < turned.length; start += area) turned.subarray(start, start + area).reverse();
  return { shape, data: turned };
}

/**
 * Turns a network by 180°, so that TensorFlow need not pad. PyTorch's windows of stride 2 begin one half kernel before the
 * picture, TensorFlow's SAME ends them as far behind it: on a picture that is turned, with kernels that are turned, the two
 * are the same. A depthwise convolution that says its padding in pixels costs a copy of its whole, padded input in TensorFlow
 * (see `padBefore`): 15 of 120 ms for sixteen pictures in MobileNetV2.
 *
 * @param network from pixels to something without rows and columns, which is not turned; folded or not
 * @returns null where that would not be the same, or no depthwise convolution would gain
 */
export function mirrorNetwork(network: Network, weights: WeightMap): MirroredNetwork | null {
  const shapes = inferShapes(network);
  if (!beginsWithPixels(network) || shapes.get(network.output)!.length !== 1) return null;
  const nodes: GraphNode[] = [];
  for (const node of network.nodes) {
    const mirrored = mirrorNode(node, shapes.get(node.inputs[0] ?? '') ?? []);
    if (mirrored === null) return null;
    nodes.push(mirrored);
  }
  const gains = nodes.some((node, place) => node.op === 'depthwise_conv' && node !== network.nodes[place]);
  if (!gains) return null;
  const turned = new Map(weights);
  for (const { name, layout } of network.params) {
    const tensor = weights.get(name);
    if (tensor !== undefined && (layout === 'conv' || layout === 'depthwise')) turned.set(name, turnKernels(tensor));
  }
  return { network: { ...network, nodes }, weights: turned };
}
