// Times the Augment page's preview from a slider's move to the repaint of its pictures, in headless Chromium:
// `npm run bench:preview -- --data FOLDER`. Prints one JSON object.
/* global window, document, requestAnimationFrame, CanvasRenderingContext2D, HTMLInputElement, KeyboardEvent -- in the page */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    chromium: { type: 'string', default: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium' },
    moves: { type: 'string', default: '60' },
  },
});
if (options.data === undefined) throw new Error('expected --data FOLDER, a data set with one folder a class');
const data = resolve(options.data);
const home = mkdtempSync(join(tmpdir(), 'graft-bench-preview-'));

const server = spawn(
  process.execPath,
  [join(ROOT, 'bin', 'graft.mjs'), 'serve', '--no-open', '--root', dirname(data)],
  {
    env: { ...process.env, GRAFT_HOME: home },
    stdio: ['ignore', 'pipe', 'inherit'],
  },
);
const url = await new Promise((done) => {
  let said = '';
  server.stdout.on('data', (chunk) => {
    said += chunk;
    const found = /http:\/\/\S+#token=\S+/.exec(said);
    if (found) done(found[0]);
  });
});
const browser = await chromium.launch({
  executablePath: options.chromium,
  args: ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'],
});
const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
// A canvas counts as painted when a picture is put on it.
await page.addInitScript(() => {
  window['benchPainted'] = new Set();
  for (const [type, method] of [
    [CanvasRenderingContext2D, 'putImageData'],
    [CanvasRenderingContext2D, 'drawImage'],
    [globalThis['ImageBitmapRenderingContext'], 'transferFromImageBitmap'],
  ]) {
    const original = type.prototype[method];
    type.prototype[method] = function (...args) {
      window['benchPainted'].add(this.canvas);
      return original.apply(this, args);
    };
  }
});

try {
  await page.goto(url);
  await page.getByText('Engine ready').waitFor();
  await page.getByRole('button', { name: 'Choose folder' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(data.split('/').at(-2), { exact: true }).first().dblclick();
  await dialog.getByText(data.split('/').at(-1), { exact: true }).click();
  await dialog.getByRole('button', { name: 'Open' }).click();
  await page.getByRole('button', { name: 'Next: Augment' }).click();
  await page.waitForFunction(() => window['benchPainted'].size >= 12);
  await page.waitForTimeout(8000);

  /** @type {Record<string, object>} */
  const result = {};
  for (const [card, slider] of [
    ['Random crop', 'Area, lowest'],
    ['Rotate', 'Angle, highest'],
    ['Colour', 'Brightness'],
  ]) {
    const input = page.getByRole('article', { name: card }).getByRole('slider', { name: slider });
    await input.focus();
    const times = await input.evaluate(async (element, moves) => {
      const measured = [];
      for (let move = 0; move < moves; move++) {
        const up = Math.floor(move / 10) % 2 === 0;
        window['benchPainted'].clear();
        const started = performance.now();
        if (element instanceof HTMLInputElement) {
          if (up) element.stepUp();
          else element.stepDown();
          element.dispatchEvent(new Event('input', { bubbles: true }));
        } else {
          element.dispatchEvent(new KeyboardEvent('keydown', { key: up ? 'ArrowRight' : 'ArrowLeft', bubbles: true }));
        }
        // A picture whose dice fall as before is not drawn again: then the grid says that it is done.
        const isDone = () =>
          window['benchPainted'].size >= 12 ||
          (window['benchPainted'].size > 0 && document.querySelector('main [aria-busy="true"]') === null);
        while (!isDone() && performance.now() - started < 2000) {
          await new Promise((frame) => requestAnimationFrame(frame));
        }
        measured.push(performance.now() - started);
        await new Promise((rest) => setTimeout(rest, 20));
      }
      return measured;
    }, Number(options.moves));
    const sorted = times.sort((a, b) => a - b);
    const at = (share) => Math.round(sorted[Math.floor(share * sorted.length)] * 10) / 10;
    result[slider] = { p50Ms: at(0.5), p95Ms: at(0.95), maxMs: at(0.999), moves: sorted.length };
    await page.waitForTimeout(1000);
  }
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
} finally {
  await browser.close();
  server.kill('SIGINT');
  await new Promise((done) => server.once('close', done));
  rmSync(home, { recursive: true, force: true });
}
