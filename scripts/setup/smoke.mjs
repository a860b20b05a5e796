// Run in a process of its own: a small convolution and its gradient on the native backend, checked against numbers done by
// hand. Prints one line of JSON.
import { createRequire } from 'node:module';

process.env['TF_CPP_MIN_LOG_LEVEL'] ??= '2';
process.env['TF_FORCE_GPU_ALLOW_GROWTH'] ??= 'true';
const nodeRequire = createRequire(import.meta.url);
const util = nodeRequire('node:util');
// Removed in Node 23, still called by tfjs-node 4.22.
util.isNullOrUndefined ??= (/** @type {unknown} */ value) => value === null || value === undefined;
util.isArray ??= Array.isArray;

const tf = nodeRequire('@tensorflow/tfjs-node-gpu');
await tf.ready();
if (tf.getBackend() !== 'tensorflow') throw new Error(`expected the native backend, received "${tf.getBackend()}"`);

const x = tf.tensor4d([1, 2, 3, 4, 5, 6, 7, 8, 9], [1, 3, 3, 1]);
const filter = tf.tensor4d([1, 0, 0, -1], [2, 2, 1, 1]);
const convolved = Array.from(tf.conv2d(x, filter, 1, 'valid').dataSync());
// Each window of [[a, b], [c, d]] gives a − d, which is −4 in all four.
if (convolved.join() !== '-4,-4,-4,-4') throw new Error(`a convolution gave ${convolved.join()}`);
const gradient = tf.grad((/** @type {unknown} */ f) => tf.sum(tf.conv2d(x, f, 1, 'valid')))(filter);
// The gradient of a weight is the sum of the four pixels that it meets.
const received = Array.from(gradient.dataSync()).join();
if (received !== '12,16,24,28') throw new Error(`a convolution's gradient gave ${received}`);

const backend = tf.backend();
process.stdout.write(
  `${JSON.stringify({ version: backend.binding.TF_Version, device: backend.isUsingGpuDevice ? 'gpu' : 'cpu' })}\n`,
);
process.exit(0);
