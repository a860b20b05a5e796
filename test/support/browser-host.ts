import { mkdirSync, writeFileSync } from 'node:fs';
import { type IncomingHttpHeaders, type OutgoingHttpHeaders, request } from 'node:http';
import { join } from 'node:path';
import { WebSocket } from 'ws';
import { type BrowserHost, type BrowserHostOptions, startBrowserHost } from '../../src/main/server/browser-host.js';
import type { Hub } from '../../src/main/hub/types.js';

export interface Answer {
  readonly status: number;
  readonly headers: IncomingHttpHeaders;
  readonly body: string;
}

export interface TestBrowserHost extends BrowserHost {
  readonly token: string;
  /** Sends a request; `path` goes out as it is, unlike with `fetch`. Nothing is added but the Host header. */
  send(
    path: string,
    options?: { method?: string; headers?: OutgoingHttpHeaders; body?: string | Buffer },
  ): Promise<Answer>;
  /** Headers of a page of this host that has signed in. */
  signIn(): Promise<{ cookie: string; origin: string; host: string }>;
  /** A socket that may never open. */
  socket(headers: Record<string, string>, path?: string): WebSocket;
}

/** A built page of four files. */
export function writePage(folder: string): string {
  mkdirSync(join(folder, 'assets'), { recursive: true });
  writeFileSync(join(folder, 'index.html'), '<!doctype html><script src="/assets/index-AbCd1234.js"></script>');
  writeFileSync(join(folder, 'assets', 'index-AbCd1234.js'), 'document.title = "Graft";');
  writeFileSync(join(folder, 'assets', 'preview-worker-AbCd1234.js'), 'postMessage(1);');
  writeFileSync(join(folder, 'icon.svg'), '<svg xmlns="http://www.w3.org/2000/svg"/>');
  writeFileSync(join(folder, 'notes.md'), 'not part of a page');
  return folder;
}

export async function startTestBrowserHost(
  hub: Hub,
  folder: string,
  options: Partial<BrowserHostOptions> = {},
): Promise<TestBrowserHost> {
  const host = await startBrowserHost({ hub, rendererFolder: writePage(join(folder, 'page')), ...options });
  const name = `127.0.0.1:${host.port}`;
  const token = new URL(host.address).hash.slice('#token='.length);
  const send: TestBrowserHost['send'] = (path, { method = 'GET', headers = {}, body } = {}) =>
    new Promise((resolve, reject) => {
      const sent = request({ host: '127.0.0.1', port: host.port, path, method, headers: { host: name, ...headers } });
      sent.once('error', reject);
      sent.once('response', (response) => {
        let text = '';
        response.setEncoding('utf8').on('data', (chunk: string) => (text += chunk));
        response.once('error', reject);
        response.once('end', () =>
          resolve({ status: response.statusCode ?? 0, headers: response.headers, body: text }),
        );
      });
      sent.end(body);
    });
  return {
    ...host,
    token,
    send,
    async signIn() {
      const origin = `http://${name}`;
      const { headers } = await send('/session', {
        method: 'POST',
        headers: { origin },
        body: JSON.stringify({ token }),
      });
      return { cookie: headers['set-cookie']?.[0]?.split(';')[0] ?? '', origin, host: name };
    },
    socket: (headers, path = '/ws') => new WebSocket(`ws://${name}${path}`, { headers }),
  };
}

/** What becomes of a socket: `open`, or the status that its upgrade was refused with. */
export function outcomeOf(socket: WebSocket): Promise<'open' | number> {
  return new Promise((resolve) => {
    socket.once('open', () => resolve('open'));
    socket.once('unexpected-response', (_, response) => resolve(response.statusCode ?? 0));
    socket.once('error', () => resolve(0));
  });
}
