import { fork } from 'node:child_process';
import { once } from 'node:events';
import { rmSync } from 'node:fs';
import type { AddressInfo } from 'node:net';
import { dirname, join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { createPagePort } from '../../src/main/server/page-port.js';
import { GraftError } from '../../src/shared/errors.js';
import { type Port, createIpcPort, createMemoryPorts, createMessagePort } from '../../src/shared/port.js';
import { createSocketPort, unbundle } from '../../src/shared/port-socket.js';
import { type Client, connect, serve } from '../../src/shared/rpc.js';
import { bundleFixture } from '../support/bundle.js';
import { createProbeHandlers } from './fixtures/probe-handlers.js';

/** A client's end of a channel with a probe at the other. */
interface Link {
  readonly port: Port;
  /** The other end goes away without a word. */
  breakOff(): void;
  /** The code that the client's calls then fail with. */
  readonly brokenCode: 'engine-crashed' | 'disconnected';
}

function serveProbe(port: Port): void {
  const server = serve(
    port,
    createProbeHandlers((step) =>
      server.emit('train.batch', {
        run: '/r',
        epoch: 1,
        step,
        steps: 9,
        loss: 0.5,
        accuracy: 1,
        lr: 0.1,
        imagesPerSecond: 1,
      }),
    ),
  );
}

let entry = '';
let sockets: WebSocketServer;
beforeAll(async () => {
  entry = await bundleFixture(join(import.meta.dirname, 'fixtures', 'probe-engine.ts'));
  sockets = new WebSocketServer({ host: '127.0.0.1', port: 0 });
  sockets.on('connection', (socket) => serveProbe(createPagePort(socket)));
  if (sockets.address() === null) await once(sockets, 'listening');
});
afterAll(() => {
  sockets.close();
  rmSync(dirname(entry), { recursive: true, force: true });
});

const TRANSPORTS: Readonly<Record<string, () => Link>> = {
  memory: () => {
    const [near, far] = createMemoryPorts();
    serveProbe(far);
    return { port: near, breakOff: () => far.close(), brokenCode: 'engine-crashed' };
  },
  'message port': () => {
    const { port1, port2 } = new MessageChannel();
    serveProbe(createMessagePort(port2));
    return { port: createMessagePort(port1), breakOff: () => port2.close(), brokenCode: 'engine-crashed' };
  },
  'child process': () => {
    const child = fork(entry, [], { execArgv: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    return { port: createIpcPort(child), breakOff: () => void child.kill('SIGKILL'), brokenCode: 'engine-crashed' };
  },
  'web socket': () => {
    const socket = new WebSocket(`ws://127.0.0.1:${(sockets.address() as AddressInfo).port}`);
    const breakOff = (): void => {
      for (const page of sockets.clients) page.terminate();
    };
    return { port: unbundle(createSocketPort(socket)), breakOff, brokenCode: 'disconnected' };
  },
};

const inspect = { path: '/somewhere' };
const evaluate = { run: '/r', data: null, split: 'val' } as const;

async function codeOf(promise: Promise<unknown>): Promise<string> {
  const error = await promise.then(
    () => null,
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(GraftError);
  return (error as GraftError).code;
}

describe.each(Object.keys(TRANSPORTS))('the contract over %s', (transport) => {
  const open: Client[] = [];
  const link = (): Link & { client: Client } => {
    const made = TRANSPORTS[transport]!();
    const client = connect(made.port);
    open.push(client);
    return { ...made, client };
  };
  afterEach(() => {
    for (const client of open.splice(0)) client.close();
  });

  it('answers calls, each its own', async () => {
    const { client } = link();
    const paths = Array.from({ length: 50 }, (_, index) => `/folder ${index}/蟻`);
    const reports = await Promise.all(paths.map((path) => client.call('dataset.inspect', { path })));
    expect(reports.map((report) => report.path)).toEqual(paths);
  });

  it("keeps a failure's code, message and details", async () => {
    const { client } = link();
    const failure = client.call('backbones.download', { id: 'x' });
    await expect(failure).rejects.toMatchObject({
      name: 'GraftError',
      code: 'unknown-backbone',
      message: 'expected a backbone, received x',
      details: { id: 'x', known: ['a'] },
    });
  });

  it('turns a bug into code internal', async () => {
    const { client } = link();
    await expect(client.call('backbones.download', { id: 'bug' })).rejects.toMatchObject({
      code: 'internal',
      message: 'a bug in the probe',
    });
  });

  it('refuses parameters that the contract does not know', async () => {
    const { client } = link();
    const wrong = { ...inspect, more: 1 } as typeof inspect;
    expect(await codeOf(client.call('dataset.inspect', wrong))).toBe('invalid-value');
    expect(await codeOf(client.call('dataset.inspect', { path: '' }))).toBe('invalid-value');
  });

  it.each(['toString', 'constructor', '__proto__', 'hasOwnProperty', 'train.begin', 7, null, {}])(
    'knows no method %j',
    async (method) => {
      const { client } = link();
      expect(await codeOf(client.call(method as 'engine.info', {}))).toBe('unknown-method');
    },
  );

  it('lives through malformed messages', async () => {
    const { client, port } = link();
    for (const message of [
      null,
      'text',
      7,
      [],
      {},
      { t: 'call' },
      { t: 'call', id: 'x', method: 'dataset.inspect' },
      { t: 'call', id: 1.5, method: 'dataset.inspect' },
      { t: 'cancel', id: 99 },
      { t: 'ok', id: 1 },
      { t: 'nonsense', id: 1 },
    ]) {
      port.send(message);
    }
    await expect(client.call('dataset.inspect', inspect)).resolves.toMatchObject({ path: '/somewhere' });
  });

  it('cancels by a signal: the call rejects, the handler hears', async () => {
    const { client } = link();
    const controller = new AbortController();
    const call = client.call('backbones.import', { id: 'a', file: '/f' }, { signal: controller.signal });
    await client.call('dataset.inspect', inspect);
    controller.abort();
    expect(await codeOf(call)).toBe('cancelled');
    await expect(client.call('dataset.inspect', inspect)).resolves.toMatchObject({ excluded: 1 });
  });

  it('sends nothing for a call whose signal is already aborted', async () => {
    const { client } = link();
    const call = client.call('backbones.import', { id: 'a', file: '/f' }, { signal: AbortSignal.abort() });
    expect(await codeOf(call)).toBe('cancelled');
    await expect(client.call('dataset.inspect', inspect)).resolves.toMatchObject({ excluded: 0 });
  });

  it('coalesces progress and always sends the last', async () => {
    const { client } = link();
    const seen: number[] = [];
    const report = await client.call('run.evaluate', evaluate, { onProgress: ({ done }) => seen.push(done) });
    expect(seen[0]).toBe(1);
    expect(seen.at(-1)).toBe(report.loss);
    expect(seen).toEqual([...seen].sort((a, b) => a - b));
    // The handler reported hundreds of times.
    expect(report.loss).toBeGreaterThan(100);
    expect(seen.length).toBeLessThan(20);
  });

  it('numbers events', async () => {
    const { client } = link();
    const seen: [step: number, seq: number][] = [];
    const stop = client.on('train.batch', (data, seq) => seen.push([data.step, seq]));
    await client.call('run.export', { run: '/r', format: '3', out: '/o' });
    stop();
    await client.call('run.export', { run: '/r', format: '1', out: '/o' });
    expect(seen).toEqual([
      [1, 1],
      [2, 2],
      [3, 3],
    ]);
  });

  it('carries a large answer exactly', async () => {
    const { client } = link();
    const params = { paths: ['/a'], backbone: 'probe', weightsFile: null, framing: 'crop' } as const;
    const report = await client.call('features.compute', { ...params, paths: [...params.paths] });
    expect(report.images).toHaveLength(200);
    expect(report.images[199]!.features[1279]).toBe(Math.fround(Math.sin(199 * 1280 + 1279)));
  });

  it('rejects what is pending, and later calls, when the other end breaks off', async () => {
    const { client, breakOff, brokenCode } = link();
    await client.call('dataset.inspect', inspect);
    const heard = new Promise<GraftError>((resolve) => client.onClose(resolve));
    const pending = [1, 2].map(() => codeOf(client.call('backbones.import', { id: 'a', file: '/f' })));
    breakOff();
    expect(await Promise.all(pending)).toEqual([brokenCode, brokenCode]);
    expect((await heard).code).toBe(brokenCode);
    expect(await codeOf(client.call('dataset.inspect', inspect))).toBe(brokenCode);
  });

  it('rejects what is pending as cancelled when it closes the connection itself', async () => {
    const { client } = link();
    let heard = false;
    client.onClose(() => (heard = true));
    const pending = client.call('backbones.import', { id: 'a', file: '/f' });
    client.close();
    expect(await codeOf(pending)).toBe('cancelled');
    expect(await codeOf(client.call('dataset.inspect', inspect))).toBe('cancelled');
    expect(heard).toBe(false);
  });
});
