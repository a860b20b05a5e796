import { describe, expect, it, vi } from 'vitest';
import type { Handlers } from '../../../src/shared/contract.js';
import { type Port, createIpcPort, createMemoryPorts } from '../../../src/shared/port.js';
import { type Wire, connect, createServer, serve } from '../../../src/shared/rpc.js';
import { createProbeHandlers } from '../../contract/fixtures/probe-handlers.js';

const handlers = (changes: Partial<Handlers> = {}): Partial<Handlers> => ({
  ...createProbeHandlers(() => undefined),
  ...changes,
});
const forever = { id: 'a', file: '/f' };
const stopped = {
  run: '/r',
  reason: 'completed',
  best: { epoch: 1, val: { loss: 1, accuracy: 1 }, interval: [0, 1] },
  seconds: { prepare: 0, train: 0, validate: 0, total: 0 },
} as const;

/** Everything that arrives at a port. */
function record(port: Port): Wire[] {
  const messages: Wire[] = [];
  port.onMessage((message) => messages.push(message as Wire));
  return messages;
}
const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

describe('createServer', () => {
  it('serves several clients: events reach all, numbered alike', async () => {
    const server = createServer(handlers());
    const seen: string[] = [];
    const clients = ['a', 'b'].map((name) => {
      const [near, far] = createMemoryPorts();
      server.attach(far);
      const client = connect(near);
      client.on('train.ended', (data, seq) => seen.push(`${name} ${seq} ${data.run}`));
      return client;
    });
    server.emit('train.ended', stopped);
    await settle();
    expect(seen.sort()).toEqual(['a 1 /r', 'b 1 /r']);
    clients[0]!.close();
    await settle();
    server.emit('train.ended', stopped);
    await settle();
    expect(seen).toContain('b 2 /r');
    expect(seen).not.toContain('a 2 /r');
  });

  it("aborts a closed client's calls and nobody else's", async () => {
    const aborted: string[] = [];
    const server = createServer(
      handlers({
        'backbones.import': ({ id }, { signal }) =>
          new Promise(() => signal.addEventListener('abort', () => aborted.push(id))),
      }),
    );
    const clients = ['first', 'second'].map((id) => {
      const [near, far] = createMemoryPorts();
      server.attach(far);
      const client = connect(near);
      client.call('backbones.import', { ...forever, id }).catch(() => undefined);
      return client;
    });
    await settle();
    clients[0]!.close();
    await settle();
    expect(aborted).toEqual(['first']);
    server.close();
    expect(aborted).toEqual(['first', 'second']);
  });

  it('closes its clients when it closes', async () => {
    const [near, far] = createMemoryPorts();
    const server = serve(far, handlers());
    const client = connect(near);
    const call = client.call('backbones.import', forever);
    await settle();
    server.close();
    // The handler's own answer is lost with the connection: what the client hears is that it ended.
    await expect(call).rejects.toMatchObject({ code: 'engine-crashed' });
  });

  it('reports bugs, with their stack, and no other errors', async () => {
    const reported: unknown[] = [];
    const [near, far] = createMemoryPorts();
    serve(far, handlers(), { onInternalError: (error, method) => reported.push([method, error]) });
    const client = connect(near);
    await client.call('backbones.download', { id: 'x' }).catch(() => undefined);
    expect(reported).toEqual([]);
    await client.call('backbones.download', { id: 'bug' }).catch(() => undefined);
    expect(reported).toEqual([['backbones.download', expect.any(TypeError)]]);
  });

  it('answers a handler that throws before its first await', async () => {
    const [near, far] = createMemoryPorts();
    serve(
      far,
      handlers({
        'engine.info': () => {
          throw new RangeError('at once');
        },
      }),
    );
    await expect(connect(near).call('engine.info', {})).rejects.toMatchObject({ code: 'internal', message: 'at once' });
  });

  it('refuses a call id that is in use', async () => {
    const [near, far] = createMemoryPorts();
    serve(far, handlers());
    const messages = record(near);
    near.send({ t: 'call', id: 1, method: 'backbones.import', params: forever });
    near.send({ t: 'call', id: 1, method: 'train.stop', params: { run: '/r' } });
    await settle();
    expect(messages).toMatchObject([{ t: 'err', id: 1, error: { code: 'invalid-value' } }]);
  });

  it('holds progress to one message in a tenth of a second', async () => {
    vi.useFakeTimers();
    try {
      const [near, far] = createMemoryPorts();
      let report = (_done: number): void => undefined;
      serve(
        far,
        handlers({
          'backbones.import': (_, { onProgress }) =>
            new Promise(() => (report = (done) => onProgress({ task: 'scan', done, total: null, unit: 'files' }))),
        }),
      );
      const seen: number[] = [];
      connect(near)
        .call('backbones.import', forever, { onProgress: ({ done }) => seen.push(done) })
        .catch(() => undefined);
      await vi.advanceTimersByTimeAsync(0);
      // One report a millisecond for a second: one at once, one at each tenth.
      for (let done = 1; done <= 1000; done++) {
        report(done);
        await vi.advanceTimersByTimeAsync(1);
      }
      expect(seen).toEqual([1, 100, 200, 300, 400, 500, 600, 700, 800, 900, 1000]);
    } finally {
      vi.useRealTimers();
    }
  });
});

describe('ports', () => {
  it('memory: copies messages, keeps their order and delivers later', async () => {
    const [near, far] = createMemoryPorts();
    const messages = record(far);
    const message = { list: [1] };
    near.send(message);
    near.send('second');
    message.list.push(2);
    expect(messages).toEqual([]);
    await settle();
    expect(messages).toEqual([{ list: [1] }, 'second']);
  });

  it('memory: tells both ends of a close, after what was sent', async () => {
    const [near, far] = createMemoryPorts();
    const seen: string[] = [];
    far.onMessage((message) => seen.push(String(message)));
    far.onClose(() => seen.push('far closed'));
    near.onClose(() => seen.push('near closed'));
    near.send('last');
    near.close();
    near.close();
    far.send('too late');
    await settle();
    expect(seen.sort()).toEqual(['far closed', 'last', 'near closed']);
  });

  it('memory: refuses what could not cross between processes', () => {
    const [near] = createMemoryPorts();
    expect(() => near.send({ callback: () => undefined })).toThrow(/could not be cloned/);
  });

  it('listeners can leave', async () => {
    const [near, far] = createMemoryPorts();
    const seen: unknown[] = [];
    const stop = far.onMessage((message) => seen.push(message));
    near.send(1);
    await settle();
    stop();
    near.send(2);
    await settle();
    expect(seen).toEqual([1]);
  });

  it('ipc: sends nothing into a channel that has gone', () => {
    const sent: unknown[] = [];
    const channel = {
      connected: false,
      send: (message: unknown) => sent.push(message) > 0,
      on: () => undefined,
      disconnect: () => expect.unreachable('it is disconnected already'),
    };
    const port = createIpcPort(channel);
    port.send('x');
    port.close();
    expect(sent).toEqual([]);
  });
});
