// `npm run dev`: the app with hot reload: in Electron where its runtime is installed, else the page's development server
// in front of `graft serve`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { pathToFileURL } from 'node:url';
import { findElectron, whyNoWindow } from './setup/electron.mjs';
import { ROOT } from './setup/places.mjs';
import { run, signalCode } from './setup/run.mjs';
import { say } from './setup/say.mjs';
import { runScript, setUp } from './setup.mjs';

const ELECTRON_VITE = join(ROOT, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js');
const ROUTES = ['/session', '/media', '/upload'];

/**
 * The address that `graft serve` prints.
 *
 * @param {string} line
 * @returns {URL | null}
 */
export function readAddress(line) {
  const match = /^Graft runs at (\S+)$/.exec(line);
  return match?.[1] === undefined ? null : new URL(match[1]);
}

/**
 * The page's development server, which passes the host's routes on to it.
 *
 * @param {URL} host
 */
async function servePage(host) {
  // Packages that only a set-up clone has.
  const [{ resolveConfig }, { createServer }] = await Promise.all([import('electron-vite'), import('vite')]);
  const { config } = await resolveConfig({ root: ROOT }, 'serve', 'development');
  const renderer = config?.renderer;
  if (renderer === undefined) throw new Error('expected a renderer in electron.vite.config.ts');
  const target = host.origin;
  const server = await createServer({
    ...renderer,
    configFile: false,
    server: {
      host: '127.0.0.1',
      proxy: Object.fromEntries([...ROUTES.map((route) => [route, { target }]), ['/ws', { target, ws: true }]]),
    },
  });
  await server.listen();
  const page = new URL(server.resolvedUrls?.local[0] ?? 'http://127.0.0.1:5173/');
  page.hash = host.hash;
  say(`\nPage with hot reload: ${page.href}`);
  return server;
}

/** @returns {Promise<number>} */
async function serveInBrowser() {
  const child = spawn(process.execPath, [join(ROOT, 'bin', 'graft.mjs'), 'serve', '--no-open'], {
    stdio: ['inherit', 'pipe', 'inherit'],
    cwd: ROOT,
  });
  process.on('SIGINT', () => undefined);
  process.on('SIGTERM', () => child.kill('SIGTERM'));
  /** @type {Promise<import('vite').ViteDevServer> | null} */
  let server = null;
  createInterface({ input: child.stdout }).on('line', (line) => {
    const address = readAddress(line);
    if (address === null) say(line);
    else server ??= servePage(address);
    server?.catch((/** @type {unknown} */ error) => {
      say(`the page's development server did not start: ${error instanceof Error ? error.message : String(error)}`);
      child.kill('SIGTERM');
    });
  });
  return await new Promise((resolve) => {
    child.on('close', (code, signal) => {
      void server?.then((running) => running.close()).catch(() => undefined);
      resolve(code ?? (signal === null ? 1 : signalCode(signal)));
    });
  });
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  await runScript(async () => {
    await setUp();
    const why = whyNoWindow({ platform: process.platform, env: process.env, uid: process.getuid?.() });
    if (why === null && findElectron() !== null) {
      return (await run([process.execPath, ELECTRON_VITE, 'dev'], { cwd: ROOT, show: true })).code;
    }
    say(`app: in your browser, since ${why ?? "Electron's runtime is not installed (npm start fetches it)"}`);
    return await serveInBrowser();
  });
}
