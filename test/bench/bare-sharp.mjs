// sharp alone: node bare-sharp.mjs FOLDER SHORTER_SIDE decodes every picture below a folder, four at a time as the engine does,
// shrunk until its shorter side is at most SHORTER_SIDE, and prints {"event": "end", "images", "seconds", "peakMemoryBytes"}.
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import sharp from 'sharp';

const [folder = '', side = ''] = process.argv.slice(2);
const LANES = 4;
sharp.cache(false);

const files = (await readdir(folder, { recursive: true, withFileTypes: true }))
  .filter((entry) => entry.isFile())
  .map((entry) => join(entry.parentPath, entry.name));
let next = 0;
async function lane() {
  for (let file = files[next++]; file !== undefined; file = files[next++]) {
    const bytes = await readFile(file);
    const { width, height } = await sharp(bytes).metadata();
    const scale = Math.min(1, Number(side) / Math.min(width, height));
    const size = { width: Math.round(width * scale), height: Math.round(height * scale) };
    await sharp(bytes, { sequentialRead: true })
      .resize({ ...size, fit: 'fill', kernel: 'lanczos3' })
      .removeAlpha()
      .raw()
      .toBuffer();
  }
}
const started = performance.now();
await Promise.all(Array.from({ length: LANES }, lane));
const seconds = (performance.now() - started) / 1000;
const peakMemoryBytes = process.resourceUsage().maxRSS * 1024;
process.stdout.write(`${JSON.stringify({ event: 'end', images: files.length, seconds, peakMemoryBytes })}\n`);
