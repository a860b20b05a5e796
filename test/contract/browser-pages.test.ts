import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { createSocketPort, unbundle } from '../../src/shared/port-socket.js';
import { createRecipe } from '../../src/shared/recipe.js';
import { type Client, connect } from '../../src/shared/rpc.js';
import { type TestBrowserHost, startTestBrowserHost } from '../support/browser-host.js';
import { bundleFixture } from '../support/bundle.js';
import { type TestHub, startTestHub } from '../support/hub.js';

let entry = '';
let test: TestHub;
let host: TestBrowserHost;
beforeAll(async () => {
  entry = await bundleFixture(join(import.meta.dirname, 'fixtures', 'hub-process.ts'));
});
afterAll(() => rmSync(dirname(entry), { recursive: true, force: true }));
beforeEach(async () => {
  test = await startTestHub(entry);
  host = await startTestBrowserHost(test.hub, test.folder);
});
afterEach(async () => {
  await host.close();
  await test.close();
});

/** A page of its own, as another tab is. */
async function openTab(): Promise<{ socket: WebSocket; client: Client; closed: Promise<number> }> {
  const socket = host.socket(await host.signIn());
  const closed = new Promise<number>((resolve) => socket.once('close', resolve));
  return { socket, client: connect(unbundle(createSocketPort(socket))), closed };
}
const start = ({ client }: { client: Client }): Promise<{ run: string }> =>
  client.call('train.start', { recipe: createRecipe(join(test.folder, 'data')), out: join(test.home, 'a') });

describe('pages over WebSockets', () => {
  it('hear the same and call for themselves', async () => {
    const [one, two] = await Promise.all([openTab(), openTab()]);
    const heard = [one, two].map(({ client }) => new Promise((resolve) => client.on('train.started', resolve)));
    await Promise.all([one, two].map(({ client }) => client.call('host.info', {})));
    const { run } = await start(one);
    expect(await Promise.all(heard)).toMatchObject([{ run }, { run }]);
    await expect(two.client.call('train.current', {})).resolves.toEqual({ run });
  });

  it('may close, reload and come back while a run goes on', async () => {
    const one = await openTab();
    const { run } = await start(one);
    one.client.close();
    await one.closed;
    const again = await openTab();
    await expect(again.client.call('train.current', {})).resolves.toEqual({ run });
    await again.client.call('train.stop', { run });
    expect(await test.until('train.ended')).toMatchObject({ run });
  });

  it('learn that the engine has died, and go on', async () => {
    const one = await openTab();
    const crash = one.client.call('backbones.download', { id: 'SIGSEGV' });
    await expect(crash).rejects.toMatchObject({ code: 'engine-crashed' });
    await expect(one.client.call('train.current', {})).resolves.toBeNull();
  });

  it('end with code disconnected when the host closes', async () => {
    const one = await openTab();
    const waiting = one.client.call('backbones.download', { id: 'wait' });
    await one.client.call('host.info', {});
    await Promise.all([expect(waiting).rejects.toMatchObject({ code: 'disconnected' }), host.close()]);
  });

  it('are held to the same rules as any page: granted paths, no methods of hosts', async () => {
    const { client } = await openTab();
    const outside = client.call('dataset.inspect', { path: join(test.folder, 'other') });
    await expect(outside).rejects.toMatchObject({ code: 'not-granted' });
    const own = client.call('dataset.file', { image: 'a.jpg' });
    await expect(own).rejects.toMatchObject({ code: 'unknown-method' });
  });

  it('may send a recipe that leaves out a hundred thousand pictures', async () => {
    const { client } = await openTab();
    const recipe = createRecipe(join(test.folder, 'data'));
    const exclude = Array.from({ length: 100_000 }, (_, image) => `train/ants/${'x'.repeat(80)}${image}.jpg`);
    const update = client.call('projects.update', {
      recipe: { ...recipe, data: { ...recipe.data, exclude } },
      revision: 0,
    });
    // The fixture has no such method: it got there.
    await expect(update).rejects.toMatchObject({ code: 'unknown-method' });
  });

  it('are thrown out for a message that is too large', async () => {
    const { socket, client, closed } = await openTab();
    await client.call('host.info', {});
    socket.send('x'.repeat((16 << 20) + 1));
    expect(await closed).toBe(1009);
    await expect((await openTab()).client.call('host.info', {})).resolves.toHaveProperty('kind', 'browser');
  });

  it.each(['{"t":"cancel","id":1}', 'no JSON'])('are thrown out for flooding with %s', async (text) => {
    const { socket, client, closed } = await openTab();
    await client.call('host.info', {});
    for (let count = 0; count < 20_000; count++) socket.send(text);
    expect(await closed).toBe(1008);
    await expect((await openTab()).client.call('host.info', {})).resolves.toHaveProperty('kind', 'browser');
  });

  it('live through frames that are no messages', async () => {
    const { socket, client } = await openTab();
    await client.call('host.info', {});
    for (const frame of ['', '{', 'null', '[]', '{"t":"call"}', Buffer.from([1, 2, 3])]) socket.send(frame);
    await expect(client.call('host.info', {})).resolves.toHaveProperty('kind', 'browser');
  });
});
