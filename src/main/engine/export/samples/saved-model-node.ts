import type { Exporter } from '../exporter.js';
import { PREPARE_JAVASCRIPT } from './prepare-javascript.js';

const CODE = `// Classifies pictures with the exported folder that it lies in:
//   npm install @tensorflow/tfjs-node sharp
//   node sample.mjs PICTURE…     (without pictures: the self-test)
import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import util from 'node:util';
import sharp from 'sharp';

// tfjs-node calls these two, which newer Node.js has no more.
util.isNullOrUndefined ??= (value) => value === null || value === undefined;
util.isArray ??= Array.isArray;
const { default: tf } = await import('@tensorflow/tfjs-node');

${PREPARE_JAVASCRIPT}
const folder = dirname(fileURLToPath(import.meta.url));
const readJson = async (name) => JSON.parse(await readFile(join(folder, name), 'utf8'));
const labels = await readJson('labels.json');
const preprocess = await readJson('preprocess.json');
const size = preprocess.input.shape[1];
const model = await tf.node.loadSavedModel(folder);

// A file → { width, height, data: RGB bytes }, upright, transparency on white.
async function readPicture(file) {
  const picture = sharp(file).autoOrient().flatten({ background: 'white' }).toColourspace('srgb').removeAlpha();
  const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
  return { width: info.width, height: info.height, data };
}

// size × size × 3 bytes → probabilities by class. Normalisation is inside the model.
async function classify(pixels) {
  const input = tf.tensor4d(Float32Array.from(pixels), [1, size, size, 3]);
  const output = model.predict({ pixels: input });
  const probabilities = await output.probabilities.data();
  tf.dispose([input, output]);
  return Object.fromEntries(labels.map((label, index) => [label, probabilities[index]]));
}

const files = process.argv.slice(2);
for (const file of files) {
  console.log(JSON.stringify({ file, probabilities: await classify(prepare(await readPicture(file), preprocess)) }));
}
if (files.length === 0) {
  // The picture of the self-test is framed already.
  const selfTest = await readJson('self-test.json');
  const received = await classify((await readPicture(join(folder, selfTest.image))).data);
  const largest = Math.max(...labels.map((label) => Math.abs(received[label] - selfTest.expected[label])));
  console.log('Self-test ' + (largest <= selfTest.tolerance ? 'passed' : 'FAILED') + ', largest difference ' + largest);
}
`;

/** A program for Node.js that classifies pictures. */
export const SAVED_MODEL_SAMPLE: Exporter['sample'] = { language: 'javascript', file: 'sample.mjs', code: CODE };
