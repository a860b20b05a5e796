import type { EventName, Events, MethodName, ParamsInput, Results } from './contract.js';
import { GraftError, type WireError, fromWire } from './errors.js';
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

/** A message that may be one of {@link Wire}; null for what can't be. */
export function asRecord(message: unknown): Readonly<Record<string, unknown>> | null {
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
