import {
  type CallContext,
  type EventName,
  type Events,
  type Handlers,
  type MethodName,
  type ParamsInput,
  type Results,
  isMethodName,
  parseParams,
} from './contract.js';
import { GraftError, type WireError, fromWire, toWire } from './errors.js';
import { Listeners, type Port } from './port.js';
import type { Progress, ProgressListener } from './progress.js';

/** Every message between a client and the engine; plain JSON. `seq` counts an engine's events from 1. */
export type Wire =
  | { readonly t: 'call'; readonly id: number; readonly method: string; readonly params: unknown }
  | { readonly t: 'cancel'; readonly id: number }
  | { readonly t: 'ok'; readonly id: number; readonly result: unknown }
  | { readonly t: 'err'; readonly id: number; readonly error: WireError }
  | { readonly t: 'progress'; readonly id: number; readonly progress: Progress }
  | { readonly t: 'event'; readonly seq: number; readonly name: string; readonly data: unknown };

/** A call's progress goes out at most this often. */
const PROGRESS_INTERVAL_MS = 100;

function asRecord(message: unknown): Readonly<Record<string, unknown>> | null {
  return typeof message === 'object' && message !== null ? (message as Record<string, unknown>) : null;
}

export interface CallOptions {
  /** Aborting rejects the call with `cancelled` at once and aborts the handler's signal. */
  readonly signal?: AbortSignal | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

/** The host's side of a connection to the engine. */
export interface Client {
  /**
   * Calls a method of the engine.
   *
   * @throws GraftError what the handler threw; `cancelled`; `engine-crashed` when the connection ends first;
   * `invalid-value` when the parameters don't fit the contract
   */
  call<M extends MethodName>(method: M, params: ParamsInput<M>, options?: CallOptions): Promise<Results[M]>;
  /** @returns stops listening */
  on<E extends EventName>(name: E, listener: (data: Events[E], seq: number) => void): () => void;
  /** The connection has ended without {@link Client.close}. */
  onClose(listener: (error: GraftError) => void): () => void;
  /** Ends the connection; calls in flight reject with `cancelled`. */
  close(): void;
}

interface PendingCall {
  settle(result: unknown): void;
  fail(error: GraftError): void;
  readonly onProgress: ProgressListener | undefined;
}

/** Speaks the contract to the engine at the other end of `port`. */
export function connect(port: Port): Client {
  const pending = new Map<number, PendingCall>();
  const events = new Map<string, Listeners<[data: never, seq: number]>>();
  const closes = new Listeners<[GraftError]>();
  let nextId = 1;
  let ended: GraftError | null = null;

  const end = (error: GraftError): void => {
    if (ended !== null) return;
    ended = error;
    for (const call of [...pending.values()]) call.fail(error);
  };

  port.onMessage((message) => {
    const wire = asRecord(message);
    if (wire === null || ended !== null) return;
    if (wire['t'] === 'event') {
      events.get(String(wire['name']))?.call(wire['data'] as never, Number(wire['seq']));
      return;
    }
    const call = pending.get(wire['id'] as number);
    if (wire['t'] === 'ok') call?.settle(wire['result']);
    else if (wire['t'] === 'err') call?.fail(fromWire(wire['error']));
    else if (wire['t'] === 'progress') call?.onProgress?.(wire['progress'] as Progress);
  });
  port.onClose((reason) => {
    if (ended !== null) return;
    const error = reason ?? new GraftError('engine-crashed', 'The connection to the engine ended unexpectedly.');
    end(error);
    closes.call(error);
  });

  return {
    call<M extends MethodName>(method: M, params: ParamsInput<M>, options: CallOptions = {}): Promise<Results[M]> {
      const { signal, onProgress } = options;
      if (ended !== null) return Promise.reject(ended);
      if (signal?.aborted) return Promise.reject(new GraftError('cancelled', 'The call was cancelled.'));
      const id = nextId++;
      return new Promise<Results[M]>((resolve, reject) => {
        const finish = (): void => {
          pending.delete(id);
          signal?.removeEventListener('abort', abort);
        };
        const fail = (error: GraftError): void => {
          finish();
          reject(error);
        };
        const abort = (): void => {
          port.send({ t: 'cancel', id } satisfies Wire);
          fail(new GraftError('cancelled', 'The call was cancelled.'));
        };
        const settle = (result: unknown): void => {
          finish();
          resolve(result as Results[M]);
        };
        pending.set(id, { settle, fail, onProgress });
        signal?.addEventListener('abort', abort);
        port.send({ t: 'call', id, method, params } satisfies Wire);
      });
    },
    on<E extends EventName>(name: E, listener: (data: Events[E], seq: number) => void): () => void {
      const listeners = events.get(name) ?? new Listeners<[data: never, seq: number]>();
      events.set(name, listeners);
      return listeners.add(listener);
    },
    onClose: (listener) => closes.add(listener),
    close() {
      end(new GraftError('cancelled', 'The connection to the engine was closed.'));
      port.close();
    },
  };
}

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
