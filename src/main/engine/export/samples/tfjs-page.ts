import type { Exporter } from '../exporter.js';
import { PREPARE_JAVASCRIPT } from './prepare-javascript.js';

const CODE = `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<meta name="viewport" content="width=device-width">
<title>Image classifier</title>
<!--
  Lies in the exported folder, beside tf.min.js of the npm package @tensorflow/tfjs (dist/tf.min.js). Any web server will
  do for the folder; opened as a file, a page may not read what is beside it.
-->
<script src="tf.min.js"></script>
<p><label>Picture: <input id="picture" type="file" accept="image/*" disabled></label></p>
<pre id="result" role="status">Loading …</pre>
<script type="module">
${PREPARE_JAVASCRIPT}
const readJson = async (name) => (await fetch(name)).json();
const [labels, preprocess, selfTest, model] = await Promise.all([
  readJson('labels.json'),
  readJson('preprocess.json'),
  readJson('self-test.json'),
  tf.loadLayersModel('model.json'),
]);
const size = preprocess.input.shape[1];
const result = document.getElementById('result');
const picker = document.getElementById('picture');

// A picture's address → { width, height, data: RGB bytes }, transparency on white.
async function readPicture(address) {
  const image = new Image();
  image.src = address;
  await image.decode();
  const canvas = document.createElement('canvas');
  canvas.width = image.naturalWidth;
  canvas.height = image.naturalHeight;
  const context = canvas.getContext('2d', { willReadFrequently: true });
  context.fillStyle = 'white';
  context.fillRect(0, 0, canvas.width, canvas.height);
  context.drawImage(image, 0, 0);
  const rgba = context.getImageData(0, 0, canvas.width, canvas.height).data;
  return { width: canvas.width, height: canvas.height, data: rgba.filter((_, i) => i % 4 !== 3) };
}

// size × size × 3 bytes → probabilities by class. Normalisation is inside the model.
async function classify(pixels) {
  const output = tf.tidy(() => model.predict(tf.tensor4d(Float32Array.from(pixels), [1, size, size, 3])));
  const probabilities = await output.data();
  output.dispose();
  return Object.fromEntries(labels.map((label, index) => [label, probabilities[index]]));
}

// The picture of the self-test is framed already. WebGL may compute with 16 bits, so it may differ a little.
const received = await classify((await readPicture(selfTest.image)).data);
const differences = labels.map((label) => Math.abs(received[label] - selfTest.expected[label]));
const largest = Math.max(...differences);
result.textContent = 'Self-test ' + (largest < 0.02 ? 'passed' : 'FAILED') + ', largest difference ' + largest;
picker.disabled = false;

picker.addEventListener('change', async () => {
  const address = URL.createObjectURL(picker.files[0]);
  const probabilities = await classify(prepare(await readPicture(address), preprocess));
  URL.revokeObjectURL(address);
  const lines = Object.entries(probabilities).sort((a, b) => b[1] - a[1]);
  result.textContent = lines.map(([label, share]) => label + ': ' + (100 * share).toFixed(2) + ' %').join('\\n');
});
</script>
</html>
`;

/** A page that classifies pictures in the browser. */
export const TFJS_SAMPLE: Exporter['sample'] = { language: 'html', file: 'sample.html', code: CODE };
