// Times the app's page in headless Chromium: `npm run bench:page -- --data FOLDER`. Prints one JSON object.
/* global window, document, requestAnimationFrame, MutationObserver -- in the functions that run in the page */
import { spawn } from 'node:child_process';
import { cpSync, existsSync, mkdtempSync, readFileSync, readdirSync, rmSync } from 'node:fs';
import { availableParallelism, homedir, tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { chromium } from 'playwright-core';
import { cpuSeconds, processesOf } from './cpu-time.mjs';

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const { values: options } = parseArgs({
  options: {
    data: { type: 'string' },
    chromium: { type: 'string', default: process.env['CHROMIUM_PATH'] ?? '/usr/bin/chromium' },
    /** Data folder whose backbones are lent. */
    home: { type: 'string', default: process.env['GRAFT_HOME'] ?? join(homedir(), '.local', 'share', 'graft') },
    epochs: { type: 'string', default: '4' },
    /** Of a run in the app and one on the command line, which takes turns in going first. */
    rounds: { type: 'string', default: '4' },
    /** Epochs of the run whose browser stands still in every third one. */
    turns: { type: 'string', default: '37' },
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
/** Median; the mean of the middle two. @param {readonly number[]} values */
const middle = (values) =>
  (quantile(values, 0.5) +
    quantile(
      [...values].map((value) => -value),
      0.5,
    ) *
      -1) /
  2;
/** @param {number} timeoutMs */
const wait = (timeoutMs) => new Promise((done) => setTimeout(done, timeoutMs));

/** Training images a second of a run's epochs so far. @param {string} run @returns {readonly number[]} */
function speedsOf(run) {
  const metrics = join(run, 'metrics.ndjson');
  if (!existsSync(metrics)) return [];
  const lines = readFileSync(metrics, 'utf8').split('\n').slice(0, -1);
  return lines.map((line) => JSON.parse(line).imagesPerSecond);
}

/** The same over a run's epochs after the first, which fills caches. @param {string} run */
function speedOf(run) {
  const speeds = speedsOf(run).slice(1);
  return speeds.reduce((sum, speed) => sum + speed, 0) / speeds.length;
}

/** The part of the app that a process does; null for what is not the app's. @param {string} command */
function roleOf(command) {
  const part = /[/\\](engine|library)\.js/.exec(command)?.[1];
  if (part !== undefined) return part;
  if (command.includes('graft.mjs serve')) return 'server';
  if (!/chrom/i.test(command)) return null;
  return `browser ${/--utility-sub-type=(\w+)/.exec(command)?.[1] ?? /--type=([\w-]+)/.exec(command)?.[1] ?? 'main'}`;
}

/** Starts counting processor time; the answer says how much was used in each second since then, by what, and by the page. */
function countCpu() {
  const before = cpuSeconds(process.pid, roleOf);
  const started = performance.now();
  return () => {
    const after = cpuSeconds(process.pid, roleOf);
    if (before === null || after === null) return null;
    const seconds = (performance.now() - started) / 1000;
    const shares = Object.fromEntries(
      Object.entries(after).map(([role, used]) => [role, (used - (before[role] ?? 0)) / seconds]),
    );
    const page = Object.entries(shares).reduce((sum, [role, share]) => sum + (role === 'engine' ? 0 : share), 0);
    return { page, shares };
  };
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

  const frames = [];
  const epochs = [];
  const runs = join(home, 'projects', readdirSync(join(home, 'projects'))[0], 'runs');

  /** Trains in the app, which is looked at all the time. @param {boolean} isCounting frames: sixty are drawn a second then */
  const trainInApp = async (isCounting) => {
    const before = new Set(existsSync(runs) ? readdirSync(runs) : []);
    await page.getByRole('button', { name: 'Start training' }).click();
    const second = page.getByText(/Epoch 2 of/).first();
    await second.waitFor({ timeout: 600_000 });
    const usedCpu = countCpu();
    if (isCounting) await page.evaluate(() => window['benchTimes'].count());
    await page.getByRole('button', { name: 'See where it is wrong' }).waitFor({ timeout: 600_000 });
    const cpu = usedCpu();
    await page.evaluate(() => (window['benchTimes'].isCounting = false));
    const times = await page.evaluate(() => window['benchTimes']);
    if (isCounting) frames.push(...times.frames);
    epochs.splice(0, Infinity, ...times.epochs);
    const run = join(
      runs,
      readdirSync(runs).find((name) => !before.has(name)),
    );
    await page.getByRole('button', { name: 'Train another' }).click();
    return { run, imagesPerSecond: speedOf(run), cpu };
  };

  /**
   * Trains in the app while the browser stands still in every third epoch: what the page takes from training, and nothing
   * else, since the process that trains is the same. Compared with the epoch before, so that the machine's slow minutes weigh
   * on both; in the one after, the page catches up. Null where the browser's processes can't be found.
   */
  const trainInTurns = async () => {
    const browsers = processesOf(process.pid, (command) => roleOf(command)?.startsWith('browser') ?? false);
    if (browsers.length === 0) return null;
    const before = new Set(readdirSync(runs));
    await page.getByLabel('Epochs').first().fill(options.turns);
    await page.getByLabel('Epochs').first().press('Tab');
    await wait(3000);
    await page.getByRole('button', { name: 'Start training' }).click();
    await page
      .getByText(/Epoch 2 of/)
      .first()
      .waitFor({ timeout: 600_000 });
    const run = join(
      runs,
      readdirSync(runs).find((name) => !before.has(name)),
    );
    const signal = (name) => browsers.forEach((pid) => process.kill(pid, name));
    try {
      // By their numbers from one: 3, 6, 9 … with the page, those after them without.
      for (let epoch = 2; epoch < Number(options.turns); epoch++) {
        while (speedsOf(run).length < epoch) await wait(10);
        signal(epoch % 3 === 0 ? 'SIGSTOP' : 'SIGCONT');
      }
    } finally {
      signal('SIGCONT');
    }
    await page.getByRole('button', { name: 'See where it is wrong' }).waitFor({ timeout: 600_000 });
    await page.getByRole('button', { name: 'Train another' }).click();
    const speeds = speedsOf(run);
    const pairs = speeds.flatMap((speed, index) =>
      index % 3 === 2 && index + 1 < speeds.length ? [{ shown: speed, still: speeds[index + 1] }] : [],
    );
    const overheads = pairs.map(({ shown, still }) => 1 - shown / still);
    const mean = overheads.reduce((sum, overhead) => sum + overhead, 0) / overheads.length;
    const squares = overheads.reduce((sum, overhead) => sum + (overhead - mean) ** 2, 0);
    const standardError = Math.sqrt(squares / (overheads.length - 1) / overheads.length);
    return { mean, standardError, median: middle(overheads), pairs: overheads.length };
  };
  let alone = 0;
  /** The same recipe on the command line, while the page is open and nothing happens. @param {string} run */
  const trainAlone = async (run) => {
    const out = join(home, `alone-${++alone}`);
    await new Promise((done) => {
      const args = ['train', '--recipe', join(run, 'recipe.json'), '--out', out, '--json'];
      spawn(process.execPath, [join(ROOT, 'bin', 'graft.mjs'), ...args], { env, stdio: 'ignore' }).on('close', done);
    });
    return speedOf(out);
  };

  // The first fills caches, and its frames are counted; its speed is not compared.
  const { run: first } = await trainInApp(true);
  const rounds = [];
  for (let round = 0; round < Number(options.rounds); round++) {
    const isAloneFirst = round % 2 === 1;
    const before = isAloneFirst ? await trainAlone(first) : null;
    const { imagesPerSecond: inApp, cpu } = await trainInApp(false);
    const aloneSpeed = before ?? (await trainAlone(first));
    rounds.push({ inApp, alone: aloneSpeed, overhead: 1 - inApp / aloneSpeed, cpu });
  }
  const turns = await trainInTurns();
  const seconds = frames.reduce((sum, frame) => sum + frame, 0) / 1000;
  const result = {
    interactiveMs: spread(openings),
    firstPictureMs,
    framesPerSecondWhileTraining: frames.length / seconds,
    slowestFrameMs: Math.max(...frames),
    epochEventToPaintMs: spread(epochs),
    imagesPerSecond: rounds.map(({ inApp, alone, overhead }) => ({ inApp, alone, overhead })),
    pageOverhead: turns,
    overhead: {
      median: middle(rounds.map((round) => round.overhead)),
      // Of speeds as such: a slow moment of the machine then weighs on one run, not on a pair.
      ofMedians: 1 - middle(rounds.map(({ inApp }) => inApp)) / middle(rounds.map((round) => round.alone)),
    },
    cpuSecondsPerSecond: {
      cores: availableParallelism(),
      page: middle(rounds.map(({ cpu }) => cpu?.page ?? NaN)),
      last: rounds.at(-1)?.cpu?.shares ?? null,
    },
  };
  process.stdout.write(`${JSON.stringify(result, null, 2)}\n`);
} finally {
  await browser.close();
  server.kill('SIGINT');
  await new Promise((done) => server.once('close', done));
  rmSync(home, { recursive: true, force: true });
}
