import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { loadSignature } from '../../../../src/main/engine/compiled/graph-session.js';
import { DT_FLOAT, DT_INT32, encodeSavedModel, shapeOf } from '../../../../src/main/engine/compiled/proto.js';
import { explainNative } from '../../../../src/main/engine/native-error.js';
import { loadTensorFlow } from '../../../../src/main/engine/tf.js';
import { GraftError } from '../../../../src/shared/errors.js';
import { makeFolder, removeFolder } from '../../../support/images.js';

const folder = makeFolder('native-error');
afterAll(() => removeFolder(folder));

const TOO_LARGE = [1_000_000, 50_000_000];
const thrownBy = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  throw new Error('expected it to throw');
};

/** A graph that makes zeros of the size that it is given. */
async function openZeros() {
  const model = encodeSavedModel(
    [
      {
        name: 'size',
        op: 'Placeholder',
        input: [],
        attr: { dtype: { type: DT_INT32 }, shape: { shape: shapeOf([2]) } },
      },
      {
        name: 'zero',
        op: 'Const',
        input: [],
        attr: {
          dtype: { type: DT_FLOAT },
          value: { tensor: { dtype: DT_FLOAT, tensorShape: shapeOf([]), tensorContent: new Uint8Array(4) } },
        },
      },
      {
        name: 'zeros',
        op: 'Fill',
        input: ['size', 'zero'],
        attr: { T: { type: DT_FLOAT }, index_type: { type: DT_INT32 } },
      },
    ],
    {
      serving_default: {
        inputs: { size: { name: 'size:0', dtype: DT_INT32, tensorShape: shapeOf([2]) } },
        outputs: { zeros: { name: 'zeros:0', dtype: DT_FLOAT, tensorShape: shapeOf([-1, -1]) } },
        methodName: 'tensorflow/serving/predict',
      },
    },
  );
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'saved_model.pb'), model);
  const tf = await loadTensorFlow();
  return { tf, graph: await loadSignature(tf, folder, 'serving_default') };
}

describe('explainNative', () => {
  it('knows the memory that a graph could not have', async () => {
    const { tf, graph } = await openZeros();
    const size = tf.tensor1d(TOO_LARGE, 'int32');
    const error = explainNative(
      thrownBy(() => graph.run({ size })),
      'a step of 64 pictures',
    );
    expect(error).toMatchObject({ code: 'out-of-memory' });
    expect(error.message).toMatch(
      /^expected room for a step of 64 pictures, but the memory ran out: OOM when allocating tensor with shape\[1000000,50000000\].*\. Fewer pictures/,
    );
    expect(error.message).not.toContain('\n');
    graph.dispose();
    size.dispose();
  });

  it('knows the memory that an op could not have', () => {
    const said =
      'Invalid TF_Status: 8\nMessage: OOM when allocating tensor with shape[9,9] and type float on /device:CPU:0 by allocator mklcpu';
    const { message } = explainNative(new Error(said));
    expect(message).toMatch(
      /^the memory ran out: OOM when allocating tensor with shape\[9,9\] .* by allocator mklcpu\. /,
    );
  });

  it('knows a graph that fails for another reason', async () => {
    const { tf, graph } = await openZeros();
    const size = tf.tensor1d([-1, 2], 'int32');
    const error = explainNative(thrownBy(() => graph.run({ size })));
    expect(error).toMatchObject({ code: 'tensorflow-failed' });
    expect(error.message).toMatch(/^TensorFlow failed: /);
    graph.dispose();
    size.dispose();
  });

  it.each([
    [
      'OOM when allocating tensor with shape[64,112,112,96] and type float on /job:localhost/device:GPU:0 by allocator GPU_0_bfc',
    ],
    ['Failed to create cuDNN handle: CUDNN_STATUS_ALLOC_FAILED'],
    ['could not allocate 4096 bytes: CUDA_ERROR_OUT_OF_MEMORY: out of memory'],
  ])('blames the card for %s', (said) => {
    const error = explainNative(new Error(`Session fail to run with error: ${said}`));
    expect(error).toMatchObject({ code: 'out-of-memory' });
    expect(error.message).toContain("the graphics card's memory ran out");
  });

  it('leaves other errors alone', () => {
    const [known, bug] = [new GraftError('not-found', 'no such run'), new TypeError('x is undefined')];
    expect(explainNative(known)).toBe(known);
    expect(explainNative(bug)).toBe(bug);
    expect(explainNative('words').message).toBe('words');
  });
});
