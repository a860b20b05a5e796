import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { httpGet, proxyFor } from '../../../../../src/main/engine/backbones/http-get.js';
import { GraftError } from '../../../../../src/shared/errors.js';

const VARIABLES = ['http_proxy', 'https_proxy', 'all_proxy', 'no_proxy'];
beforeEach(() => {
  for (const name of VARIABLES) {
    vi.stubEnv(name, '');
    vi.stubEnv(name.toUpperCase(), '');
  }
});

const servers: Server[] = [];
afterEach(() => {
  vi.unstubAllEnvs();
  for (const server of servers.splice(0)) {
    server.closeAllConnections();
    server.close();
  }
});

/** A server that answers every request by `answer`; returns its address. */
async function serve(server: Server): Promise<string> {
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
}

const get = (url: string, headers: Record<string, string> = {}): Promise<IncomingMessage> =>
  httpGet(url, headers, AbortSignal.timeout(20_000));

async function failure(promise: Promise<unknown>): Promise<unknown> {
  return await promise.then(
    () => expect.unreachable(),
    (error: unknown) => error,
  );
}

describe('proxyFor', () => {
  const proxyOf = (url: string, env: Record<string, string>): string | null =>
    proxyFor(new URL(url), env)?.href ?? null;

  it.each([
    ['https://a.org/x', {}, null],
    ['https://a.org/x', { https_proxy: 'http://p:3128' }, 'http://p:3128/'],
    ['https://a.org/x', { HTTPS_PROXY: 'p:3128' }, 'http://p:3128/'],
    ['https://a.org/x', { http_proxy: 'http://p:3128' }, null],
    ['http://a.org/x', { http_proxy: 'http://p:3128', https_proxy: 'http://q:1' }, 'http://p:3128/'],
    ['http://a.org/x', { ALL_PROXY: 'http://p:3128' }, 'http://p:3128/'],
    ['https://a.org/x', { https_proxy: 'http://p:1', no_proxy: 'b.org, a.org' }, null],
    ['https://dl.a.org/x', { https_proxy: 'http://p:1', NO_PROXY: '.a.org' }, null],
    ['https://dl.a.org/x', { https_proxy: 'http://p:1', no_proxy: '*.A.org' }, null],
    ['https://dla.org/x', { https_proxy: 'http://p:1', no_proxy: 'a.org' }, 'http://p:1/'],
    ['https://a.org:8443/x', { https_proxy: 'http://p:1', no_proxy: 'a.org:8443' }, null],
    ['https://a.org/x', { https_proxy: 'http://p:1', no_proxy: '*' }, null],
  ])('%s with %o goes by %s', (url, env, expected) => {
    expect(proxyOf(url, env)).toBe(expected);
  });

  it.each(['socks5://p:1080', '::'])('refuses the proxy %s', (proxy) => {
    expect(() => proxyOf('https://a.org', { https_proxy: proxy })).toThrow(GraftError);
  });
});

describe('httpGet', () => {
  it('sends its headers and follows redirects, also relative ones', async () => {
    const address = await serve(
      createServer((request, response) => {
        if (request.url === '/a') response.writeHead(302, { location: 'b' }).end();
        else if (request.url === '/b') response.writeHead(308, { location: '/c' }).end();
        else response.end(`${request.url} ${request.headers.range}`);
      }),
    );
    expect(await text(await get(`${address}/a`, { range: 'bytes=1-' }))).toBe('/c bytes=1-');
  });

  it('ends a circle of redirects', async () => {
    const address = await serve(createServer((_, response) => response.writeHead(302, { location: '/' }).end()));
    expect(await failure(get(address))).toMatchObject({ code: 'download-failed' });
  });

  it('does not follow to another kind of address', async () => {
    const address = await serve(
      createServer((_, response) => response.writeHead(302, { location: 'file:///etc/passwd' }).end()),
    );
    expect(await failure(get(address))).toMatchObject({ code: 'download-failed' });
  });

  it('leaves other answers to the caller', async () => {
    const address = await serve(createServer((_, response) => response.writeHead(404).end('none')));
    const response = await get(address);
    expect([response.statusCode, await text(response)]).toEqual([404, 'none']);
  });

  it('ends when it is cancelled', async () => {
    const address = await serve(createServer(() => undefined));
    expect(await failure(httpGet(address, {}, AbortSignal.timeout(50)))).toBeInstanceOf(Error);
  });
});

describe('a proxy', () => {
  it('is asked for the whole address, with the login', async () => {
    const proxy = await serve(
      createServer((request, response) => {
        response.end(`${request.url} ${request.headers.host} ${request.headers['proxy-authorization']}`);
      }),
    );
    vi.stubEnv('http_proxy', proxy.replace('//', '//me:s%40crt@'));
    const login = Buffer.from('me:s@crt').toString('base64');
    expect(await text(await get('http://a.invalid/x?y'))).toBe(`http://a.invalid/x?y a.invalid Basic ${login}`);
  });

  it('is asked for a tunnel to where encryption begins', async () => {
    const asked: string[] = [];
    const first = new Promise<Buffer>((resolve) => {
      const server = createServer().on('connect', (request, socket) => {
        asked.push(request.url ?? '');
        socket
          .on('error', () => undefined)
          .once('data', (data: Buffer) => {
            resolve(data);
            socket.destroy();
          });
        socket.write('HTTP/1.1 200 OK\r\n\r\n');
      });
      void serve(server).then((address) => {
        vi.stubEnv('https_proxy', address);
        void failure(get('https://a.invalid/x'));
      });
    });
    const hello = await first;
    expect(asked).toEqual(['a.invalid:443']);
    // A TLS record of a handshake, with the host's name in it.
    expect(hello[0]).toBe(0x16);
    expect(hello.includes('a.invalid')).toBe(true);
  });

  it('that refuses is named', async () => {
    const server = createServer().on('connect', (_, socket) => socket.end('HTTP/1.1 407 No\r\n\r\n'));
    const proxy = await serve(server);
    vi.stubEnv('https_proxy', proxy);
    const error = await failure(get('https://a.invalid/x'));
    expect(String(error)).toContain(`the proxy ${new URL(proxy).host} answered 407`);
  });
});
