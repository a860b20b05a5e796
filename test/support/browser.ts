import { createServer } from 'node:http';
import { readFile } from 'node:fs/promises';
import { type AddressInfo } from 'node:net';
import { extname, join, normalize } from 'node:path';
import { type Browser, chromium, type Page } from 'playwright-core';
import { ROOT } from './shared-data.js';

/** Set by `npm test` when there is a browser. */
export const CHROMIUM_PATH = process.env['CHROMIUM_PATH'] ?? null;

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html',
  '.js': 'text/javascript',
  '.json': 'application/json',
  '.png': 'image/png',
  '.bin': 'application/octet-stream',
  '.wasm': 'application/wasm',
};

const PAGE = '<!doctype html><script src="/tf.min.js"></script><script src="/tf-backend-wasm.min.js"></script>';

/** A page with TensorFlow.js from npm, served on loopback beside a folder's files. Close it. */
export interface TensorFlowPage {
  readonly page: Page;
  /** Address of the folder, without a slash at the end. */
  readonly url: string;
  close(): Promise<void>;
}

/** Opens headless Chromium on a page that has TensorFlow.js as `tf`, in its WebAssembly backend. */
export async function openTensorFlowPage(folder: string, executablePath: string): Promise<TensorFlowPage> {
  const npm = join(ROOT, 'node_modules', '@tensorflow');
  const scripts: Readonly<Record<string, string>> = {
    '/tf.min.js': join(npm, 'tfjs', 'dist', 'tf.min.js'),
    '/tf-backend-wasm.min.js': join(npm, 'tfjs-backend-wasm', 'dist', 'tf-backend-wasm.min.js'),
  };
  const server = createServer((request, response) => {
    const path = normalize(decodeURIComponent(new URL(request.url ?? '/', 'http://localhost').pathname));
    const answer = async (): Promise<Buffer> => {
      if (path === '/') return Buffer.from(PAGE);
      if (path.endsWith('.wasm')) return await readFile(join(npm, 'tfjs-backend-wasm', 'dist', path));
      return await readFile(scripts[path] ?? join(folder, path));
    };
    answer().then(
      (body) => response.writeHead(200, { 'content-type': TYPES[extname(path)] ?? 'text/html' }).end(body),
      () => response.writeHead(404).end(),
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const args = ['--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run'];
  const quiet = ['--disable-background-networking', '--disable-component-update', '--disable-sync'];
  let browser: Browser | null = null;
  const close = async (): Promise<void> => {
    await browser?.close();
    server.closeAllConnections();
    await new Promise((resolve) => server.close(resolve));
  };
  try {
    browser = await chromium.launch({ executablePath, args: [...args, ...quiet] });
    const page = await browser.newPage();
    await page.goto(`${url}/`);
    await page.waitForFunction('typeof tf === "object"');
    return { page, url, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/**
 * Runs an exported layers model in the page, as its user would: `tf.loadLayersModel`, pixels of a PNG, `predict`.
 *
 * @param pictures names of PNGs of the input's size, below the page's folder
 * @returns probabilities by picture
 */
export async function predictInPage(
  { page, url }: TensorFlowPage,
  model: string,
  pictures: readonly string[],
): Promise<number[][]> {
  const source = `(async () => {
    tf.wasm.setWasmPaths('/');
    if (!(await tf.setBackend('wasm'))) throw new Error('no WebAssembly backend');
    const model = await tf.loadLayersModel(${JSON.stringify(`${url}/${model}`)});
    const results = [];
    for (const name of ${JSON.stringify(pictures)}) {
      const image = new Image();
      image.src = ${JSON.stringify(`${url}/`)} + name;
      await image.decode();
      const input = tf.tidy(() => tf.browser.fromPixels(image).toFloat().expandDims(0));
      const output = model.predict(input);
      results.push(Array.from(await output.data()));
      tf.dispose([input, output]);
    }
    return results;
  })()`;
  return await page.evaluate<number[][]>(source);
}
