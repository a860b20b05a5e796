// Times the Augment page's preview from a slider's move to the repaint of its pictures, in headless Chromium, for every
// step: `npm run bench:preview -- --data FOLDER`. Prints one JSON object; `drafts` are moves that were drawn coarsely.
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
    /** Only these steps, by the names that the page has for them; all unless given. */
    card: { type: 'string', multiple: true, default: [] },
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
  let exactWidth = 0;
  for (const [type, method] of [
    [CanvasRenderingContext2D, 'putImageData'],
    [CanvasRenderingContext2D, 'drawImage'],
    [globalThis['ImageBitmapRenderingContext'], 'transferFromImageBitmap'],
  ]) {
    const original = type.prototype[method];
    type.prototype[method] = function (...args) {
      window['benchPainted'].add(this.canvas);
      exactWidth = Math.max(exactWidth, args[0].width);
      if (args[0].width < exactWidth) window['benchDraft'] = true;
      return original.apply(this, args);
    };
  }
});

/**
 * Moves a slider ten steps up and ten down, or clicks a switch, and times each until its pictures are painted; what moves
 * no picture is not counted. Runs in the page.
 */
async function moveAndTime(element, moves) {
  const times = [];
  let drafts = 0;
  for (let move = 0; move < moves; move++) {
    const up = Math.floor(move / 10) % 2 === 0;
    window['benchPainted'].clear();
    window['benchDraft'] = false;
    const started = performance.now();
    if (element.role === 'switch') {
      element.click();
    } else if (element instanceof HTMLInputElement) {
      if (up) element.stepUp();
      else element.stepDown();
      element.dispatchEvent(new Event('input', { bubbles: true }));
    } else {
      element.dispatchEvent(new KeyboardEvent('keydown', { key: up ? 'ArrowRight' : 'ArrowLeft', bubbles: true }));
    }
    // A picture whose dice fall as before is not drawn again: then the grid says that it is done.
    do await new Promise((frame) => requestAnimationFrame(frame));
    while (
      window['benchPainted'].size < 12 &&
      document.querySelector('main [aria-busy="true"]') !== null &&
      performance.now() - started < 2000
    );
    if (window['benchPainted'].size > 0) times.push(performance.now() - started);
    if (window['benchDraft']) drafts++;
    await new Promise((rest) => setTimeout(rest, 20));
  }
  return { times, drafts };
}

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
  /** Of sliders, all together. */
  const slid = [];
  /** @param {readonly number[]} times */
  const summarise = (times) => {
    const sorted = [...times].sort((a, b) => a - b);
    const at = (share) => Math.round(sorted[Math.floor(share * sorted.length)] * 10) / 10;
    return { p50Ms: at(0.5), p95Ms: at(0.95), maxMs: at(0.999), moves: sorted.length };
  };
  const measure = async (name, slider) => {
    const card = page.getByRole('article', { name, exact: true });
    const input = slider === null ? card.getByRole('switch') : card.getByRole('slider', { name: slider });
    await input.focus();
    const found = await input.evaluate(moveAndTime, Number(options.moves));
    result[`${name}: ${slider ?? 'on and off'}`] = { ...summarise(found.times), drafts: found.drafts };
    if (slider !== null) slid.push(...found.times);
    await page.waitForTimeout(500);
  };
  const isAsked = (card) => options.card.length === 0 || options.card.includes(card);
  for (const [card, slider] of [
    ['Random crop', 'Area, lowest'],
    ['Random crop', 'Aspect, lowest'],
    ['Rotate', 'Angle, highest'],
    ['Colour', 'Brightness'],
    ['Colour', 'Contrast'],
    ['Colour', 'Saturation'],
    ['Colour', 'Hue'],
    ['Flip left–right', null],
  ]) {
    if (isAsked(card)) await measure(card, slider);
  }
  // Every other step is tried behind these, applied to every picture, with its first slider; mixing is drawn elsewhere.
  const offers = page.getByRole('region', { name: 'Add a step' }).getByRole('listitem');
  for (const name of await offers.locator('.label').allTextContents()) {
    if (!isAsked(name) || /^(mixup|cutmix)$/i.test(name)) continue;
    await offers
      .filter({ has: page.getByText(name, { exact: true }) })
      .getByRole('button')
      .click();
    const card = page.getByRole('article', { name, exact: true });
    await card.getByRole('slider', { name: 'Probability' }).press('End');
    await page.waitForTimeout(500);
    const labels = await card
      .getByRole('slider')
      .evaluateAll((all) => all.map((one) => one.getAttribute('aria-label')));
    const [, first, second] = labels;
    await measure(name, (first?.endsWith('lowest') ? second : first) ?? null);
    await card.getByRole('button', { name: `Remove ${name}` }).click();
    await page.waitForTimeout(300);
  }
  result['All sliders'] = summarise(slid);
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
} finally {
  await browser.close();
  server.kill('SIGINT');
  await new Promise((done) => server.once('close', done));
  rmSync(home, { recursive: true, force: true });
}
