import { readdir } from 'node:fs/promises';
import { extname, join, relative, sep } from 'node:path';
import { GraftError } from '../../shared/errors.js';
import { DRAWING_WORKER_HEADERS, type Headers, SECURITY_HEADERS } from './headers.js';

export interface StaticFile {
  readonly file: string;
  readonly contentType: string;
  /** Its name holds a hash of its content. */
  readonly isImmutable: boolean;
  readonly securityHeaders: Headers;
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
  '.json': 'application/json',
  '.svg': 'image/svg+xml',
  '.png': 'image/png',
  '.webp': 'image/webp',
  '.ico': 'image/x-icon',
  '.woff2': 'font/woff2',
  '.wasm': 'application/wasm',
  '.txt': 'text/plain; charset=utf-8',
};

/** What the bundler puts there, named with its content's hash. */
const HASHED = /^\/assets\/.+-[\w-]{8,}\.\w+$/;

const DRAWING_WORKER = /^\/assets\/preview-worker-[\w-]{8,}\.js$/;

/**
 * Lists a built page's files once. What is asked for later is looked up in this list and never joined to a path, so that
 * no address leads out of the folder.
 *
 * @returns files by address; the page itself also at `/`
 * @throws GraftError `not-found` when there is no page
 */
export async function listStaticFiles(folder: string): Promise<ReadonlyMap<string, StaticFile>> {
  const entries = await readdir(folder, { recursive: true, withFileTypes: true }).catch(() => []);
  const files = new Map<string, StaticFile>();
  for (const entry of entries) {
    const contentType = TYPES[extname(entry.name)];
    if (!entry.isFile() || contentType === undefined) continue;
    const file = join(entry.parentPath, entry.name);
    const address = `/${relative(folder, file).split(sep).map(encodeURIComponent).join('/')}`;
    const securityHeaders = DRAWING_WORKER.test(address) ? DRAWING_WORKER_HEADERS : SECURITY_HEADERS;
    files.set(address, { file, contentType, isImmutable: HASHED.test(address), securityHeaders });
  }
  const page = files.get('/index.html');
  if (page === undefined) {
    throw new GraftError(
      'not-found',
      `expected the app's page at ${join(folder, 'index.html')}: run \`npm run build\``,
    );
  }
  return files.set('/', page);
}
