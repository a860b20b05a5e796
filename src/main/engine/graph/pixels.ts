import type { Tensor } from '@tensorflow/tfjs-node-gpu';
import { invariant } from '../../../shared/errors.js';
import { nativeBackend, type TensorFlow } from '../tf.js';
import type { Network } from './types.js';

/** tfjs's name for the type that bytes travel as. */
const WORDS = 'int32';
const BYTES_PER_WORD = 4;

const wordsOf = (size: number): number => (size * size * 3) / BYTES_PER_WORD;

/** Words of an RGB picture. @param size of its sides, in pixels; even */
export function wordsPerPicture(size: number): number {
  const words = wordsOf(size);
  invariant(Number.isInteger(words), `a picture of ${size} pixels fills whole words`);
  return words;
}

/**
 * Pictures as bytes, four to an int32: a quarter of what float32 takes across the boundary and to a graphics card. tfjs-node
 * copies every tensor to the card at once, to fetch it back for a session, but for int32: words go there once, when they are
 * computed with. An eager network and a compiled graph take them apart.
 *
 * @param pixels of at least `count` pictures
 * @param size even
 * @returns [count, words of a picture]; the caller disposes
 */
export function uploadBytes(tf: TensorFlow, pixels: Uint8Array, count: number, size: number): Tensor {
  const shape: [number, number] = [count, wordsPerPicture(size)];
  const bytes = pixels.subarray(0, count * size * size * 3);
  const aligned = bytes.byteOffset % BYTES_PER_WORD === 0 ? bytes : bytes.slice();
  return tf.tensor2d(new Int32Array(aligned.buffer, aligned.byteOffset, shape[0] * shape[1]), shape, WORDS);
}

/** Pixels as a float32 tensor, [count, size, size, 3], for whatever runs an exported model; the caller disposes. */
export function uploadFloats(tf: TensorFlow, pixels: Uint8Array, count: number, size: number): Tensor {
  return tf.tensor4d(new Float32Array(pixels.subarray(0, count * size * size * 3)), [count, size, size, 3]);
}

/** Whether a tensor of pixels is one of {@link uploadBytes}. */
export const isBytes = (x: Tensor): boolean => x.dtype === WORDS;

/** Whether a network's input is pixels, in 0..255, and not what another part of a network yields. */
export const beginsWithPixels = ({ nodes: [first, second] }: Network): boolean =>
  first?.op === 'input' && second?.op === 'normalise' && second.inputs[0] === first.name;

/** Whether a network's input can be bytes: pixels whose pictures fill whole words, as all with even sides do. */
export const takesBytes = (network: Network): boolean => {
  const [first] = network.nodes;
  return beginsWithPixels(network) && first?.op === 'input' && Number.isInteger(wordsOf(first.shape[0]));
};

/** Pixels as float32, [n, size, size, 3], whichever they are; the caller disposes. */
export function pixelsToFloat(tf: TensorFlow, x: Tensor): Tensor {
  if (!isBytes(x)) return x.clone();
  const backend = nativeBackend(tf);
  const { TF_ATTR_TYPE, TF_ATTR_BOOL, TF_INT32, TF_UINT8, TF_FLOAT } = backend.binding;
  const [count = 0, words = 0] = x.shape;
  const size = Math.sqrt((words * BYTES_PER_WORD) / 3);
  return tf.tidy(() => {
    const bytes = backend.executeSingleOutput(
      'Bitcast',
      [
        { name: 'T', type: TF_ATTR_TYPE, value: TF_INT32 },
        { name: 'type', type: TF_ATTR_TYPE, value: TF_UINT8 },
      ],
      [x],
    );
    const floats = backend.executeSingleOutput(
      'Cast',
      [
        { name: 'SrcT', type: TF_ATTR_TYPE, value: TF_UINT8 },
        { name: 'DstT', type: TF_ATTR_TYPE, value: TF_FLOAT },
        { name: 'Truncate', type: TF_ATTR_BOOL, value: false },
      ],
      [bytes],
    );
    return floats.reshape([count, size, size, 3]);
  });
}

/** Some of a batch's pictures, of either type; the caller disposes. */
export function slicePictures(x: Tensor, start: number, count: number): Tensor {
  const rest = x.shape.slice(1);
  return x.slice([start, ...rest.map(() => 0)], [count, ...rest]);
}
