import { messageOf } from '../../shared/errors.js';
import { loadUntested, nativeBackend, type TensorFlow } from './tf.js';

/** A convolution, its gradient and a product, against numbers done by hand. @returns the first that is wrong, or null */
function findProblem(tf: TensorFlow): string | null {
  const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
  const filter = tf.tensor4d([1, 0, 0, -1], [2, 2, 1, 1]);
  const results = [
    // Each window of [[a, b], [c, d]] gives a − d.
    { name: 'a convolution', y: tf.conv2d(x, filter, 1, 'valid'), expected: [-4, -4, -4, -4] },
    // The gradient of a weight is the sum of the four pixels that it meets.
    {
      name: "a convolution's gradient",
      y: tf.grad((f) => tf.sum(tf.conv2d(x, f as typeof filter, 1, 'valid')))(filter),
      expected: [12, 16, 24, 28],
    },
    {
      name: 'a matrix product',
      y: tf.matMul(tf.tensor2d([1, 2, 3, 4], [2, 2]), tf.tensor2d([5, 6, 7, 8], [2, 2])),
      expected: [19, 22, 43, 50],
    },
  ];
  for (const { name, y, expected } of results) {
    const received = [...y.dataSync<'float32'>()];
    if (received.join() !== expected.join()) {
      return `${name} gave ${received.join(', ')} in place of ${expected.join(', ')}`;
    }
  }
  return null;
}

/** Tests TensorFlow on the device that it picks, in a process of its own: see `graphics-card.ts`. */
async function testDevice(): Promise<{ device: 'cpu' | 'gpu'; problem: string | null }> {
  const tf = await loadUntested();
  const device = nativeBackend(tf).isUsingGpuDevice ? 'gpu' : 'cpu';
  try {
    return { device, problem: findProblem(tf) };
  } catch (error) {
    return { device, problem: messageOf(error) };
  }
}

process.stdout.write(`${JSON.stringify(await testDevice())}\n`);
process.exit(0);
