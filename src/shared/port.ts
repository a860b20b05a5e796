import type { GraftError } from './errors.js';

/**
 * One end of a two-way channel of JSON-able messages. Messages arrive in order or, once the channel has closed, not at
 * all; `send` on a closed port does nothing.
 */
export interface Port {
  send(message: unknown): void;
  /** @returns stops listening */
  onMessage(listener: (message: unknown) => void): () => void;
  /**
   * The other end has gone, or {@link Port.close} was called here. `reason` says why where the transport knows more than
   * that, for example how a child process died.
   *
   * @returns stops listening
   */
  onClose(listener: (reason: GraftError | undefined) => void): () => void;
  close(): void;
}

/** A set of listeners that may unsubscribe while they are called. */
export class Listeners<A extends readonly unknown[]> {
  readonly #listeners = new Set<(...args: A) => void>();

  add(listener: (...args: A) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  call(...args: A): void {
    for (const listener of [...this.#listeners]) listener(...args);
  }
}

/**
 * Two ports joined in memory. Messages are structured clones and arrive in a later microtask, so that nothing works here
 * that would not work between processes.
 */
export function createMemoryPorts(): [Port, Port] {
  let open = true;
  const ends = [0, 1].map(() => ({
    messages: new Listeners<[unknown]>(),
    closes: new Listeners<[GraftError | undefined]>(),
  })) as [End, End];
  const port = (own: End, other: End): Port => ({
    send(message) {
      if (!open) return;
      const copy = structuredClone(message);
      queueMicrotask(() => other.messages.call(copy));
    },
    onMessage: (listener) => own.messages.add(listener),
    onClose: (listener) => own.closes.add(listener),
    close() {
      if (!open) return;
      open = false;
      // Queued behind the messages already sent, as a real channel would deliver them.
      queueMicrotask(() => {
        for (const end of ends) end.closes.call(undefined);
      });
    },
  });
  return [port(ends[0], ends[1]), port(ends[1], ends[0])];
}

interface End {
  readonly messages: Listeners<[unknown]>;
  readonly closes: Listeners<[GraftError | undefined]>;
}

interface MessageEventLike {
  readonly type: string;
  readonly data?: unknown;
}

/** What Node's `worker_threads` ports and a page's ports have in common. */
export interface MessagePortLike {
  postMessage(message: unknown): void;
  addEventListener(type: 'message' | 'close', listener: (event: MessageEventLike) => void): void;
  start?(): void;
  close(): void;
}

/** A port over one end of a `MessageChannel`. The browser or Node fires `close` on both ends. */
export function createMessagePort(channel: MessagePortLike): Port {
  const messages = new Listeners<[unknown]>();
  const closes = new Listeners<[GraftError | undefined]>();
  let open = true;
  channel.addEventListener('message', (event) => messages.call(event.data));
  channel.addEventListener('close', () => {
    open = false;
    closes.call(undefined);
  });
  channel.start?.();
  return {
    send(message) {
      if (open) channel.postMessage(message);
    },
    onMessage: (listener) => messages.add(listener),
    onClose: (listener) => closes.add(listener),
    close() {
      open = false;
      channel.close();
    },
  };
}

/** What a forked child's `process` and its parent's `ChildProcess` have in common. */
export interface IpcChannel {
  readonly connected: boolean;
  send?(message: unknown, callback: (error: Error | null) => void): boolean;
  on(event: 'message', listener: (message: unknown) => void): unknown;
  on(event: 'disconnect', listener: () => void): unknown;
  disconnect?(): void;
}

/**
 * A port over the IPC channel of `child_process.fork`, for either side; the engine's side is
 * `createIpcPort(process)`.
 *
 * Node queues what a slow reader has not taken yet in this process's memory and says so only by `send`'s return value.
 * Nothing here needs to wait for it: progress and batch events are held to ten a second by whoever sends them, and a
 * result is one message that its caller asked for.
 */
export function createIpcPort(channel: IpcChannel): Port {
  const messages = new Listeners<[unknown]>();
  const closes = new Listeners<[GraftError | undefined]>();
  channel.on('message', (message) => messages.call(message));
  channel.on('disconnect', () => closes.call(undefined));
  return {
    send(message) {
      // A channel that breaks between the check and the write reports to the callback, and then disconnects.
      if (channel.connected) channel.send?.(message, () => undefined);
    },
    onMessage: (listener) => messages.add(listener),
    onClose: (listener) => closes.add(listener),
    close() {
      if (channel.connected) channel.disconnect?.();
    },
  };
}
