import type { WebSocket } from 'ws';
import type { EventName } from '../../shared/contract.js';
import type { Port } from '../../shared/port.js';
import { createSocketPort } from '../../shared/port-socket.js';

export interface PagePortLimits {
  /** From so many unsent bytes on, what a later message makes obsolete waits. */
  readonly slowBytes: number;
  /** With so many unsent bytes the page is given up; it connects again and asks for what it missed. */
  readonly lostBytes: number;
  /** Messages that a page may send at once, and how many more each second. */
  readonly burst: number;
  readonly perSecond: number;
  readonly heartbeatMs: number;
  /** How long a batch's numbers may wait for others to go out with. */
  readonly bundleMs: number;
}

export const PAGE_PORT_LIMITS: PagePortLimits = {
  slowBytes: 1 << 20,
  lostBytes: 64 << 20,
  burst: 2000,
  perSecond: 500,
  heartbeatMs: 15_000,
  // Pages show them once a second.
  bundleMs: 500,
};

const POLICY_VIOLATION = 1008;

/** Events whose latest says all; epochs, ends and changes are never held back. */
const OBSOLESCENT: ReadonlySet<unknown> = new Set<EventName>(['train.batch', 'train.progress', 'engine.stats']);

const isBatch = (message: unknown): boolean => slotOf(message) === 'train.batch';

/** What a message may be replaced by while it waits; null for one that must go out in its place. */
function slotOf(message: unknown): string | null {
  if (typeof message !== 'object' || message === null || !('t' in message)) return null;
  if (message.t === 'progress' && 'id' in message) return `progress ${String(message.id)}`;
  if (message.t === 'event' && 'name' in message && OBSOLESCENT.has(message.name)) return String(message.name);
  return null;
}

const isEvent = (message: object): message is { readonly t: 'event'; readonly name: string } =>
  't' in message && message.t === 'event' && 'name' in message && typeof message.name === 'string';

/** Slots whose held message would come after what made it pointless. */
function endedSlots(message: unknown): readonly string[] {
  if (typeof message !== 'object' || message === null) return [];
  if (isEvent(message)) return message.name.startsWith('train.') ? ['train.batch', 'train.progress'] : [];
  return 'id' in message ? [`progress ${String(message.id)}`] : [];
}

/** Counts messages; says when there are too many. */
function createFloodGate({ burst, perSecond }: PagePortLimits): () => boolean {
  let credit = burst;
  let countedMs = performance.now();
  return () => {
    const nowMs = performance.now();
    credit = Math.min(burst, credit + ((nowMs - countedMs) / 1000) * perSecond) - 1;
    countedMs = nowMs;
    return credit < 0;
  };
}

/** Ends a socket whose other end no longer answers. */
function keepAlive(socket: WebSocket, heartbeatMs: number): void {
  let isAlive = true;
  socket.on('pong', () => (isAlive = true));
  const timer = setInterval(() => {
    if (!isAlive) socket.terminate();
    else socket.ping();
    isAlive = false;
  }, heartbeatMs);
  timer.unref();
  socket.on('close', () => clearInterval(timer));
}

/**
 * The host's end of a page's socket: a port that a slow page can't make grow, that throws out a page that floods it, and
 * that closes when the page has vanished.
 *
 * Batches go out together, as one frame with an array, in half a second or with whatever comes after them: a frame costs host
 * and browser some milliseconds of what training could use. The page's end is `unbundle`d.
 */
export function createPagePort(socket: WebSocket, limits: PagePortLimits = PAGE_PORT_LIMITS): Port {
  const held = new Map<string, unknown>();
  const isFlood = createFloodGate(limits);
  let isThrownOut = false;
  // Heard before the port's own listener, and for frames that hold no message, too.
  socket.on('message', () => {
    if (isThrownOut || !isFlood()) return;
    isThrownOut = true;
    socket.close(POLICY_VIOLATION, 'too many messages');
  });
  const sendHeld = (): void => {
    while (held.size > 0 && socket.bufferedAmount < limits.slowBytes) {
      const [slot, message] = held.entries().next().value!;
      held.delete(slot);
      port.send(message);
    }
  };
  const port = createSocketPort({
    get readyState() {
      return socket.readyState;
    },
    send: (text) => socket.send(text, sendHeld),
    close: () => socket.close(),
    addEventListener: (type, listener) => socket.addEventListener(type, listener),
  });
  keepAlive(socket, limits.heartbeatMs);
  let waiting: unknown[] = [];
  let timer: ReturnType<typeof setTimeout> | null = null;
  const sendWith = (...last: readonly unknown[]): void => {
    if (timer !== null) clearTimeout(timer);
    timer = null;
    const frame = [...waiting, ...last];
    waiting = [];
    port.send(frame.length === 1 ? frame[0] : frame);
    if (socket.bufferedAmount > limits.lostBytes) socket.terminate();
  };
  socket.on('close', () => {
    held.clear();
    if (timer !== null) clearTimeout(timer);
  });

  return {
    ...port,
    send(message) {
      const slot = slotOf(message);
      if (slot !== null && socket.bufferedAmount >= limits.slowBytes) {
        held.set(slot, message);
        return;
      }
      for (const ended of slot === null ? endedSlots(message) : [slot]) held.delete(ended);
      if (!isBatch(message)) return sendWith(message);
      waiting.push(message);
      timer ??= setTimeout(sendWith, limits.bundleMs);
    },
    onMessage: (listener) =>
      port.onMessage((message) => {
        if (!isThrownOut) listener(message);
      }),
  };
}
