import { GraftError, messageOf } from '../../shared/errors.js';

/** Memory that could not be had, in the words of TensorFlow and the libraries below it. */
const OUT_OF_MEMORY =
  /OOM when allocating|RESOURCE_EXHAUSTED|ResourceExhausted|failed to allocate memory|CUDA_ERROR_OUT_OF_MEMORY|_ALLOC_FAILED/;
/** How tfjs-node begins what TensorFlow told it (`binding/utils.h`, `binding/tfjs_backend.cc`). */
const FROM_TENSORFLOW = /^(Session fail to run with error:|Invalid TF_Status:)/;
/** TensorFlow goes on with places in its own code and hints for its own flags. */
const KEPT_CHARACTERS = 300;

const firstLine = (text: string): string =>
  text
    .replace(FROM_TENSORFLOW, '')
    .replace(/^\s*\d+\s*\n?Message:/, '')
    .trim()
    .split('\n')[0]!
    .slice(0, KEPT_CHARACTERS);

/**
 * An error of TensorFlow's in the user's terms: a GraftError `out-of-memory` or `tensorflow-failed`. Other errors are returned as
 * they are.
 *
 * @param needed what the memory was for, as in "a step of 64 pictures"
 */
export function explainNative(error: unknown, needed: string | null = null): Error {
  const text = messageOf(error);
  if (!(error instanceof Error)) return new Error(text);
  if (error instanceof GraftError) return error;
  if (OUT_OF_MEMORY.test(text)) {
    const place = /GPU|CUDA|CUDNN|CUBLAS/i.test(text) ? "the graphics card's memory" : 'the memory';
    const purpose = needed === null ? '' : `expected room for ${needed}, but `;
    const message = `${purpose}${place} ran out: ${firstLine(text)}. Fewer pictures at a time or a smaller backbone need less`;
    return new GraftError('out-of-memory', message, { cause: error });
  }
  if (!FROM_TENSORFLOW.test(text)) return error;
  return new GraftError('tensorflow-failed', `TensorFlow failed: ${firstLine(text)}`, { cause: error });
}
