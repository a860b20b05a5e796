import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import { nativeBackend, type TensorFlow } from '../tf.js';
import type { Network } from './types.js';

/** tfjs has no uint8 and calls it this. */
const BYTES_LABEL = 'int32';

/**
 * Pictures as uint8 tensors: a quarter of what float32 takes across the boundary and to a graphics card. tfjs's own ops
 * cannot read them; the functions here, an eager network and a compiled graph can.
 *
 * @param pixels of at least `count` pictures
 * @returns [count, size, size, 3]; the caller disposes
 */
export function uploadBytes(tf: TensorFlow, pixels: Uint8Array, count: number, size: number): Tensor {
  const backend = nativeBackend(tf);
  const { TF_UINT8 } = backend.binding;
  const shape = [count, size, size, 3];
  const id = backend.binding.createTensor(shape, TF_UINT8, pixels.subarray(0, count * size * size * 3));
  return backend.createOutputTensor({ id, shape, dtype: TF_UINT8 });
}

/** Pixels as a float32 tensor, [count, size, size, 3], for whatever runs an exported model; the caller disposes. */
export function uploadFloats(tf: TensorFlow, pixels: Uint8Array, count: number, size: number): Tensor {
  return tf.tensor4d(new Float32Array(pixels.subarray(0, count * size * size * 3)), [count, size, size, 3]);
}

/** Whether a tensor of pixels is one of {@link uploadBytes}. */
export const isBytes = (x: Tensor): boolean => x.dtype === BYTES_LABEL;

/** Whether a network's input is pixels, in 0..255, and not what another part of a network yields. */
export const beginsWithPixels = ({ nodes: [first, second] }: Network): boolean =>
  first?.op === 'input' && second?.op === 'normalise' && second.inputs[0] === first.name;

/** Pixels as float32, whichever they are; the caller disposes. */
export function pixelsToFloat(tf: TensorFlow, x: Tensor): Tensor {
  if (!isBytes(x)) return x.clone();
  const backend = nativeBackend(tf);
  const { TF_ATTR_TYPE, TF_ATTR_BOOL, TF_UINT8, TF_FLOAT } = backend.binding;
  const attributes = [
    { name: 'SrcT', type: TF_ATTR_TYPE, value: TF_UINT8 },
    { name: 'DstT', type: TF_ATTR_TYPE, value: TF_FLOAT },
    { name: 'Truncate', type: TF_ATTR_BOOL, value: false },
  ];
  return backend.executeSingleOutput('Cast', attributes, [x]);
}

/** Some of a batch's pictures, of either type; the caller disposes. */
export function slicePictures(tf: TensorFlow, x: Tensor, start: number, count: number): Tensor {
  const begin = x.shape.map((_, axis) => (axis === 0 ? start : 0));
  const size = x.shape.map((length, axis) => (axis === 0 ? count : length));
  if (!isBytes(x)) return x.slice(begin, size);
  const backend = nativeBackend(tf);
  const { TF_ATTR_TYPE, TF_UINT8, TF_INT32 } = backend.binding;
  const attributes = [
    { name: 'T', type: TF_ATTR_TYPE, value: TF_UINT8 },
    { name: 'Index', type: TF_ATTR_TYPE, value: TF_INT32 },
  ];
  return tf.tidy(() =>
    backend.executeSingleOutput('Slice', attributes, [x, tf.tensor1d(begin, 'int32'), tf.tensor1d(size, 'int32')]),
  );
}
