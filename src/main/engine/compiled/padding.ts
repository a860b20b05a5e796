import type { Window } from '../graph/kernels.js';
import type { AttrValue } from './proto.js';

const text = (value: string): AttrValue => ({ s: new TextEncoder().encode(value) });

/** Padding attributes of a convolution or a pool; SAME wherever it means the same. */
export function paddingAttributes({ kernelSize, stride, padding }: Window): Record<string, AttrValue> {
  if (padding === 'same' || (stride === 1 && kernelSize === 2 * padding + 1)) return { padding: text('SAME') };
  if (padding === 0) return { padding: text('VALID') };
  const explicit = [0, 0, padding, padding, padding, padding, 0, 0];
  return { padding: text('EXPLICIT'), explicit_paddings: { list: { i: explicit } } };
}

/**
 * How much to pad the input of a depthwise convolution beforehand, on every side; it then pads nothing itself. Where
 * oneDNN is on, TensorFlow 2.21 fuses what follows with the convolution, forgets the explicit padding, and aborts the
 * process.
 */
export function paddingBeforeDepthwise({ kernelSize, stride, padding }: Window): number {
  return padding === 'same' || (stride === 1 && kernelSize === 2 * padding + 1) ? 0 : padding;
}
