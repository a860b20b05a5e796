import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CHROMIUM_PATH } from '../support/browser.js';
import { makeFolder, removeFolder } from '../support/images.js';
import { writeStoryData } from '../support/story-data.js';
import {
  PATIENT,
  type StudioBrowser,
  type StudioServer,
  hasDefaultBackbone,
  lendBackbones,
  openBrowser,
  serveStudio,
} from '../support/studio.js';

const root = makeFolder('app-keyboard');
const data = join(root, 'photos', 'insects');
const home = join(root, 'home');

/** What has the focus, by the name that a screen reader gives it. */
const focusedName = (page: Page): Promise<string> =>
  page.evaluate(() => {
    const element = document.activeElement;
    if (!(element instanceof HTMLElement)) return '';
    const labels =
      element instanceof HTMLInputElement ? [...(element.labels ?? [])].map((label) => label.innerText) : [];
    return (element.getAttribute('aria-label') ?? [...labels, element.innerText].join(' ')).trim();
  });

/** Presses Tab until something of that name has the focus, as a user without a mouse does. */
async function tabTo(page: Page, name: RegExp, limit = 120): Promise<void> {
  const passed: string[] = [];
  for (let press = 0; press < limit; press++) {
    const found = await focusedName(page);
    if (name.test(found)) return;
    passed.push(found);
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never came to ${String(name)}; it came to ${passed.join(' | ')}`);
}

/** Presses Tab until an element of that kind has the focus, of those that bear one name. */
async function tabToKind(page: Page, kind: 'button' | 'listbox', name: string, limit = 60): Promise<void> {
  for (let press = 0; press < limit; press++) {
    const found = await page.evaluate(() => {
      const element = document.activeElement;
      return element?.getAttribute('role') ?? element?.tagName.toLowerCase();
    });
    if (found === kind && (await focusedName(page)) === name) return;
    await page.keyboard.press('Tab');
  }
  throw new Error(`Tab never came to the ${kind} ${name}`);
}

/** The same way without a mouse: nothing here clicks. */
describe.skipIf(CHROMIUM_PATH === null || !hasDefaultBackbone())(
  'the app, from a folder to a model, by keyboard',
  () => {
    let server: StudioServer;
    let browser: StudioBrowser;
    let page: Page;

    beforeAll(async () => {
      await writeStoryData(data);
      lendBackbones(home);
      server = await serveStudio(home, [join(root, 'photos')]);
      browser = await openBrowser(CHROMIUM_PATH!);
      page = await browser.openPage(server.url);
    });
    afterAll(async () => {
      await browser?.close();
      await server?.stop();
      removeFolder(root);
    });

    it('reads what training runs on, and why', async () => {
      await tabTo(page, /^(Processor|Graphics card)\s+\S/);
      await page.keyboard.press('Enter');
      const facts = page.getByRole('region', { name: 'What training runs on' });
      await facts.getByText(/^Training runs on the (processor|graphics card)$/).waitFor();
      expect((await facts.getByRole('paragraph').first().innerText()).length).toBeGreaterThan(10);
      await page.keyboard.press('Escape');
      await facts.waitFor({ state: 'hidden' });
      expect(await focusedName(page)).toMatch(/^(Processor|Graphics card)\s+\S/);
    });

    it('opens a folder', async () => {
      await page.keyboard.press('Control+o');
      const dialog = page.getByRole('dialog');
      await dialog.waitFor();
      const list = dialog.getByRole('listbox');
      await list.getByText('photos', { exact: true }).waitFor();
      await tabTo(page, /^(Places|Folders in)/);
      await page.keyboard.press('End');
      await page.keyboard.press('Enter');
      await list.getByText('insects', { exact: true }).waitFor();
      await page.keyboard.press('Home');
      await tabTo(page, /^Open$/);
      await page.keyboard.press('Enter');
      await page.getByRole('heading', { level: 1, name: 'insects' }).waitFor();
      await page.getByText('72 pictures, 2 classes').first().waitFor();
    });

    it('leaves a picture out, and takes that back', async () => {
      await tabTo(page, /^(Pictures|.*\.(jpe?g|png), ants)/);
      await page.keyboard.press('Space');
      await page.keyboard.press('Delete');
      await page.getByText('71 pictures, 2 classes').first().waitFor();
      await page.keyboard.press('Control+z');
      await page.getByText('72 pictures, 2 classes').first().waitFor();
    });

    it('chooses augmentation and trains', { timeout: 300_000 }, async () => {
      await page.keyboard.press('Control+2');
      await page.getByRole('main', { name: 'Augment' }).getByRole('article').first().waitFor();
      await tabTo(page, /^None$/);
      await page.keyboard.press('Enter');
      await expect.poll(() => page.getByRole('article').count(), PATIENT).toBe(0);
      await page.keyboard.press('Control+3');
      await page.getByRole('main', { name: 'Train' }).getByRole('button', { name: 'Start training' }).waitFor();
      await tabTo(page, /^Epochs/);
      await page.keyboard.press('Control+a');
      await page.keyboard.type('2');
      await page.keyboard.press('Tab');
      await page.keyboard.press('Control+Enter');
      await page.getByRole('button', { name: 'Stop and keep' }).waitFor();
      // The set-up has gone with what had the focus in it: the page has it now.
      expect(await focusedName(page)).toBe('Train');
      await page.getByRole('button', { name: 'See where it is wrong' }).waitFor({ timeout: 240_000 });
    });

    it('evaluates by the arrow keys', { timeout: 120_000 }, async () => {
      await page.keyboard.press('Control+4');
      await page.locator('[data-cell="0-0"]').waitFor({ timeout: 90_000 });
      await tabTo(page, /^ants recognised/);
      await page.keyboard.press('ArrowRight');
      expect(await focusedName(page)).toMatch(/^ants taken for bees/);
      await page.keyboard.press('ArrowDown');
      expect(await focusedName(page)).toMatch(/^bees recognised/);
      await page.keyboard.press('Enter');
      await expect.poll(() => page.locator('[data-cell="1-1"]').getAttribute('aria-pressed'), PATIENT).toBe('true');
    });

    it('takes what is typed as soon as the command palette is asked for', async () => {
      const focused = await page.evaluate(async () => {
        document.body.dispatchEvent(new KeyboardEvent('keydown', { key: 'k', ctrlKey: true, bubbles: true }));
        // No other key comes in between.
        await Promise.resolve();
        return document.activeElement?.getAttribute('aria-label');
      });
      expect(focused).toBe('Command');
      await page.keyboard.press('Escape');
      await page.getByRole('dialog').waitFor({ state: 'hidden' });
    });

    it('exports, by the command palette', { timeout: 120_000 }, async () => {
      await page.keyboard.press('Control+k');
      await page.keyboard.type('export');
      await page.keyboard.press('Enter');
      const card = page.getByRole('article', { name: /^TensorFlow.js/ });
      await card.waitFor();
      await tabTo(page, /^Name$/);
      await page.keyboard.press('Tab');
      await tabTo(page, /^Change…$/);
      await page.keyboard.press('Enter');
      const dialog = page.getByRole('dialog');
      await dialog.waitFor();
      // The list of folders bears the same name as the way to it.
      await tabToKind(page, 'button', 'Places');
      await page.keyboard.press('Enter');
      await dialog.getByText('photos', { exact: true }).first().waitFor();
      await tabToKind(page, 'listbox', 'Places');
      await page.keyboard.press('End');
      await tabTo(page, /^Use this folder$/);
      await page.keyboard.press('Enter');
      await tabTo(page, /^Export$/);
      await page.keyboard.press('Enter');
      await card.getByText('Tested: the files give the same answer as the model').waitFor({ timeout: 90_000 });
      const written = readdirSync(join(root, 'photos')).find((name) => name.startsWith('insects-'));
      expect(existsSync(join(root, 'photos', String(written), 'model.json'))).toBe(true);
    });

    it('keeps the run, and gives it another name', async () => {
      await page.keyboard.press('Control+6');
      await page.getByRole('list', { name: 'Runs' }).getByRole('listitem').first().waitFor();
      await tabTo(page, /^EfficientNet/);
      await page.keyboard.press('F2');
      await page.getByRole('textbox', { name: 'Name of the run' }).waitFor();
      await page.keyboard.type('Second try');
      await page.keyboard.press('Enter');
      await page.getByRole('list', { name: 'Runs' }).getByText('Second try').waitFor();
      expect(browser.problems).toEqual([]);
    });
  },
);
