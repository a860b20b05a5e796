import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { connect } from '../../../src/shared/rpc.js';
import { createFakeElectron } from '../fake-electron.js';
import { openFakePage } from './page.js';
import { FakeUtilityProcess } from './utility-process.js';

/**
 * `electron` for a built `out/main/index.js` that plain Node.js runs: when the window has loaded, the real preload script
 * runs in it, the page calls the app, the app quits, and what came of it goes to stdout as JSON.
 */
const fake = createFakeElectron({ userData: process.env['GRAFT_HOME']! });

async function playPage(): Promise<void> {
  const window = fake.windows[0]!;
  const { preload } = window.options.webPreferences;
  const page = openFakePage(fake, window, readFileSync(String(preload), 'utf8'));
  const client = connect(await page.connect());
  const info = await client.call('host.info', {});
  const projects = await client.call('projects.list', {});
  const asset = /src="(\.?\/assets\/[^"]+\.js)"/.exec(await window.page!.text())?.[1] ?? '/';
  const script = await fake.protocol.handlers.get('app')!(new Request(new URL(asset, 'app://graft/')));
  console.log(
    JSON.stringify({
      exposed: Object.keys(page.exposed),
      bridge: Object.keys(page.bridge).sort(),
      kind: info.kind,
      isProjectsArray: Array.isArray(projects),
      policy: window.page!.headers.get('content-security-policy'),
      script: script.headers.get('content-type'),
      entries: FakeUtilityProcess.started.map(({ entry }) => entry.split(/[\\/]/).slice(-3).join('/')),
      hasPreload: String(preload).endsWith(join('out', 'preload', 'index.cjs')),
    }),
  );
  fake.app.quit();
}

const failed = (error: unknown): void => {
  console.error(error);
  process.exitCode = 1;
  fake.app.quit();
};
fake.app.on('web-contents-created', (_event, contents: NodeJS.EventEmitter) =>
  contents.once('did-finish-load', () => void playPage().catch(failed)),
);

export const {
  app,
  BrowserWindow,
  dialog,
  ipcMain,
  Menu,
  MessageChannelMain,
  nativeTheme,
  net,
  Notification,
  powerSaveBlocker,
  protocol,
  screen,
  session,
  shell,
  utilityProcess,
} = fake.electron;
