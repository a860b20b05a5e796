import type * as Http from 'node:http';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { makeFolder, removeFolder } from '../../../support/images.js';
import { startTestBrowserHost, type TestBrowserHost } from '../../../support/browser-host.js';
import { createFakeHub } from '../desktop/fake-hub.js';

const servers = vi.hoisted((): Http.Server[] => []);
vi.mock('node:http', async (importOriginal) => {
  const http = await importOriginal<typeof Http>();
  const createServer = (...options: Parameters<typeof http.createServer>): Http.Server => {
    const server = http.createServer(...options);
    servers.push(server);
    return server;
  };
  return { ...http, createServer };
});

let folder: string;
let host: TestBrowserHost;
beforeEach(async () => {
  folder = makeFolder('listening');
  host = await startTestBrowserHost(createFakeHub().hub, join(folder, 'page'));
});
afterEach(async () => {
  await host.close();
  removeFolder(folder);
});

it('outlives connections that it can not take, as when too many files are open', async () => {
  const error = Object.assign(new Error('accept EMFILE'), { code: 'EMFILE' });
  for (let count = 0; count < 3; count++) servers.at(-1)!.emit('error', error);
  expect(servers.at(-1)!.listening).toBe(true);
  expect((await host.send('/')).status).toBe(200);
});
