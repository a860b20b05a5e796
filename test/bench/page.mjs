// Times the app's page in headless Chromium: `npm run bench:page -- --data FOLDER`. Prints one JSON object.
/* global window, document, requestAnimationFrame, MutationObserver -- in the functions that run in the page */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    chromium: { type: 'string', default: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium' },
    /** Data folder whose backbones are lent. */
    home: { type: 'string', default: process.env['GRAFT_HOME'] ?? join(homedir(), '.local', 'share', 'graft') },
    epochs: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '2' },
  },
});
if (options.data === undefined) throw new Error('expected --data FOLDER, a data set with one folder a class');
const data = resolve(options.data);
const home = mkdtempSync(join(tmpdir(), 'graft-bench-page-'));
for (const folder of ['backbones', join('cache', 'probes')]) {
  const from = join(options.home, folder);
  if (existsSync(from)) cpSync(from, join(home, folder), { recursive: true });
}
const env = { ...process.env, GRAFT_HOME: home };

/** @param {readonly number[]} values @param {number} share */
const quantile = (values, share) => {
  const sorted = [...values].sort((a, b) => a - b);
  return sorted.length === 0 ? null : sorted[Math.min(sorted.length - 1, Math.floor(share * sorted.length))];
};
/** @param {readonly number[]} values */
const spread = (values) => ({ median: quantile(values, 0.5), p95: quantile(values, 0.95), count: values.length });
/** @param {number} timeoutMs */
const wait = (timeoutMs) => new Promise((done) => setTimeout(done, timeoutMs));

/** Training images a second over a run's epochs after the first, which fills caches. @param {string} run */
function speedOf(run) {
  const lines = readFileSync(join(run, 'metrics.ndjson'), 'utf8').trim().split('\n').slice(1);
  const speeds = lines.map((line) => JSON.parse(line).imagesPerSecond);
  return speeds.reduce((sum, speed) => sum + speed, 0) / speeds.length;
}

const server = spawn(
  process.execPath,
  [join(ROOT, 'bin', 'graft.mjs'), 'serve', '--no-open', '--root', dirname(data)],
  {
    env,
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
const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
await context.addInitScript(() => {
  const times = (window['benchTimes'] = { epochs: [], frames: [], isCounting: false });
  let last = performance.now();
  const frame = (now) => {
    if (!times.isCounting) return;
    times.frames.push(now - last);
    last = now;
    requestAnimationFrame(frame);
  };
  times.count = () => {
    times.isCounting = true;
    last = performance.now();
    requestAnimationFrame(frame);
  };
  const add = WebSocket.prototype.addEventListener;
  // Notes when an epoch's event has come, before the page hears of it.
  WebSocket.prototype.addEventListener = function (type, listener, ...rest) {
    if (type !== 'message') return add.call(this, type, listener, ...rest);
    return add.call(
      this,
      type,
      (event) => {
        const epoch = /"name":"train.epoch".*?"epoch":(\d+)/.exec(event.data);
        if (epoch) {
          const started = performance.now();
          const shown = new MutationObserver(() => {
            shown.disconnect();
            requestAnimationFrame(() => requestAnimationFrame(() => times.epochs.push(performance.now() - started)));
          });
          shown.observe(document.body, { subtree: true, childList: true, characterData: true });
        }
        listener.call(this, event);
      },
      ...rest,
    );
  };
});

try {
  const openings = [];
  for (let round = 0; round < 5; round++) {
    const fresh = await context.newPage();
    const started = performance.now();
    await fresh.goto(url);
    await fresh.getByRole('button', { name: 'Choose folder' }).click({ trial: true });
    openings.push(performance.now() - started);
    await fresh.close();
  }

  const page = await context.newPage();
  await page.goto(url);
  await page.getByText('Engine ready').waitFor();
  await page.getByRole('button', { name: 'Choose folder' }).click();
  const dialog = page.getByRole('dialog');
  await dialog.getByText(data.split('/').at(-2), { exact: true }).first().dblclick();
  await dialog.getByText(data.split('/').at(-1), { exact: true }).click();
  const opened = performance.now();
  await dialog.getByRole('button', { name: 'Open' }).click();
  await page.waitForFunction(() => [...document.querySelectorAll('main img')].some((image) => image.naturalWidth > 0));
  const firstPictureMs = performance.now() - opened;
  await page.waitForFunction(() => !/Looking through|scanning/i.test(document.querySelector('main')?.innerText ?? ''));

  await page
    .getByRole('navigation')
    .getByRole('link', { name: /^Train/ })
    .click();
  await page.getByLabel('Epochs').first().fill(options.epochs);
  await page.getByLabel('Epochs').first().press('Tab');
  await wait(3000);

  /** One run in the app, then the same recipe on the command line. */
  const rounds = [];
  const frames = [];
  const epochs = [];
  const project = join(home, 'projects', readdirSync(join(home, 'projects'))[0]);
  for (let round = 0; round <= Number(options.rounds); round++) {
    const before = new Set(existsSync(join(project, 'runs')) ? readdirSync(join(project, 'runs')) : []);
    await page.getByRole('button', { name: 'Start training' }).click();
    await page
      .getByText(/Epoch 2 of/)
      .first()
      .waitFor({ timeout: 600_000 });
    // Counting frames makes the browser draw sixty a second: only in the first round, whose speed is not compared.
    if (round === 0) await page.evaluate(() => window['benchTimes'].count());
    await page.getByRole('button', { name: 'See where it is wrong' }).waitFor({ timeout: 600_000 });
    if (round === 0) frames.push(...(await page.evaluate(() => window['benchTimes'].frames)));
    await page.evaluate(() => (window['benchTimes'].isCounting = false));
    epochs.push(...(await page.evaluate(() => window['benchTimes'].epochs)));
    const run = readdirSync(join(project, 'runs')).find((name) => !before.has(name));
    const inApp = speedOf(join(project, 'runs', run));
    if (round === 0) {
      await page.getByRole('button', { name: 'Train another' }).click();
      continue;
    }
    const out = join(home, `cli-${round}`);
    await new Promise((done) => {
      const args = ['train', '--recipe', join(project, 'runs', run, 'recipe.json'), '--out', out, '--json'];
      spawn(process.execPath, [join(ROOT, 'bin', 'graft.mjs'), ...args], { env, stdio: 'ignore' }).on('close', done);
    });
    const alone = speedOf(out);
    rounds.push({ inApp, alone, overhead: 1 - inApp / alone });
    await page.getByRole('button', { name: 'Train another' }).click();
  }
  const seconds = frames.reduce((sum, frame) => sum + frame, 0) / 1000;
  const result = {
    interactiveMs: spread(openings),
    firstPictureMs,
    framesPerSecondWhileTraining: frames.length / seconds,
    slowestFrameMs: Math.max(...frames),
    epochEventToPaintMs: spread(epochs),
    imagesPerSecond: rounds,
  };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
} finally {
  await browser.close();
  server.kill('SIGINT');
  await new Promise((done) => server.once('close', done));
  rmSync(home, { recursive: true, force: true });
}
