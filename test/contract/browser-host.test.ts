import { once } from 'node:events';
import { existsSync, readFileSync, rmSync } from 'node:fs';
import { request } from 'node:http';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { startBrowserHost } from '../../src/main/server/browser-host.js';
import { type TestBrowserHost, outcomeOf, startTestBrowserHost } from '../support/browser-host.js';
import { bundleFixture } from '../support/bundle.js';
import { type TestHub, startTestHub } from '../support/hub.js';

let entry = '';
let test: TestHub;
let host: TestBrowserHost;
beforeAll(async () => {
  entry = await bundleFixture(join(import.meta.dirname, 'fixtures', 'hub-process.ts'));
  test = await startTestHub(entry);
});
afterAll(async () => {
  await test.close();
  rmSync(dirname(entry), { recursive: true, force: true });
});
beforeEach(async () => {
  host = await startTestBrowserHost(test.hub, test.folder);
});
afterEach(async () => await host.close());

const THUMBNAIL = '/media/thumbnail?image=a.jpg&size=96';

describe('the page', () => {
  it('comes without a session, under a policy that lets it load from here only', async () => {
    for (const path of ['/', '/index.html']) {
      const { status, headers, body } = await host.send(path);
      expect([status, headers['content-type']]).toEqual([200, 'text/html; charset=utf-8']);
      expect(body).toContain('<!doctype html>');
      expect(headers['content-security-policy']).toBe(
        "default-src 'none'; script-src 'self'; worker-src 'self'; style-src 'self'; img-src 'self' blob:; media-src 'self' blob:; connect-src 'self'; font-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
      );
      expect(headers).toMatchObject({
        'cache-control': 'no-store',
        'x-content-type-options': 'nosniff',
        'referrer-policy': 'no-referrer',
        'cross-origin-resource-policy': 'same-origin',
        'cross-origin-opener-policy': 'same-origin',
      });
      expect(headers).not.toHaveProperty('access-control-allow-origin');
    }
  });

  it('lets the worker that draws compile WebAssembly, and no other script', async () => {
    const worker = await host.send('/assets/preview-worker-AbCd1234.js');
    expect(worker.headers).toMatchObject({
      'content-security-policy': "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
      'x-content-type-options': 'nosniff',
    });
    const script = await host.send('/assets/index-AbCd1234.js');
    expect(script.headers['content-security-policy']).not.toMatch(/unsafe/);
  });

  it('keeps hashed files for ever and no others', async () => {
    const script = await host.send('/assets/index-AbCd1234.js');
    expect(script.headers['cache-control']).toBe('private, max-age=31536000, immutable');
    expect((await host.send('/icon.svg')).headers['cache-control']).toBe('no-store');
    expect(await host.send('/', { method: 'HEAD' })).toMatchObject({ status: 200, body: '' });
  });

  it.each([
    '/assets/../index.html/../../package.json',
    '/..%2f..%2fetc%2fpasswd',
    '/%2e%2e/%2e%2e/etc/passwd',
    '/assets/..%5c..%5cindex.html',
    '//etc/passwd',
    '/notes.md',
    '/assets',
    '/index.html%00.js',
  ])('is all there is to read without a session: %s', async (path) => {
    expect((await host.send(path)).status).toBe(401);
  });

  it('is asked for in vain by strange targets', async () => {
    expect((await host.send('*', { method: 'OPTIONS' })).status).toBeGreaterThanOrEqual(400);
    expect((await host.send('http://elsewhere/')).status).toBe(400);
    expect((await host.send('/')).status).toBe(200);
  });

  it('has to be built', async () => {
    const unbuilt = startBrowserHost({ hub: test.hub, rendererFolder: join(test.folder, 'data') });
    await expect(unbuilt).rejects.toThrow(/index\.html: run `npm run build`/);
  });
});

