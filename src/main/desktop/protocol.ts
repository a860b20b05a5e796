import { readFile } from 'node:fs/promises';
import { GraftError, messageOf } from '../../shared/errors.js';
import { SECURITY_HEADERS } from '../hub/headers.js';
import { HTTP_STATUS } from '../hub/http-status.js';
import type { StaticFile } from '../hub/static-files.js';
import type { Hub, MediaFile } from '../hub/types.js';
import type { ElectronMain } from './electron.js';
import { APP_SCHEME, isOwnAddress } from './own-address.js';
import type { DevServer } from './security.js';

/** To be called before the app is ready. */
export function registerAppScheme({ protocol }: Pick<ElectronMain, 'protocol'>): void {
  protocol.registerSchemesAsPrivileged([
    { scheme: APP_SCHEME, privileges: { standard: true, secure: true, supportFetchAPI: true, stream: true } },
  ]);
}

const answer = (status: number, text: string): Response =>
  new Response(text, { status, headers: { ...SECURITY_HEADERS, 'content-type': 'text/plain; charset=utf-8' } });

async function answerFile(
  { file, contentType, isImmutable }: StaticFile | MediaFile,
  securityHeaders = SECURITY_HEADERS,
): Promise<Response> {
  return new Response(await readFile(file), {
    headers: {
      ...securityHeaders,
      'content-type': contentType,
      'cache-control': isImmutable ? 'private, max-age=31536000, immutable' : 'no-store',
    },
  });
}

export interface AppFiles {
  /** The built page, file by address; null where the development server has it. */
  readonly page: ReadonlyMap<string, StaticFile> | null;
  readonly media: Hub['media'];
  readonly devServer: DevServer;
}

/** Answers the app's own addresses: the built page's files, as listed when the app started, and pictures. */
export function createAppHandler(
  { page, media, devServer }: AppFiles,
  { net }: Pick<ElectronMain, 'net'>,
): (request: Request) => Promise<Response> {
  return async (request) => {
    if (!isOwnAddress(request.url)) return answer(404, 'not found');
    if (request.method !== 'GET' && request.method !== 'HEAD') return answer(405, 'method not allowed');
    const address = new URL(request.url);
    try {
      const picture = address.pathname.startsWith('/media/') ? await media(address) : null;
      if (picture !== null) return await answerFile(picture);
      // The development server's page keeps its own headers: hot reload needs styles in the page.
      if (devServer !== null) return await net.fetch(new URL(address.pathname + address.search, devServer).href);
      const file = page?.get(address.pathname);
      return file === undefined ? answer(404, 'not found') : await answerFile(file, file.securityHeaders);
    } catch (error) {
      const isGone = error instanceof Error && 'code' in error && error.code === 'ENOENT';
      const status = error instanceof GraftError ? HTTP_STATUS[error.code] : isGone ? 404 : undefined;
      return answer(status ?? 500, messageOf(error));
    }
  };
}
