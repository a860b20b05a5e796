import { existsSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import type { Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { makeFolder, removeFolder } from '../support/images.js';
import { STORY_COUNTS, writeStoryData } from '../support/story-data.js';
import { type OpenStory, STORY_HOSTS } from '../support/story-hosts.js';
import { PATIENT, lendBackbones, openStep, takeScreenshots } from '../support/studio.js';

const total = 2 * (STORY_COUNTS.train + STORY_COUNTS.val);

/** What the rail's rows say that does not fit into them. */
const cutLines = (page: Page): Promise<string[]> =>
  page
    .getByRole('navigation')
    .locator('.line')
    .evaluateAll((lines) =>
      lines.filter((line) => line.scrollWidth > line.clientWidth).map((line) => line.textContent ?? ''),
    );

/** Where the rail's rows and their names stand. */
const railPlaces = (page: Page): Promise<number[][]> =>
  page
    .getByRole('navigation')
    .locator('a, .name')
    .evaluateAll((elements) =>
      elements.map((element) => {
        const { x, y, width, height } = element.getBoundingClientRect();
        return [x, y, width, height];
      }),
    );

/** The whole way by mouse, with the default backbone and its published weights, on every host that is there. */
describe.each(STORY_HOSTS)('the app, from a folder to a model, by mouse: $name', ({ name: host, isThere, open }) => {
  const root = makeFolder(`app-story-${host}`);
  const photos = join(root, 'photos');
  const data = join(photos, 'insects');
  const exports = join(photos, 'exports');
  const home = join(root, 'home');
  /** What axe found on the way. */
  const barriers: string[] = [];
  let story: OpenStory;
  let page: Page;

  beforeAll(async () => {
    if (!isThere) return;
    await writeStoryData(data);
    mkdirSync(exports, { recursive: true });
    lendBackbones(home);
    story = await open({ home, photos });
    page = story.page;
  });
  afterAll(async () => {
    await story?.close();
    removeFolder(root);
  });

  it.skipIf(!isThere)('starts empty, and says on each page what belongs there', async () => {
    for (const name of ['Data', 'Augment', 'Train', 'Evaluate', 'Export', 'Runs']) {
      await openStep(page, name);
      await page.getByRole('main', { name }).getByRole('button').first().waitFor();
      barriers.push(...(await takeScreenshots(page, host, `empty-${name.toLowerCase()}`)));
    }
    expect(new URL(page.url()).hash).toBe('#/runs');
    expect(page.url()).not.toContain('token');
  });

  it.skipIf(!isThere)('opens a folder and shows its pictures, classes and what it leaves out', async () => {
    await openStep(page, 'Data');
    await page.getByRole('button', { name: 'Choose folder' }).click();
    await story.choose('insects', 'Open');
    await page.getByRole('heading', { level: 1, name: 'insects' }).waitFor();
    await page.getByText(`${total} pictures, 2 classes`).first().waitFor();
    await page.getByRole('listbox', { name: 'Pictures' }).getByRole('option').nth(10).waitFor();
    await page.getByRole('button', { name: /^ants: 36 pictures, 24 for training, 12 for validation/ }).waitFor();
    await page.getByRole('region', { name: 'Problems' }).getByText('1', { exact: true }).first().waitFor();
    await page.waitForFunction(() => [...document.images].slice(0, 8).every((image) => image.naturalWidth > 0));
    const line = page.getByRole('navigation').getByText(`${total} pictures · 2 classes`);
    await line.waitFor();
    expect(await cutLines(page)).toEqual([]);
    const isCut = await line.evaluate((element) => {
      const words = element.firstChild!;
      const shown = words.nodeValue;
      // As much as a large data set has to say.
      words.nodeValue = '12,345 pictures · 37 classes';
      const isCutNow = element.scrollWidth > element.clientWidth;
      words.nodeValue = shown;
      return isCutNow;
    });
    expect(isCut).toBe(false);
    barriers.push(...(await takeScreenshots(page, host, 'data')));
  });

  it.skipIf(!isThere)('shows what augmentation does, and follows a preset', async () => {
    await page.getByRole('button', { name: 'Next: Augment' }).click();
    const canvases = page.getByRole('main', { name: 'Augment' }).locator('canvas');
    await expect.poll(() => canvases.count(), PATIENT).toBeGreaterThanOrEqual(12);
    await expect.poll(() => page.locator('main [aria-busy="true"]').count(), PATIENT).toBe(0);
    barriers.push(...(await takeScreenshots(page, host, 'augment')));
    await page.getByRole('button', { name: 'Tutorial', exact: true }).click();
    await expect.poll(() => page.getByRole('article').count(), PATIENT).toBe(2);
  });

  it.skipIf(!isThere)('trains a new head, with curves that move', { timeout: 300_000 }, async () => {
    await page.getByRole('button', { name: 'Next: Train' }).click();
    await page.getByLabel('Epochs').first().fill('12');
    await page.getByLabel('Epochs').first().press('Tab');
    await expect.poll(() => page.locator('main [aria-busy="true"]').count(), PATIENT).toBe(0);
    barriers.push(...(await takeScreenshots(page, host, 'train-setup')));
    const places = await railPlaces(page);
    await page.getByRole('button', { name: 'Start training' }).click();
    await page.getByRole('button', { name: 'Stop and keep' }).waitFor({ timeout: 60_000 });
    await page
      .getByText(/Epoch 2 of 12/)
      .first()
      .waitFor({ timeout: 240_000 });
    expect(await railPlaces(page)).toEqual(places);
    // Else the run would be over before all pictures are taken.
    await page.getByRole('button', { name: 'Pause' }).click();
    await page
      .getByText(/Paused in epoch \d+ of 12/)
      .first()
      .waitFor();
    barriers.push(...(await takeScreenshots(page, host, 'train-live')));
    await page.getByRole('button', { name: 'Resume' }).click();
    await page.getByRole('button', { name: 'See where it is wrong' }).waitFor({ timeout: 240_000 });
    barriers.push(...(await takeScreenshots(page, host, 'train-ended')));
  });

  it.skipIf(!isThere)(
    'shows what the model confuses, and the pictures behind a number',
    { timeout: 120_000 },
    async () => {
      await page.getByRole('button', { name: 'See where it is wrong' }).click();
      const main = page.getByRole('main', { name: 'Evaluate' });
      await main.getByRole('table').first().waitFor({ timeout: 90_000 });
      const counts = await main.locator('[data-cell]').allInnerTexts();
      expect(counts.map(Number).reduce((sum, count) => sum + count, 0)).toBe(2 * STORY_COUNTS.val);
      await main.locator('[data-cell="0-0"]').click();
      await main.getByRole('region', { name: 'Pictures' }).getByRole('listitem').first().getByRole('button').click();
      await page.getByRole('dialog').getByText('Loss').waitFor();
      await page.keyboard.press('Escape');
      barriers.push(...(await takeScreenshots(page, host, 'evaluate')));
    },
  );

  it.skipIf(!isThere)('predicts a picture from outside', { timeout: 120_000 }, async () => {
    await page.getByText('Try pictures', { exact: true }).click();
    const [chooser] = await Promise.all([
      page.waitForEvent('filechooser'),
      page.getByRole('button', { name: 'Choose pictures' }).click(),
    ]);
    const folder = join(data, 'val', 'bees');
    await chooser.setFiles(
      readdirSync(folder)
        .slice(0, 2)
        .map((file) => join(folder, file)),
    );
    await page.getByRole('heading', { name: '2 predictions' }).waitFor({ timeout: 90_000 });
    await page.waitForFunction(() => [...document.images].some((image) => image.naturalWidth > 0));
    barriers.push(...(await takeScreenshots(page, host, 'try')));
  });

  it.skipIf(!isThere)('exports a tested file to a folder of the user', { timeout: 120_000 }, async () => {
    await openStep(page, 'Export');
    await page.getByRole('button', { name: 'Change…' }).click();
    await story.choose('exports', 'Use this folder');
    const card = page.getByRole('article', { name: /^TensorFlow.js/ });
    await card.getByRole('button', { name: 'Export', exact: true }).click();
    await card.getByText('Tested: the files give the same answer as the model').waitFor({ timeout: 90_000 });
    const out = (await card.locator('.written .mono').innerText()).trim();
    expect(out.startsWith(exports)).toBe(true);
    expect(existsSync(join(out, 'model.json'))).toBe(true);
    barriers.push(...(await takeScreenshots(page, host, 'export')));
  });

  it.skipIf(!isThere)('keeps the run', async () => {
    await openStep(page, 'Runs');
    await page
      .getByRole('main', { name: 'Runs' })
      .getByRole('list', { name: 'Runs' })
      .getByRole('listitem')
      .first()
      .waitFor();
    await page.getByRole('complementary', { name: 'Selected run' }).getByRole('heading').first().waitFor();
    barriers.push(...(await takeScreenshots(page, host, 'runs')));
  });

  it.skipIf(!isThere)('went without an error, and without anything that the content security policy refused', () => {
    expect(story.problems).toEqual([]);
  });

  it.skipIf(!isThere)('has no barriers that axe can find, on any page, light or dark', () => {
    expect(barriers).toEqual([]);
  });
});
