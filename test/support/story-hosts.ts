import { join } from 'node:path';
import { type Page, _electron } from 'playwright-core';
import { CHROMIUM_PATH } from './browser.js';
import { ELECTRON_ARGS, canShowWindows, findElectron } from './electron-runtime.js';
import { ROOT } from './shared-data.js';
import { hasDefaultBackbone, openBrowser, serveStudio, watchProblems } from './studio.js';

/** Where a story takes place. */
export interface StoryPlace {
  /** A folder with its own data folder in `home` and the user's folders in `photos`. */
  readonly home: string;
  readonly photos: string;
}

/** The app as opened by one of its hosts. */
export interface OpenStory {
  readonly page: Page;
  /** Errors and what the content security policy refused. */
  readonly problems: readonly string[];
  /** Goes through the host's dialog, which the click has opened, to `photos/<name>`. */
  choose(name: string, confirm: string): Promise<void>;
  close(): Promise<void>;
}

/** A host that the story can be told on. */
export interface StoryHost {
  readonly name: string;
  readonly isThere: boolean;
  open(place: StoryPlace): Promise<OpenStory>;
}

const browserHost: StoryHost = {
  name: 'browser',
  isThere: CHROMIUM_PATH !== null && hasDefaultBackbone(),
  async open({ home, photos }) {
    const server = await serveStudio(home, [photos]);
    const browser = await openBrowser(CHROMIUM_PATH!);
    const page = await browser.openPage(server.url);
    return {
      page,
      problems: browser.problems,
      async choose(name, confirm) {
        const dialog = page.getByRole('dialog');
        await dialog.getByRole('button', { name: 'Places' }).click();
        await dialog.getByText('photos', { exact: true }).first().dblclick();
        await dialog.getByText(name, { exact: true }).click();
        await dialog.getByRole('button', { name: confirm, exact: true }).click();
      },
      async close() {
        await browser.close();
        await server.stop();
      },
    };
  },
};

const electron = findElectron();

const desktopHost: StoryHost = {
  name: 'desktop',
  isThere: electron !== null && canShowWindows() && hasDefaultBackbone(),
  async open({ home, photos }) {
    const app = await _electron.launch({
      executablePath: electron!,
      args: [...ELECTRON_ARGS],
      cwd: ROOT,
      env: { ...process.env, GRAFT_HOME: home } as Record<string, string>,
    });
    const page = await app.firstWindow();
    const problems = watchProblems(page);
    await page.getByText('Engine ready').waitFor({ timeout: 60_000 });
    const answerDialogs = async (path: string): Promise<void> =>
      await app.evaluate(({ dialog }, filePath) => {
        dialog.showOpenDialog = () => Promise.resolve({ canceled: false, filePaths: [filePath] });
      }, path);
    // A native dialog can't be driven: it is answered before the click that opens it.
    await answerDialogs(join(photos, 'insects'));
    return {
      page,
      problems,
      choose: async () => await answerDialogs(join(photos, 'exports')),
      close: () => app.close(),
    };
  },
};

/** Every host, with whether it can be opened here. */
export const STORY_HOSTS: readonly StoryHost[] = [browserHost, desktopHost];
