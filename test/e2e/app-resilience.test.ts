import { execFileSync } from 'node:child_process';
import { readFileSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { EpochMetrics } from '../../src/shared/reports.js';
import { CHROMIUM_PATH } from '../support/browser.js';
import { type CutLine, openCutLine } from '../support/cut-line.js';
import { makeFolder, removeFolder } from '../support/images.js';
import { writeStoryData } from '../support/story-data.js';
import {
  PATIENT,
  type StudioBrowser,
  type StudioServer,
  hasDefaultBackbone,
  lendBackbones,
  openBrowser,
  openStep,
  serveStudio,
} from '../support/studio.js';

const root = makeFolder('app-resilience');
const data = join(root, 'photos', 'insects');
const home = join(root, 'home');
/** So many that the run outlasts what is done to it, on fast machines too. */
const EPOCHS = 40;

/** Processes that this server has started, by the entry that they run. */
function childOf(server: StudioServer, entry: string): number {
  const lines = execFileSync('ps', ['-eo', 'pid,ppid,args'], { encoding: 'utf8' }).split('\n');
  const own = lines
    .map((line) => /^\s*(\d+)\s+(\d+)\s+(.*)$/.exec(line))
    .find((match) => Number(match?.[2]) === server.child.pid && match![3]!.includes(entry));
  if (!own) throw new Error(`no ${entry} among the children of ${server.child.pid}`);
  return Number(own[1]);
}

function metricsOf(run: string): EpochMetrics[] {
  return readFileSync(join(run, 'metrics.ndjson'), 'utf8')
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as EpochMetrics);
}

function onlyRun(): string {
  const [project] = readdirSync(join(home, 'projects'));
  const runs = join(home, 'projects', project!, 'runs');
  return join(runs, readdirSync(runs)[0]!);
}

const epochShown = async (page: Page): Promise<number> => {
  const text = await page
    .getByText(new RegExp(`Epoch \\d+ of ${EPOCHS}`))
    .first()
    .innerText();
  return Number(/Epoch (\d+)/.exec(text)![1]);
};

describe.skipIf(CHROMIUM_PATH === null || !hasDefaultBackbone() || process.platform === 'win32')(
  'a run in progress',
  { timeout: 300_000 },
  () => {
    let server: StudioServer;
    let browser: StudioBrowser;
    let page: Page;
    let line: CutLine;

    beforeAll(async () => {
      await writeStoryData(data);
      lendBackbones(home);
      server = await serveStudio(home, [join(root, 'photos')]);
      browser = await openBrowser(CHROMIUM_PATH!);
      line = await openCutLine(server.url);
      page = await browser.openPage(line.url);
      await page.getByRole('button', { name: 'Choose folder' }).click();
      const dialog = page.getByRole('dialog');
      await dialog.getByText('photos', { exact: true }).first().dblclick();
      await dialog.getByText('insects', { exact: true }).click();
      await dialog.getByRole('button', { name: 'Open' }).click();
      await page.getByText('72 pictures, 2 classes').first().waitFor();
      await openStep(page, 'Train');
      await page.getByLabel('Epochs').first().fill(String(EPOCHS));
      await page.getByLabel('Epochs').first().press('Tab');
      await page.getByRole('button', { name: 'Start training' }).click();
      await page
        .getByText(new RegExp(`Epoch 2 of ${EPOCHS}`))
        .first()
        .waitFor({ timeout: 240_000 });
    });
    afterAll(async () => {
      await browser?.close();
      await line?.close();
      await server?.stop();
      removeFolder(root);
    });

    it('is there again after a reload', async () => {
      await page.reload();
      await page.getByRole('button', { name: 'Stop and keep' }).waitFor();
      expect(await epochShown(page)).toBeGreaterThanOrEqual(2);
    });

    it('shows in a second tab, which can pause it for both', async () => {
      const second = await browser.openPage(server.url);
      await openStep(second, 'Train');
      await second.getByRole('button', { name: 'Pause' }).click();
      await second.getByRole('button', { name: 'Resume' }).waitFor();
      await page.getByRole('button', { name: 'Resume' }).waitFor();
      await page.getByRole('button', { name: 'Resume' }).click();
      await second.getByRole('button', { name: 'Pause' }).waitFor();
      await second.close();
    });

    it('says that the network is down, and catches up when it is back', async () => {
      const before = await epochShown(page);
      line.cut();
      await page.getByText('The connection to Graft was lost').waitFor();
      await page.getByText('Not connected').waitFor();
      line.restore();
      await page.getByText('The connection to Graft was lost').waitFor({ state: 'detached' });
      await expect.poll(() => epochShown(page), PATIENT).toBeGreaterThan(before);
    });

    it('goes on from its last epoch when the engine is killed, and says so', async () => {
      const before = metricsOf(onlyRun()).length;
      process.kill(childOf(server, 'engine.js'), 'SIGKILL');
      await page.getByText('The engine stopped and starts again').waitFor({ timeout: 60_000 });
      await page
        .getByText('Engine ready')
        .or(page.getByText('Training', { exact: true }))
        .first()
        .waitFor();
      await page.getByRole('button', { name: 'See where it is wrong' }).waitFor({ timeout: 280_000 });
      const epochs = metricsOf(onlyRun());
      expect(epochs.length).toBeGreaterThan(before);
      expect(epochs.map(({ epoch }) => epoch)).toEqual(Array.from({ length: EPOCHS }, (_, index) => index + 1));
    });

    it('keeps project and settings when the library is killed', async () => {
      process.kill(childOf(server, 'library.js'), 'SIGKILL');
      await openStep(page, 'Data');
      await page.reload();
      await page.getByText('72 pictures, 2 classes').first().waitFor({ timeout: 60_000 });
      expect(browser.problems).toEqual([]);
    });
  },
);
