import { type CallContext, type EventName, type Events, type Handlers, isMethodName, parseParams } from './contract.js';
import { GraftError, toWire } from './errors.js';
import type { Port } from './port.js';
import type { Progress, ProgressListener } from './progress.js';
import { type Wire, asRecord } from './rpc-client.js';

export { type CallOptions, type Client, type Wire, connect } from './rpc-client.js';

/** A call's progress goes out at most this often. */
const PROGRESS_INTERVAL_MS = 100;

/** The answering side: one set of handlers, any number of clients. Methods without a handler are refused as unknown. */
export interface Server {
  /** Tells every client. */
  emit<E extends EventName>(name: E, data: Events[E]): void;
  /** Serves another client. When its port closes, its calls are aborted and nobody else's. */
  attach(port: Port): void;
  /** Closes every client's port and aborts every call. */
  close(): void;
}

export interface ServerOptions {
  /** Told of errors that are no {@link GraftError}: bugs, whose stack would be lost on the way to the client. */
  readonly onInternalError?: (error: unknown, method: string) => void;
}

/** Sends the first progress at once, then the latest at most every {@link PROGRESS_INTERVAL_MS}; `flush` sends what is held. */
function coalesceProgress(send: (progress: Progress) => void): { report: ProgressListener; flush(): void } {
  let held: Progress | null = null;
  let timer: ReturnType<typeof setTimeout> | null = null;
  const sendHeld = (): void => {
    if (held === null) return;
    send(held);
    held = null;
  };
  const tick = (): void => {
    timer = held === null ? null : setTimeout(tick, PROGRESS_INTERVAL_MS);
    sendHeld();
  };
  return {
    report(progress) {
      held = progress;
      if (timer !== null) return;
      sendHeld();
      timer = setTimeout(tick, PROGRESS_INTERVAL_MS);
    },
    flush() {
      if (timer !== null) clearTimeout(timer);
      timer = null;
      sendHeld();
    },
  };
}

/** Serves one client and returns what stops it. */
function servePort(port: Port, handlers: Partial<Handlers>, options: ServerOptions): () => void {
  const running = new Map<number, AbortController>();
  const send = (message: Wire): void => port.send(message);

  const call = async (id: number, method: unknown, params: unknown): Promise<void> => {
    if (!isMethodName(method) || handlers[method] === undefined) {
      const error = new GraftError(
        'unknown-method',
        `expected a method that is served here, received ${JSON.stringify(method)}`,
      );
      send({ t: 'err', id, error: toWire(error) });
      return;
    }
    if (running.has(id)) {
      const error = new GraftError('invalid-value', `expected a fresh call id, received ${id}, which is in use`);
      send({ t: 'err', id, error: toWire(error) });
      return;
    }
    const controller = new AbortController();
    running.set(id, controller);
    const progress = coalesceProgress((latest) => send({ t: 'progress', id, progress: latest }));
    const context: CallContext = {
      signal: controller.signal,
      onProgress: (latest) => {
        if (running.has(id)) progress.report(latest);
      },
    };
    try {
      const handler = handlers[method] as (params: unknown, context: CallContext) => Promise<unknown>;
      const result = await handler(parseParams(method, params), context);
      progress.flush();
      send({ t: 'ok', id, result });
    } catch (error) {
      progress.flush();
      const wire = toWire(error);
      if (wire.code === 'internal') options.onInternalError?.(error, method);
      send({ t: 'err', id, error: wire });
    } finally {
      running.delete(id);
    }
  };

  const stopMessages = port.onMessage((message) => {
    const wire = asRecord(message);
    // What has no id can't be answered; it comes from no client of ours.
    if (wire === null || !Number.isSafeInteger(wire['id'])) return;
    const id = wire['id'] as number;
    if (wire['t'] === 'call') void call(id, wire['method'], wire['params']);
    else if (wire['t'] === 'cancel') running.get(id)?.abort();
  });
  const stop = (): void => {
    stopMessages();
    for (const controller of running.values()) controller.abort();
  };
  port.onClose(stop);
  return stop;
}

/** Makes an engine's server; clients come by {@link Server.attach}. */
export function createServer(handlers: Partial<Handlers>, options: ServerOptions = {}): Server {
  const clients = new Map<Port, () => void>();
  let seq = 0;
  return {
    emit(name, data) {
      seq++;
      for (const port of clients.keys()) port.send({ t: 'event', seq, name, data } satisfies Wire);
    },
    attach(port) {
      clients.set(port, servePort(port, handlers, options));
      port.onClose(() => clients.delete(port));
    },
    close() {
      for (const [port, stop] of clients) {
        stop();
        port.close();
      }
      clients.clear();
    },
  };
}

/** A server whose first client is at the other end of `port`. */
export function serve(port: Port, handlers: Partial<Handlers>, options: ServerOptions = {}): Server {
  const server = createServer(handlers, options);
  server.attach(port);
  return server;
}