describe('a session', () => {
  const open = (body: string, headers: Record<string, string>): ReturnType<TestBrowserHost['send']> =>
    host.send('/session', { method: 'POST', body, headers });
  const origin = (): string => `http://127.0.0.1:${host.port}`;

  it('is opened by the token and kept in a cookie that scripts and other sites do not get', async () => {
    const { status, headers } = await open(JSON.stringify({ token: host.token }), { origin: origin() });
    expect(status).toBe(204);
    const [cookie = ''] = headers['set-cookie'] ?? [];
    expect(cookie).toMatch(new RegExp(`^graft-${host.port}=[\\w-]{32}; Path=/; HttpOnly; SameSite=Strict$`));
    expect(cookie).not.toContain(host.token);
    expect((await host.send(THUMBNAIL, { headers: { cookie } })).status).toBe(200);
  });

  it('is kept by a page that has the cookie and no token, such as a second tab', async () => {
    const { cookie } = await host.signIn();
    expect((await open('{"token":null}', { origin: origin(), cookie })).status).toBe(204);
    expect((await host.send('/session', { headers: { cookie } })).status).toBe(404);
  });

  it.each(['', 'null', '[]', '"x"', '{}', '{"token":""}', '{"token":1}', '{"token":"AAAA"}', '{"token":null}'])(
    'is not opened by %j',
    async (body) => {
      const { status, headers, body: answer } = await open(body, { origin: origin() });
      expect([400, 403]).toContain(status);
      expect(headers).not.toHaveProperty('set-cookie');
      expect(['not-granted', 'invalid-value']).toContain((JSON.parse(answer) as { code: string }).code);
    },
  );

  it('is not opened by a body that is too large', async () => {
    const body = JSON.stringify({ token: 'x'.repeat(5000) });
    expect((await open(body, { origin: origin() })).status).toBe(400);
  });

  it('of one host is none of another', async () => {
    const { cookie } = await host.signIn();
    const other = await startTestBrowserHost(test.hub, test.folder);
    const renamed = cookie.replace(String(host.port), String(other.port));
    expect((await other.send(THUMBNAIL, { headers: { cookie: renamed } })).status).toBe(401);
    await other.close();
  });
});

describe('requests from elsewhere', () => {
  it.each([
    'evil.example',
    'evil.example:80',
    '127.0.0.1.evil.example',
    'localhost.evil.example',
    ':80',
    '127.0.0.1@evil',
  ])('by the name %j are refused', async (name) => {
    const { cookie } = await host.signIn();
    expect((await host.send('/', { headers: { host: name } })).status).toBe(403);
    expect((await host.send(THUMBNAIL, { headers: { host: name, cookie } })).status).toBe(403);
  });

  it.each(['localhost:9000', '127.0.0.1:1', '[::1]:80', 'LOCALHOST'])(
    'by the name %j may come, as through a tunnel',
    async (name) => {
      const { cookie } = await host.signIn();
      expect((await host.send(THUMBNAIL, { headers: { host: name, cookie } })).status).toBe(200);
      const token = JSON.stringify({ token: host.token });
      const tunnelled = { host: name, origin: `http://${name.toLowerCase()}` };
      expect((await host.send('/session', { method: 'POST', headers: tunnelled, body: token })).status).toBe(204);
      const socket = host.socket({ ...tunnelled, cookie });
      expect(await outcomeOf(socket)).toBe('open');
      socket.terminate();
    },
  );

  it.each([undefined, 'null', 'http://evil.example', 'http://localhost:1', 'https://127.0.0.1', 'file://', 'nonsense'])(
    'with the origin %j write nothing and get no socket',
    async (origin) => {
      const { cookie } = await host.signIn();
      const headers = { cookie, ...(origin === undefined ? {} : { origin }) };
      const body = JSON.stringify({ token: host.token });
      expect((await host.send('/session', { method: 'POST', headers, body })).status).toBe(403);
      expect((await host.send('/upload/x/y', { method: 'PUT', headers, body })).status).toBe(403);
      expect(await outcomeOf(host.socket(headers))).toBe(403);
    },
  );

  it('show no picture to pages of another port', async () => {
    const { cookie } = await host.signIn();
    for (const site of ['same-site', 'cross-site']) {
      expect((await host.send(THUMBNAIL, { headers: { cookie, 'sec-fetch-site': site } })).status).toBe(403);
    }
    expect((await host.send(THUMBNAIL, { headers: { cookie, 'sec-fetch-site': 'same-origin' } })).status).toBe(200);
  });

  it('without a session get neither a socket nor anything else', async () => {
    const { origin } = await host.signIn();
    expect(await outcomeOf(host.socket({ origin }))).toBe(401);
    expect(await outcomeOf(host.socket({ origin, cookie: `graft-${host.port}=wrong` }))).toBe(401);
    expect((await host.send(THUMBNAIL)).status).toBe(401);
    expect((await host.send('/upload/x/y', { method: 'PUT', headers: { origin }, body: 'x' })).status).toBe(401);
  });
});

