import { type IncomingMessage, type Server, type ServerResponse, createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import { WebSocketServer } from 'ws';
import { GraftError, messageOf } from '../../shared/errors.js';
import { findProjectRoot } from '../common/project-root.js';
import { type StaticFile, listStaticFiles } from '../hub/static-files.js';
import type { Hub } from '../hub/types.js';
import { answerEmpty, answerError, answerFile } from './answer.js';
import { PAGE_PORT_LIMITS, type PagePortLimits, createPagePort } from './page-port.js';
import { bodyOf, readJson, readUploadPath, targetOf } from './read-request.js';
import {
  type Sessions,
  allowedNames,
  createSessions,
  inUrl,
  isAllowedHost,
  isForeignFetch,
  isOwnOrigin,
} from './security.js';

/**
 * The largest message that a page may send. A recipe that leaves out or moves a hundred thousand pictures, each named by a
 * path of a hundred bytes, takes some ten megabytes.
 */
const MAX_MESSAGE_BYTES = 16 << 20;
const MAX_SESSION_BYTES = 4096;
/** A connection on which nothing moves for so long is ended; uploads of any length may take theirs. */
const IDLE_MS = 120_000;
const MAX_CONNECTIONS = 512;

export interface BrowserHostOptions {
  readonly hub: Hub;
  /** The built page; by default `out/renderer` of this project. */
  readonly rendererFolder?: string;
  /** 0, the default, takes a free one. */
  readonly port?: number;
  /** The address to listen on; by default only this machine reaches it. */
  readonly listen?: string;
  readonly pageLimits?: PagePortLimits;
}

/** The page for browsers, served. */
export interface BrowserHost {
  readonly port: number;
  /** What to open: the page with its token, which the fragment keeps out of requests and logs. */
  readonly address: string;
  /** Ends every connection. The hub goes on. */
  close(): Promise<void>;
}

function listen(server: Server, port: number, address: string): Promise<number> {
  return new Promise((resolve, reject) => {
    const fail = (error: NodeJS.ErrnoException): void => {
      const why =
        error.code === 'EADDRINUSE'
          ? 'another program listens there: choose another --port'
          : error.code === 'EADDRNOTAVAIL'
            ? 'this machine has no such address'
            : messageOf(error);
      reject(new GraftError('usage', `can't listen on ${inUrl(address)}:${port}: ${why}`, { cause: error }));
    };
    server.once('error', fail);
    server.listen(port, address, () => {
      server.off('error', fail);
      // A connection that can't be taken, with too many files open for one, is tried again; unheard it would end Graft.
      server.on('error', () => undefined);
      resolve((server.address() as AddressInfo).port);
    });
  });
}

interface Routes {
  readonly hub: Hub;
  readonly files: ReadonlyMap<string, StaticFile>;
  readonly sessions: Sessions;
}

const FOREIGN = new GraftError('not-granted', "expected a request of Graft's own page, received another site's");
const NO_SESSION = new GraftError(
  'not-granted',
  'This page has no right to Graft: it lacks the token, or Graft has been started anew. Open the address that `graft serve` prints.',
);
const notFound = (url: URL): GraftError => new GraftError('not-found', `there is nothing at ${url.pathname}`);

/** A page with the token gets the cookie; one that has it already keeps it. */
async function openSession(request: IncomingMessage, response: ServerResponse, sessions: Sessions): Promise<void> {
  const body = await readJson(request, MAX_SESSION_BYTES);
  const cookie = sessions.open(typeof body === 'object' && body !== null && 'token' in body ? body.token : null);
  if (cookie !== null) answerEmpty(response, 204, { 'set-cookie': cookie });
  else if (sessions.has(request)) answerEmpty(response, 204);
  else answerError(response, NO_SESSION);
}

async function answer(request: IncomingMessage, response: ServerResponse, routes: Routes): Promise<void> {
  const { hub, files, sessions } = routes;
  const url = targetOf(request);
  if (url === null) throw new GraftError('invalid-value', 'expected an address that begins with /');
  const isRead = request.method === 'GET' || request.method === 'HEAD';
  if (!isRead && !isOwnOrigin(request)) throw FOREIGN;

  const page = files.get(url.pathname);
  if (isRead && page !== undefined) return await answerFile(request, response, page);
  if (url.pathname === '/session' && request.method === 'POST') return await openSession(request, response, sessions);

  if (isForeignFetch(request)) throw FOREIGN;
  if (!sessions.has(request)) return answerError(response, NO_SESSION, 401);
  if (url.pathname.startsWith('/upload/') && request.method === 'PUT') {
    const { upload, path } = readUploadPath(url.pathname);
    await hub.receiveUpload(upload, path, bodyOf(request));
    return answerEmpty(response, 204);
  }
  const media = isRead ? await hub.media(url) : null;
  if (media === null) throw notFound(url);
  await answerFile(request, response, media);
}

/** Refuses an upgrade before it is one. */
function refuse(socket: Duplex, status: string): void {
  socket.on('error', () => undefined);
  socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
}

/**
 * Serves the page on loopback: static files, `POST /session` {token}, `/media/…`, `PUT /upload/<id>/<path>`, and the
 * contract over the WebSocket `/ws`. All but the static files needs the session's cookie, which the token buys.
 *
 * A page that closes stops nothing.
 *
 * @throws GraftError `usage` when the port can't be had, `not-found` without a built page
 */
export async function startBrowserHost(options: BrowserHostOptions): Promise<BrowserHost> {
  const { hub, listen: address = '127.0.0.1' } = options;
  const files = await listStaticFiles(options.rendererFolder ?? join(findProjectRoot(), 'out', 'renderer'));
  const names = allowedNames(address);
  const server = createServer({ requestTimeout: 0, headersTimeout: 30_000 });
  server.timeout = IDLE_MS;
  server.maxConnections = MAX_CONNECTIONS;
  const port = await listen(server, options.port ?? 0, address);
  const sessions = createSessions(port);

  server.on('request', (request, response) => {
    if (!isAllowedHost(request, names)) {
      answerError(response, FOREIGN);
      return;
    }
    answer(request, response, { hub, files, sessions }).catch((error: unknown) => {
      answerError(response, error);
      // What is left of a refused body is read and dropped: cut off, the page would not see the answer.
      request.resume();
    });
  });

  const sockets = new WebSocketServer({ noServer: true, maxPayload: MAX_MESSAGE_BYTES, perMessageDeflate: false });
  server.on('upgrade', (request, socket, head) => {
    if (!isAllowedHost(request, names) || !isOwnOrigin(request)) return refuse(socket, '403 Forbidden');
    if (targetOf(request)?.pathname !== '/ws') return refuse(socket, '404 Not Found');
    if (!sessions.has(request)) return refuse(socket, '401 Unauthorized');
    sockets.handleUpgrade(request, socket, head, (page) => {
      hub.attach(createPagePort(page, options.pageLimits ?? PAGE_PORT_LIMITS));
    });
  });

  const reached = inUrl(address === '0.0.0.0' || address === '::' ? '127.0.0.1' : address);
  const pageAddress = `http://${reached}:${port}/#token=${sessions.token}`;
  await hub.announce(pageAddress);
  return {
    port,
    address: pageAddress,
    async close() {
      for (const page of sockets.clients) page.terminate();
      const closed = new Promise((resolve) => server.close(resolve));
      server.closeAllConnections();
      await closed;
    },
  };
}
