import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { AxeBuilder } from '@axe-core/playwright';
import { type Browser, type BrowserContext, type Page, chromium } from 'playwright-core';
import { dataFolder } from '../../src/main/common/data-folder.js';
import { ROOT } from './shared-data.js';

/** Where the story's pictures of the screen go; CI keeps them. */
export const SCREENSHOTS = join(ROOT, 'test', 'e2e', 'screenshots');

const ARGS = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run', '--disable-background-networking'];

/** For what comes when it is ready: `expect.poll` waits a second by itself. */
export const PATIENT = { timeout: 60_000 } as const;

/** The backbone that set-up has stored for the command line and the app alike. */
export const hasDefaultBackbone = (): boolean =>
  existsSync(join(dataFolder(), 'backbones', 'efficientnet_lite2.safetensors'));

/** Gives a data folder of its own the weights that set-up has stored, and what is known of their speed. */
export function lendBackbones(home: string): void {
  for (const folder of ['backbones', join('cache', 'probes')]) {
    const from = join(dataFolder(), folder);
    if (existsSync(from)) cpSync(from, join(home, folder), { recursive: true });
  }
}

/** The app, served to a real browser. */
export interface StudioServer {
  readonly url: string;
  readonly child: ChildProcess;
  /** Lines that it wrote. */
  readonly output: readonly string[];
  /** Ends it as Ctrl-C does and resolves to its exit code. */
  stop(): Promise<number | null>;
}

/** Starts `graft serve` on a data folder of its own. */
export async function serveStudio(home: string, roots: readonly string[], port = 0): Promise<StudioServer> {
  mkdirSync(home, { recursive: true });
  const args = ['serve', '--no-open', '--port', String(port), ...roots.flatMap((root) => ['--root', root])];
  const child = spawn(process.execPath, [join(ROOT, 'bin', 'graft.mjs'), ...args], {
    env: { ...process.env, GRAFT_HOME: home },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output: string[] = [];
  const exited = new Promise<number | null>((resolve) => child.once('close', resolve));
  const url = await new Promise<string>((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on('line', (line) => {
        output.push(line);
        const found = /http:\/\/\S+#token=\S+/.exec(line);
        if (found) resolve(found[0]);
      });
    }
    void exited.then((code) => reject(new Error(`graft serve ended with ${code}: ${output.join('\n')}`)));
  });
  return {
    url,
    child,
    output,
    async stop() {
      child.kill('SIGINT');
      return await exited;
    },
  };
}

export interface StudioBrowser {
  readonly context: BrowserContext;
  /** What went wrong in any page: errors that nobody caught, and what the content security policy refused. */
  readonly problems: readonly string[];
  openPage(url: string): Promise<Page>;
  close(): Promise<void>;
}

/** Notes errors that nobody caught in a page, and what the content security policy refused. */
export function watchProblems(page: Page, problems: string[] = []): readonly string[] {
  page.on('pageerror', (error) => problems.push(`${error.message}\n${error.stack ?? ''}`));
  page.on('console', (message) => {
    const text = message.text();
    if (/Content Security Policy|Refused to/.test(text)) problems.push(text);
  });
  return problems;
}

/** Opens headless Chromium and listens for what goes wrong in its pages. */
export async function openBrowser(executablePath: string): Promise<StudioBrowser> {
  const browser: Browser = await chromium.launch({ executablePath, args: ARGS });
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, colorScheme: 'light' });
  const problems: string[] = [];
  return {
    context,
    problems,
    async openPage(url) {
      const page = await context.newPage();
      watchProblems(page, problems);
      await page.goto(url);
      await page.getByText('Engine ready').waitFor({ timeout: 60_000 });
      return page;
    },
    close: () => browser.close(),
  };
}

/** Goes to a page by the rail; a link's name goes on with the step's state. */
export async function openStep(page: Page, name: string): Promise<void> {
  await page
    .getByRole('navigation')
    .getByRole('link', { name: new RegExp(`^${name}`) })
    .click();
}

const SIZES = [
  { width: 1280, height: 800 },
  { width: 1920, height: 1080 },
] as const;

/** What axe finds wrong with a page as it is shown, as one line a finding. */
export async function findBarriers(page: Page, name: string): Promise<string[]> {
  const { violations } = await new AxeBuilder({ page }).analyze();
  return violations.flatMap(({ id, help, nodes }) =>
    nodes.map(({ target, failureSummary }) => `${name}: ${id}: ${help}: ${target.join(' ')}: ${failureSummary ?? ''}`),
  );
}

/**
 * Pictures of a page in both appearances and sizes; leaves it light and small.
 *
 * @returns what axe finds in either appearance
 */
export async function takeScreenshots(page: Page, host: string, name: string): Promise<string[]> {
  mkdirSync(SCREENSHOTS, { recursive: true });
  const barriers: string[] = [];
  for (const colorScheme of ['dark', 'light'] as const) {
    await page.emulateMedia({ colorScheme });
    for (const size of [...SIZES].reverse()) {
      await page.setViewportSize(size);
      // Charts follow in a frame of their own.
      await page.evaluate(() => new Promise((resolve) => requestAnimationFrame(() => requestAnimationFrame(resolve))));
      // Thumbnails that the larger size has brought into sight.
      await page.waitForFunction(() =>
        [...document.images].every((image) => {
          const { top, bottom } = image.getBoundingClientRect();
          return image.complete || bottom < 0 || top > innerHeight;
        }),
      );
      // A change of colours that is half done would be in the picture.
      await page.screenshot({
        animations: 'disabled',
        path: join(SCREENSHOTS, `${host}-${name}-${colorScheme}-${size.width}.png`),
      });
    }
    barriers.push(...(await findBarriers(page, `${name} ${colorScheme}`)));
  }
  return barriers;
}