describe('pictures', () => {
  it('come by address, and say what is wrong', async () => {
    const { cookie } = await host.signIn();
    const get = (path: string) => host.send(path, { headers: { cookie } });
    expect(await get(THUMBNAIL)).toMatchObject({ status: 200, body: 'a.jpg' });
    const kept = await get(`${THUMBNAIL}&v=abc`);
    expect(kept.headers['cache-control']).toBe('private, max-age=31536000, immutable');
    expect((await get(THUMBNAIL)).headers['cache-control']).toBe('no-store');
    expect((await get('/media/thumbnail?file=%2Fetc%2Fpasswd&size=96')).status).toBe(403);
    expect((await get('/media/thumbnail?image=a&size=1')).status).toBe(400);
    expect((await get('/media/pixels?image=a&backbone=b')).status).toBe(404);
    expect((await get('/media/else')).status).toBe(404);
  });
});

describe('uploads over HTTP', () => {
  it('arrive on disk where the page then names them', async () => {
    const headers = await host.signIn();
    const { upload } = await test.page.call('host.beginUpload', { name: 'mine' });
    const body = Buffer.alloc(3 << 20, 7);
    const put = (path: string) => host.send(`/upload/${upload}/${path}`, { method: 'PUT', headers, body });
    expect((await put('ants/%E8%9F%BB%20%231.jpg')).status).toBe(204);
    expect((await put('bees/1.jpg')).status).toBe(204);
    const { path } = await test.page.call('host.finishUpload', { upload });
    expect(readFileSync(join(path, 'ants', '蟻 #1.jpg')).equals(body)).toBe(true);
    await expect(test.page.call('dataset.inspect', { path })).resolves.toEqual({ path });
  });

  it.each([
    '../evil',
    '%2e%2e/evil',
    '..%2Fevil',
    '..%5Cevil',
    'a/%2E%2E/%2E%2E/evil',
    '%00',
    '%ff',
    '',
    '%2Fetc%2Fevil',
  ])('named %j write nothing', async (name) => {
    const headers = await host.signIn();
    const { upload } = await test.page.call('host.beginUpload', { name: 'mine' });
    const { status } = await host.send(`/upload/${upload}/${name}`, { method: 'PUT', headers, body: 'x' });
    expect([400, 404]).toContain(status);
    await expect(test.page.call('host.finishUpload', { upload })).rejects.toMatchObject({ code: 'invalid-value' });
    for (const place of [test.home, join(test.home, 'uploads'), test.folder]) {
      expect(existsSync(join(place, 'evil'))).toBe(false);
    }
  });

  it('that are refused get their answer, however much is sent', async () => {
    const headers = await host.signIn();
    const body = Buffer.alloc(8 << 20, 7);
    for (const path of ['nobody/a.jpg', 'nobody/..%5Cx']) {
      expect((await host.send(`/upload/${path}`, { method: 'PUT', headers, body })).status).toBe(404);
    }
    const { upload } = await test.page.call('host.beginUpload', { name: 'mine' });
    expect((await host.send(`/upload/${upload}/..%5Cx`, { method: 'PUT', headers, body })).status).toBe(400);
  });

  it('that are refused and then broken off end nothing but themselves', async () => {
    const headers = await host.signIn();
    const uncaught: unknown[] = [];
    const note = (error: unknown): void => void uncaught.push(error);
    process.on('uncaughtException', note);
    try {
      for (let count = 0; count < 3; count++) {
        const sent = request({ port: host.port, path: '/upload/nobody/a.jpg', method: 'PUT', headers });
        sent.on('error', () => undefined);
        sent.write(Buffer.alloc(1000));
        await once(sent, 'response');
        sent.destroy();
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
      expect((await host.send('/')).status).toBe(200);
    } finally {
      process.off('uncaughtException', note);
    }
    expect(uncaught).toEqual([]);
  });
});
