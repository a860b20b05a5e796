import type { IncomingMessage } from 'node:http';
import { PassThrough } from 'node:stream';
import { GraftError } from '../../shared/errors.js';

/**
 * A request's body as JSON.
 *
 * @throws GraftError `invalid-value` when it is none, or larger than `maxBytes`
 */
export async function readJson(request: IncomingMessage, maxBytes: number): Promise<unknown> {
  const tooLarge = new GraftError('invalid-value', `expected a body of at most ${maxBytes} bytes`);
  // Said beforehand, it is refused unread, and the answer still arrives; else the connection breaks off.
  if (Number(request.headers['content-length'] ?? 0) > maxBytes) throw tooLarge;
  const chunks: Buffer[] = [];
  let bytes = 0;
  for await (const chunk of request as AsyncIterable<Buffer>) {
    bytes += chunk.length;
    if (bytes > maxBytes) throw tooLarge;
    chunks.push(chunk);
  }
  try {
    return JSON.parse(Buffer.concat(chunks).toString('utf8')) as unknown;
  } catch (error) {
    throw new GraftError('invalid-value', 'expected a body in JSON', { cause: error });
  }
}

/**
 * The parts of `/upload/<id>/<path>`, decoded; the path is judged by who writes it.
 *
 * @throws GraftError `invalid-value`
 */
export function readUploadPath(pathname: string): { upload: string; path: string } {
  const [upload = '', ...parts] = pathname.slice('/upload/'.length).split('/');
  try {
    // Each part by itself: an encoded slash is part of a name, and no name has one.
    const names = parts.map(decodeURIComponent);
    if (names.length > 0 && !names.some((name) => name.includes('/'))) return { upload, path: names.join('/') };
  } catch (error) {
    if (!(error instanceof URIError)) throw error;
  }
  throw new GraftError(
    'invalid-value',
    `expected /upload/<id>/<path>, each part percent-encoded, received ${pathname}`,
  );
}

/** Where a request goes, or null when its target is none. */
export function targetOf(request: IncomingMessage): URL | null {
  const { url = '/' } = request;
  // Two slashes would begin a host name.
  const target = `http://host.invalid${url}`;
  return url.startsWith('/') && URL.canParse(target) ? new URL(target) : null;
}

/**
 * A request's body as a stream of its own: whoever destroys it over a failure leaves the connection there for the answer.
 */
export function bodyOf(request: IncomingMessage): PassThrough {
  const body = new PassThrough();
  // Whoever reads it hears of its end; nobody may yet, or any more, and unheard it would end the process.
  body.on('error', () => undefined);
  request.once('close', () => {
    if (!request.complete) body.destroy(Object.assign(new Error('the connection ended'), { code: 'ECONNRESET' }));
  });
  return request.pipe(body);
}
