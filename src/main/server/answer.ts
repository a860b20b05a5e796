import { createReadStream } from 'node:fs';
import { stat } from 'node:fs/promises';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { pipeline } from 'node:stream/promises';
import { GraftError, toWire } from '../../shared/errors.js';
import { type Headers, SECURITY_HEADERS } from '../hub/headers.js';
import { HTTP_STATUS } from '../hub/http-status.js';

const YEAR_SECONDS = 31_536_000;
const cacheControl = (isImmutable: boolean): string =>
  isImmutable ? `private, max-age=${YEAR_SECONDS}, immutable` : 'no-store';

/** Answers with an error as JSON, as calls get it; by default with the status that its code stands for. */
export function answerError(response: ServerResponse, error: unknown, status?: number): void {
  const wire = toWire(error);
  if (response.headersSent) {
    response.destroy();
    return;
  }
  const body = JSON.stringify(wire);
  response.writeHead(status ?? HTTP_STATUS[wire.code] ?? 500, {
    ...SECURITY_HEADERS,
    'cache-control': 'no-store',
    'content-type': 'application/json',
    'content-length': Buffer.byteLength(body),
  });
  response.end(body);
}

/** Answers without a body. */
export function answerEmpty(response: ServerResponse, status: number, headers: Record<string, string> = {}): void {
  response.writeHead(status, { ...SECURITY_HEADERS, 'cache-control': 'no-store', ...headers }).end();
}

/** Answers with a file. One that a cache has swept away in the meantime is a 404. */
export async function answerFile(
  request: IncomingMessage,
  response: ServerResponse,
  {
    file,
    contentType,
    isImmutable,
    securityHeaders = SECURITY_HEADERS,
  }: { file: string; contentType: string; isImmutable: boolean; securityHeaders?: Headers },
): Promise<void> {
  const found = await stat(file).catch(() => null);
  if (found === null || !found.isFile()) {
    answerError(response, new GraftError('not-found', `expected a file at ${file}, found none: ask for it again`));
    return;
  }
  response.writeHead(200, {
    ...securityHeaders,
    'cache-control': cacheControl(isImmutable),
    'content-type': contentType,
    'content-length': found.size,
  });
  if (request.method === 'HEAD') response.end();
  // A page that no longer wants a picture breaks the stream off, which is nobody's error.
  else await pipeline(createReadStream(file), response).catch(() => response.destroy());
}
