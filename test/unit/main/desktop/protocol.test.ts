import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it } from 'vitest';
import { GraftError } from '../../../../src/shared/errors.js';
import { type StartedDesktop, startOnFakes } from './start.js';

let desktop: StartedDesktop;
afterEach(() => desktop.remove());

const get = (address: string, method = 'GET'): Promise<Response> =>
  desktop.protocol.handlers.get('app')!(new Request(new URL(address, 'app://graft/'), { method }));

describe('app://graft/', () => {
  it('serves the page under the policy of the browser host', async () => {
    desktop = await startOnFakes();
    const response = await get('/');
    expect(response.status).toBe(200);
    expect(response.headers.get('content-type')).toBe('text/html; charset=utf-8');
    expect(response.headers.get('x-content-type-options')).toBe('nosniff');
    const policy = response.headers.get('content-security-policy')!;
    expect(policy).toMatch(/^default-src 'none'; script-src 'self';/);
    expect(policy).not.toMatch(/unsafe|https?:|data:/);
    expect(await (await get('/index.html')).text()).toContain('page');
  });

  it('lets the worker that draws compile WebAssembly', async () => {
    desktop = await startOnFakes();
    const policyOf = async (path: string): Promise<string | null> =>
      (await get(path)).headers.get('content-security-policy');
    expect(await policyOf('/assets/preview-worker-AbCd1234.js')).toBe(
      "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'; connect-src 'self'",
    );
  });

  it('serves only what was there when it started, and nothing outside', async () => {
    desktop = await startOnFakes();
    writeFileSync(join(desktop.root, 'secret.txt'), 'secret');
    mkdirSync(join(desktop.root, 'out', 'renderer', 'later'));
    writeFileSync(join(desktop.root, 'out', 'renderer', 'later', 'late.txt'), 'late');
    for (const address of [
      '/../../secret.txt',
      '/%2e%2e/%2e%2e/secret.txt',
      '/..%2f..%2fsecret.txt',
      '/later/late.txt',
      '/',
    ]) {
      const response = await get(address);
      expect([address, await response.text()]).not.toEqual([address, expect.stringMatching(/secret|late/)]);
    }
    expect((await get('/later/late.txt')).status).toBe(404);
    expect((await get('app://evil/')).status).toBe(404);
    expect((await get('/', 'POST')).status).toBe(405);
  });

  it('serves pictures by the hub, and says how it refuses them', async () => {
    desktop = await startOnFakes();
    const file = join(desktop.root, 'thumbnail.webp');
    writeFileSync(file, 'webp');
    desktop.hub.media = async (address) => {
      const code = address.searchParams.get('refuse');
      if (code === 'gone') return { file: join(desktop.root, 'gone'), contentType: 'image/webp', isImmutable: false };
      if (code === 'bug') throw new TypeError('a bug');
      if (code !== null) throw new GraftError(code as 'not-found', 'no');
      return address.pathname === '/media/thumbnail' ? { file, contentType: 'image/webp', isImmutable: true } : null;
    };
    const response = await get('/media/thumbnail?image=a');
    expect(await response.text()).toBe('webp');
    expect(response.headers.get('content-type')).toBe('image/webp');
    expect(response.headers.get('cache-control')).toMatch(/immutable/);
    const statuses = ['not-found', 'not-granted', 'invalid-value', 'gone', 'bug'].map(
      async (code) => (await get(`/media/thumbnail?refuse=${code}`)).status,
    );
    expect(await Promise.all(statuses)).toEqual([404, 403, 400, 404, 500]);
    expect((await get('/media/other')).status).toBe(404);
    expect((await get('/')).headers.get('cache-control')).toBe('no-store');
  });
});
