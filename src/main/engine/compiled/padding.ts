import type { Window } from '../graph/kernels.js';
import type { AttrValue } from './proto.js';

const text = (value: string): AttrValue => ({ s: new TextEncoder().encode(value) });

/** Whether TensorFlow's SAME means the same, whatever the picture's size. */
const isSame = ({ kernelSize, stride, padding }: Window): boolean =>
  padding === 'same' || (stride === 1 && kernelSize === 2 * padding + 1);

/** Padding attributes of a convolution or a pool; SAME wherever it means the same. */
export function paddingAttributes(window: Window): Record<string, AttrValue> {
  const { padding } = window;
  if (padding === 'same' || isSame(window)) return { padding: text('SAME') };
  if (padding === 0) return { padding: text('VALID') };
  const explicit = [0, 0, padding, padding, padding, padding, 0, 0];
  return { padding: text('EXPLICIT'), explicit_paddings: { list: { i: explicit } } };
}

/** Pixels before and behind a line of `length`. SAME pads as little as it can, and the odd pixel behind. */
function paddingAround({ kernelSize, stride, padding }: Window, length: number): readonly [number, number] {
  if (padding !== 'same') return [padding, padding];
  const total = Math.max(0, (Math.ceil(length / stride) - 1) * stride + kernelSize - length);
  return [total >> 1, total - (total >> 1)];
}

/** Padding attributes that name every pixel, also where SAME or VALID mean the same. */
export function explicitPadding(
  window: Window,
  [height, width]: readonly [number, number, ...unknown[]],
): Record<string, AttrValue> {
  const pixels = [0, 0, ...paddingAround(window, height), ...paddingAround(window, width), 0, 0];
  return { padding: text('EXPLICIT'), explicit_paddings: { list: { i: pixels } } };
}

/** A window that pads with SAME or not at all, and how many pixels to pad its input by, on every side, beforehand. */
export interface PaddedWindow {
  readonly before: number;
  readonly window: Window;
}

/**
 * Takes explicit padding out of a window. TensorFlow 2.21 has no oneDNN kernel for a gradient with explicit padding; and
 * where it fuses what follows a depthwise convolution with it, it forgets the padding and aborts the process.
 */
export function padBefore(window: Window): PaddedWindow {
  const { padding } = window;
  if (padding === 'same' || padding === 0 || isSame(window)) return { before: 0, window };
  return { before: padding, window: { ...window, padding: 0 } };
}
