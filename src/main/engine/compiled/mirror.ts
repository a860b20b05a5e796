import type { Window } from '../graph/kernels.js';
import { inferShapes } from '../graph/shapes.js';
import { beginsWithPixels } from '../graph/pixels.js';
import type { GraphNode, Network, ParamSpec, WeightMap, WeightTensor } from '../graph/types.js';

/** A network that takes its pictures upside down and back to front, and gives what the plain one gives. */
export interface MirroredNetwork {
  readonly network: Network;
  readonly weights: WeightMap;
}

/** A node that slides a window over a picture. */
const isWindowed = (node: GraphNode): node is Extract<GraphNode, { readonly stride: number }> => 'stride' in node;

const isPointwise = ({ kernelSize, padding }: Window): boolean => kernelSize === 1 && padding === 0;

/** Whether a picture has as many rows and columns as fall into pairs. */
const isEven = ([height, width]: readonly number[]): boolean => height! % 2 === 0 && width! % 2 === 0;

/** The same node for a mirrored picture; null where there is none. */
function mirrorNode(node: GraphNode, input: readonly number[]): GraphNode | null {
  if (!isWindowed(node) || isPointwise(node)) return node;
  const { kernelSize, stride, padding } = node;
  const isCentred = kernelSize % 2 === 1 && padding === (kernelSize - 1) / 2;
  if (stride === 1) return isCentred || padding === 'same' ? node : null;
  // From the other end, windows two pixels apart begin where SAME lets them begin, if the last one takes no padding at its end.
  return stride === 2 && isCentred && isEven(input) ? { ...node, padding: 'same' } : null;
}

/** Every kernel turned by 180°. */
function turnKernels({ shape, data }: WeightTensor): WeightTensor {
  const area = shape[2]! * shape[3]!;
  const turned = Float32Array.from(data);
  for (let start = 0; start < turned.length; start += area) turned.subarray(start, start + area).reverse();
  return { shape, data: turned };
}

/** A network as it runs on turned pictures with turned kernels. */
export interface MirroredNodes {
  readonly network: Network;
  /** Names of 1×1 convolutions of stride 2 that have to begin at the second pixel: of each pair, it was the first. */
  readonly seconds: ReadonlySet<string>;
}

/**
 * The network as it runs on a turned picture with turned kernels. PyTorch's windows of stride 2 begin one half kernel before
 * the picture, TensorFlow's SAME ends them as far behind it: on a picture that is turned by 180°, with kernels that are
 * turned, the two are the same.
 *
 * @param network to something without rows and columns, which is not turned; folded or not
 * @returns null where that would not be the same, or nothing would be padded less
 */
export function mirrorNodes(network: Network): MirroredNodes | null {
  const shapes = inferShapes(network);
  if (shapes.get(network.output)!.length !== 1) return null;
  const nodes: GraphNode[] = [];
  const seconds = new Set<string>();
  for (const node of network.nodes) {
    const input = shapes.get(node.inputs[0] ?? '') ?? [];
    const mirrored = mirrorNode(node, input);
    if (mirrored === null) return null;
    nodes.push(mirrored);
    if (!isWindowed(node) || !isPointwise(node) || node.stride === 1) continue;
    if (node.op !== 'conv' || node.stride !== 2 || !isEven(input)) return null;
    seconds.add(node.name);
  }
  const gains = nodes.some((node, place) => node !== network.nodes[place]);
  return gains ? { network: { ...network, nodes }, seconds } : null;
}

/** Whether a parameter is turned along with its picture. */
export const hasKernel = ({ layout }: ParamSpec): boolean => layout === 'conv' || layout === 'depthwise';

/**
 * Turns a network that only infers, so that TensorFlow need not pad. A depthwise convolution that says its padding in pixels
 * costs a copy of its whole, padded input in TensorFlow (see `padBefore`): 15 of 120 ms for sixteen pictures in MobileNetV2.
 *
 * @param network from pixels; see {@link mirrorNodes}
 * @returns null where that would not be the same, or no depthwise convolution would gain
 */
export function mirrorNetwork(network: Network, weights: WeightMap): MirroredNetwork | null {
  const mirrored = beginsWithPixels(network) ? mirrorNodes(network) : null;
  if (mirrored === null || mirrored.seconds.size > 0) return null;
  const { nodes } = mirrored.network;
  const gains = nodes.some((node, place) => node.op === 'depthwise_conv' && node !== network.nodes[place]);
  if (!gains) return null;
  const turned = new Map(weights);
  for (const param of network.params) {
    const tensor = weights.get(param.name);
    if (tensor !== undefined && hasKernel(param)) turned.set(param.name, turnKernels(tensor));
  }
  return { network: mirrored.network, weights: turned };
}
