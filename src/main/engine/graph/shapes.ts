import { invariant } from '../../../shared/errors.js';
import type { Network, Padding } from './types.js';

/** Length of an axis after a window has slid over it. */
export function slideLength(length: number, kernelSize: number, stride: number, padding: Padding): number {
  return padding === 'same' ? Math.ceil(length / stride) : Math.floor((length + 2 * padding - kernelSize) / stride) + 1;
}

/**
 * Output shapes by node name, without the batch: [height, width, channels] or [channels].
 */
export function inferShapes(network: Network): ReadonlyMap<string, readonly number[]> {
  const shapes = new Map<string, readonly number[]>();
  for (const node of network.nodes) {
    const input = node.op === 'input' ? node.shape : shapes.get(node.inputs[0]!);
    invariant(input, `${node.name} comes after its inputs`);
    const slide = (kernelSize: number, stride: number, padding: Padding): [number, number] => [
      slideLength(input[0]!, kernelSize, stride, padding),
      slideLength(input[1]!, kernelSize, stride, padding),
    ];
    switch (node.op) {
      case 'conv':
        shapes.set(node.name, [...slide(node.kernelSize, node.stride, node.padding), node.filters]);
        break;
      case 'depthwise_conv':
      case 'max_pool':
        shapes.set(node.name, [...slide(node.kernelSize, node.stride, node.padding), input[2]!]);
        break;
      case 'global_average_pool':
        shapes.set(node.name, [input[2]!]);
        break;
      case 'dense':
        shapes.set(node.name, [node.units]);
        break;
      default:
        shapes.set(node.name, input);
    }
  }
  return shapes;
}
