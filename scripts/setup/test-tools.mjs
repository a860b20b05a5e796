import { existsSync } from 'node:fs';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { dataFolder } from './places.mjs';
import { lastLine, run } from './run.mjs';
import { say } from './say.mjs';

const BROWSERS = [
  process.env['CHROMIUM_PATH'],
  '/usr/bin/chromium',
  '/usr/bin/chromium-browser',
  '/usr/bin/google-chrome',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

const findBrowser = () => BROWSERS.find((path) => path !== undefined && path !== '' && existsSync(path)) ?? null;

/**
 * A Chromium for the tests of exported models: one that is installed; in CI, as root on Debian, it is installed.
 *
 * @returns {Promise<string | null>} its path
 */
export async function findChromium() {
  const present = findBrowser();
  if (present !== null) return present;
  const mayInstall = process.env['CI'] !== undefined && process.getuid?.() === 0 && existsSync('/usr/bin/apt-get');
  if (!mayInstall) {
    say('browser: none found, so its tests are skipped; install Chromium or Chrome, or set CHROMIUM_PATH');
    return null;
  }
  say('browser: installing Chromium');
  await run(['apt-get', 'update', '-qq'], { timeoutMs: 300_000 });
  const install = ['apt-get', 'install', '-y', '-qq', '--no-install-recommends', 'chromium'];
  const { code, output } = await run(install, { env: { DEBIAN_FRONTEND: 'noninteractive' }, timeoutMs: 900_000 });
  if (code !== 0) say(`browser: apt-get failed: ${lastLine(output)}`);
  return findBrowser();
}

/** Electron embeds this Node. npm carries its binary for every platform. */
const NODE24 = '24.21.0';

/**
 * Node 24, to run the engine on it.
 *
 * @returns {Promise<string | null>} its path
 */
export async function findNode24() {
  if (process.versions.node.startsWith('24.')) return process.execPath;
  const system = `${process.platform === 'win32' ? 'win' : process.platform}-${process.arch}`;
  const folder = join(dataFolder(), 'test', `node-${NODE24}`);
  const binary = join(
    folder,
    'node_modules',
    `node-${system}`,
    'bin',
    process.platform === 'win32' ? 'node.exe' : 'node',
  );
  if (existsSync(binary)) return binary;
  say(`Node ${NODE24}: fetching it for the tests`);
  await mkdir(folder, { recursive: true });
  const install = ['npm', 'install', '--no-save', '--ignore-scripts', '--no-audit', '--no-fund', '--prefix', folder];
  const { code, output } = await run([...install, `node-${system}@${NODE24}`], { timeoutMs: 300_000 });
  if (code === 0 && existsSync(binary)) return binary;
  say(`Node ${NODE24}: not available (${lastLine(output)}), so its test is skipped`);
  return null;
}
