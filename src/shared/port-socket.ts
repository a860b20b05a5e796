import { GraftError } from './errors.js';
import { Listeners, type Port } from './port.js';

/** What a page's `WebSocket` and the `ws` package's have in common. */
export interface WebSocketLike {
  readonly readyState: number;
  send(text: string): void;
  close(): void;
  addEventListener(type: 'open' | 'message' | 'close' | 'error', listener: (event: object) => void): void;
}

const CONNECTING = 0;
const OPEN = 1;

/** What a text frame holds, or undefined when it is no JSON. */
function parseFrame(data: unknown): unknown {
  if (typeof data !== 'string') return undefined;
  try {
    return JSON.parse(data) as unknown;
  } catch {
    return undefined;
  }
}

/**
 * A page's end of a port whose other end may send several messages in one frame, as an array: see `server/page-port.ts`. A
 * host takes none, since it counts frames.
 */
export function unbundle(port: Port): Port {
  return {
    ...port,
    onMessage: (listener) =>
      port.onMessage((message) => {
        for (const one of Array.isArray(message) ? (message as readonly unknown[]) : [message]) listener(one);
      }),
  };
}

/**
 * A port over a WebSocket, for either side: one JSON text a message. What is sent while the socket still connects goes
 * out when it is open. Frames that are no JSON text are passed over; they come from no client of ours.
 *
 * The port closes with code `disconnected` when the other end or the network ends it.
 */
export function createSocketPort(socket: WebSocketLike): Port {
  const messages = new Listeners<[unknown]>();
  const closes = new Listeners<[GraftError | undefined]>();
  const early: string[] = [];
  let closedHere = false;
  let closed = false;
  const close = (code: number | null): void => {
    if (closed) return;
    closed = true;
    const words = `The connection to Graft ended${code === null ? '' : ` (WebSocket code ${code})`}.`;
    closes.call(closedHere ? undefined : new GraftError('disconnected', words, { details: { code } }));
  };
  socket.addEventListener('open', () => {
    for (const text of early.splice(0)) socket.send(text);
  });
  socket.addEventListener('message', (event) => {
    const message = 'data' in event ? parseFrame(event.data) : undefined;
    if (message !== undefined && !closed) messages.call(message);
  });
  socket.addEventListener('close', (event) =>
    close('code' in event && typeof event.code === 'number' ? event.code : null),
  );
  // An error is followed by a close, which says what there is to say; unheard it would end a Node process.
  socket.addEventListener('error', () => undefined);
  return {
    send(message) {
      const text = JSON.stringify(message);
      if (socket.readyState === OPEN) socket.send(text);
      else if (socket.readyState === CONNECTING) early.push(text);
    },
    onMessage: (listener) => messages.add(listener),
    onClose: (listener) => closes.add(listener),
    close() {
      closedHere = true;
      socket.close();
    },
  };
}
