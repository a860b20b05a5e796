import { GraftError, fromWire } from '../../shared/errors.js';
import type { Port } from '../../shared/port.js';
import { createSocketPort, unbundle } from '../../shared/port-socket.js';
import type { Host, SendOptions } from './host.js';

const TOKEN_KEY = 'graft.token';

/** Takes the token out of the address, so that it is neither bookmarked nor shown, and keeps it for reloads of this tab. */
function takeToken(): string | null {
  const match = /[#&]token=([^&]+)/.exec(location.hash);
  if (match?.[1] !== undefined) {
    sessionStorage.setItem(TOKEN_KEY, decodeURIComponent(match[1]));
    history.replaceState(null, '', location.pathname);
  }
  return sessionStorage.getItem(TOKEN_KEY);
}

async function refuse(response: Response): Promise<never> {
  const body: unknown = await response.json().catch(() => null);
  if (body !== null) throw fromWire(body);
  throw new GraftError('disconnected', `expected an answer from Graft, received HTTP status ${response.status}`);
}

const unreachable = (cause: unknown): GraftError =>
  new GraftError('disconnected', "Graft can't be reached: it has been closed, or the network is down.", { cause });

async function openSession(token: string | null): Promise<void> {
  const response = await fetch('/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ token }),
  }).catch((cause: unknown) => {
    throw unreachable(cause);
  });
  if (!response.ok) await refuse(response);
}

function openSocket(): Promise<Port> {
  const address = new URL('/ws', location.href);
  address.protocol = location.protocol === 'https:' ? 'wss:' : 'ws:';
  const socket = new WebSocket(address);
  return new Promise((resolve, reject) => {
    socket.addEventListener('open', () => resolve(unbundle(createSocketPort(socket))), { once: true });
    socket.addEventListener('error', (event) => reject(unreachable(event)), { once: true });
  });
}

function send(upload: string, relativePath: string, file: Blob, { signal, onBytes }: SendOptions): Promise<void> {
  const place = relativePath.split('/').map(encodeURIComponent).join('/');
  // fetch tells nothing of how much has been sent.
  const request = new XMLHttpRequest();
  return new Promise((resolve, reject) => {
    request.open('PUT', `/upload/${encodeURIComponent(upload)}/${place}`);
    request.upload.addEventListener('progress', (event) => onBytes(event.loaded));
    request.addEventListener('load', () => {
      if (request.status < 300) return resolve();
      try {
        reject(fromWire(JSON.parse(request.responseText)));
      } catch (error) {
        reject(new GraftError('disconnected', `expected ${relativePath} to be taken, received HTTP status ${request.status}`, { cause: error })); // prettier-ignore
      }
    });
    request.addEventListener('error', (event) => reject(unreachable(event)));
    request.addEventListener('abort', () => reject(new GraftError('cancelled', 'The upload was cancelled.')));
    signal.addEventListener('abort', () => request.abort(), { once: true });
    request.send(file);
  });
}

/** The page in a browser, served by `graft serve`. */
export function createBrowserHost(): Host {
  const token = takeToken();
  return {
    kind: 'browser',
    async openPort() {
      await openSession(token);
      return await openSocket();
    },
    pathsOf: async () => null,
    sendFile: send,
    onMenu: () => () => undefined,
  };
}
