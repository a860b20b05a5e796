// Makes a data set for the benchmark: node make-images.mjs FOLDER CLASSES TRAIN VAL WIDTH HEIGHT. The same pictures every time.
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

const [folder = '', ...numbers] = process.argv.slice(2);
const [classes = 0, train = 0, val = 0, width = 0, height = 0] = numbers.map(Number);
/** Pictures that are encoded side by side. */
const LANES = 4;
/** Noise of so many pixels, blown up, has the slopes and edges of a photo: about as much to decode. */
const COARSE = 4;

/**
 * mulberry32: whole numbers from 0 to 255.
 *
 * @param {number} seed
 */
function bytesFrom(seed) {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let t = Math.imul(state ^ (state >>> 15), 1 | state);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return (t ^ (t >>> 14)) & 255;
  };
}

/** @type {{ file: string, classIndex: number, seed: number }[]} */
const pictures = [];
for (const [split, count] of /** @type {const} */ ([
  ['train', train],
  ['val', val],
])) {
  for (let classIndex = 0; classIndex < classes; classIndex++) {
    const target = join(folder, split, `class-${classIndex + 1}`);
    await mkdir(target, { recursive: true });
    for (let i = 0; i < count; i++) {
      pictures.push({ file: join(target, `${i}.jpg`), classIndex, seed: pictures.length + 1 });
    }
  }
}

const [columns, rows] = [Math.ceil(width / COARSE), Math.ceil(height / COARSE)];
let next = 0;
async function lane() {
  for (let one = pictures[next++]; one !== undefined; one = pictures[next++]) {
    const draw = bytesFrom(one.seed);
    const { classIndex } = one;
    // A channel of its own tells a class from the others.
    const noise = Uint8Array.from({ length: columns * rows * 3 }, (_, i) =>
      i % 3 === classIndex % 3 ? 96 + (draw() >> 2) * 2 : draw() >> 1,
    );
    await sharp(noise, { raw: { width: columns, height: rows, channels: 3 } })
      .resize(width, height, { kernel: 'cubic', fit: 'fill' })
      .jpeg({ quality: 90 })
      .toFile(one.file);
  }
}
await Promise.all(Array.from({ length: LANES }, lane));
