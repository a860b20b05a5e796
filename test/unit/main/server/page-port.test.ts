import { EventEmitter } from 'node:events';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { WebSocket } from 'ws';
import { createPagePort } from '../../../../src/main/server/page-port.js';
import { createSocketPort, unbundle } from '../../../../src/shared/port-socket.js';

const LIMITS = { slowBytes: 100, lostBytes: 1000, burst: 5, perSecond: 1, heartbeatMs: 1000, bundleMs: 500 };

/** A socket whose network takes nothing until it is told to. */
class FakeSocket extends EventEmitter {
  readonly readyState = 1;
  bufferedAmount = 0;
  readonly sent: unknown[] = [];
  pings = 0;
  ended: unknown = null;
  readonly #callbacks: (() => void)[] = [];

  send(text: string, done?: () => void): void {
    this.bufferedAmount += text.length;
    this.sent.push(JSON.parse(text));
    if (done) this.#callbacks.push(done);
  }
  /** The network has taken everything. */
  drain(): void {
    this.bufferedAmount = 0;
    for (const done of this.#callbacks.splice(0)) done();
  }
  ping(): void {
    this.pings++;
  }
  close(code?: number): void {
    this.ended ??= code ?? 'closed';
  }
  terminate(): void {
    this.ended ??= 'terminated';
    this.emit('close');
  }
  addEventListener(type: string, listener: (event: object) => void): void {
    this.on(type, (data?: unknown) => listener(type === 'message' ? { data } : {}));
  }
}

let socket: FakeSocket;
const open = () => createPagePort(socket as unknown as WebSocket, LIMITS);
const event = (name: string, data: unknown) => ({ t: 'event', seq: 1, name, data });
beforeEach(() => {
  vi.useFakeTimers();
  socket = new FakeSocket();
});
afterEach(() => vi.useRealTimers());

describe('a slow page', () => {
  it('gets the latest of what grows old, and everything else in order', () => {
    const port = open();
    const results = event('train.epoch', 'x'.repeat(120));
    port.send(results);
    for (let step = 1; step <= 50; step++) port.send(event('train.batch', step));
    port.send(event('engine.stats', 1));
    port.send(event('engine.stats', 2));
    port.send({ t: 'progress', id: 7, progress: 1 });
    port.send({ t: 'progress', id: 7, progress: 2 });
    port.send({ t: 'ok', id: 3, result: null });
    expect(socket.sent).toEqual([results, { t: 'ok', id: 3, result: null }]);
    socket.drain();
    socket.drain();
    expect(socket.sent.slice(2)).toEqual([
      event('train.batch', 50),
      event('engine.stats', 2),
      { t: 'progress', id: 7, progress: 2 },
    ]);
  });

  it('is not told of a batch after its epoch, nor of progress after the answer', () => {
    const port = open();
    port.send(event('train.samples', 'x'.repeat(120)));
    port.send(event('train.batch', 1));
    port.send({ t: 'progress', id: 7, progress: 1 });
    port.send(event('train.ended', 1));
    port.send({ t: 'ok', id: 7, result: null });
    socket.drain();
    expect(socket.sent.slice(1)).toEqual([event('train.ended', 1), { t: 'ok', id: 7, result: null }]);
  });

  it('that takes nothing at all is given up', () => {
    const port = open();
    for (let epoch = 1; epoch <= 20; epoch++) port.send(event('train.epoch', 'x'.repeat(60)));
    expect(socket.ended).toBe('terminated');
  });

  it('gets everything at once while it keeps up', () => {
    const port = open();
    for (let step = 1; step <= 3; step++) {
      port.send(event('train.epoch', step));
      socket.drain();
    }
    expect(socket.sent).toHaveLength(3);
  });
});

describe('batches', () => {
  const batch = (step: number) => event('train.batch', step);

  it('go out together, half a second after the first', () => {
    const port = open();
    for (let step = 1; step <= 3; step++) {
      port.send(batch(step));
      vi.advanceTimersByTime(200);
    }
    expect(socket.sent).toEqual([[batch(1), batch(2), batch(3)]]);
    socket.drain();
    port.send(batch(4));
    vi.advanceTimersByTime(500);
    expect(socket.sent.slice(1)).toEqual([batch(4)]);
    vi.advanceTimersByTime(500);
    expect(socket.sent).toHaveLength(2);
  });

  it('go out before what comes after them, at once', () => {
    const port = open();
    port.send(batch(1));
    port.send(batch(2));
    port.send(event('train.epoch', 1));
    expect(socket.sent).toEqual([[batch(1), batch(2), event('train.epoch', 1)]]);
    vi.advanceTimersByTime(500);
    expect(socket.sent).toHaveLength(1);
  });

  it('are heard one by one at the other end', () => {
    const heard: unknown[] = [];
    unbundle(createSocketPort(socket)).onMessage((message) => heard.push(message));
    socket.emit('message', JSON.stringify([batch(1), event('train.epoch', 1)]));
    socket.emit('message', JSON.stringify(batch(2)));
    expect(heard).toEqual([batch(1), event('train.epoch', 1), batch(2)]);
  });

  it('that wait are gone with the page', () => {
    const port = open();
    port.send(batch(1));
    socket.emit('close');
    vi.advanceTimersByTime(500);
    expect(socket.sent).toEqual([]);
  });
});

describe('a page that floods', () => {
  it('is thrown out, and not listened to while it goes', () => {
    const port = open();
    const heard: unknown[] = [];
    port.onMessage((message) => heard.push(message));
    for (let count = 0; count < 5; count++) socket.emit('message', String(count));
    expect(socket.ended).toBeNull();
    socket.emit('message', '5');
    vi.advanceTimersByTime(900);
    socket.emit('message', '6');
    expect(socket.ended).toBe(1008);
    expect(heard).toEqual([0, 1, 2, 3, 4]);
  });

  it('is none when it takes its time', () => {
    open();
    for (let count = 0; count < 20; count++) {
      socket.emit('message', '1');
      vi.advanceTimersByTime(1000);
      socket.emit('pong');
    }
    expect(socket.ended).toBeNull();
  });
});

describe('a page that has vanished', () => {
  it('is left after a heartbeat without an answer', () => {
    const port = open();
    let closed = 0;
    port.onClose(() => closed++);
    vi.advanceTimersByTime(1000);
    socket.emit('pong');
    vi.advanceTimersByTime(1000);
    expect([socket.pings, socket.ended, closed]).toEqual([2, null, 0]);
    vi.advanceTimersByTime(1000);
    expect([socket.pings, socket.ended, closed]).toEqual([2, 'terminated', 1]);
    vi.advanceTimersByTime(10_000);
    expect(socket.pings).toBe(2);
  });
});
