import { GraftError } from '../../shared/errors.js';
import type { PixelImage } from '../../shared/image.js';
import { installSimdKernels } from '../../shared/simd/simd-kernels.js';
import { createPainter } from './painter.js';
import { REST_MS } from './pace.js';
import { readPixelFile } from './pixel-file.js';
import { HOLD_MS, type PreviewReply, type PreviewRequest } from './protocol.js';

async function load(url: string): Promise<PixelImage> {
  const response = await fetch(url);
  if (!response.ok) {
    const body = (await response.json().catch(() => null)) as { message?: unknown } | null;
    const message = typeof body?.message === 'string' ? body.message : `HTTP status ${response.status}`;
    throw new GraftError('unreadable-file', `The picture's pixels are not available: ${message}`);
  }
  return readPixelFile(await response.arrayBuffer());
}

/** A turn of the event loop, without the four milliseconds that timers take. */
const channel = new MessageChannel();
const turns: (() => void)[] = [];
channel.port1.onmessage = () => turns.shift()?.();

/** Replies that go together: each message takes the page's thread as long as drawing a tile may. */
let held: PreviewReply[] = [];
let heldSinceMs = 0;
let timer: ReturnType<typeof setTimeout> | null = null;

function send(): void {
  if (timer !== null) clearTimeout(timer);
  timer = null;
  postMessage(held, { transfer: held.flatMap((reply) => (reply.kind === 'tile' ? [reply.pixels.buffer] : [])) });
  held = [];
}

// Where the host's policy forbids it, the plain way draws the same.
installSimdKernels();

const painter = createPainter({
  load,
  post(reply: PreviewReply) {
    if (held.length === 0) heldSinceMs = performance.now();
    held.push(reply);
    if (reply.kind !== 'tile' || performance.now() - heldSinceMs > HOLD_MS) send();
    else timer ??= setTimeout(send, HOLD_MS);
  },
  pause: () =>
    new Promise((resolve) => {
      turns.push(resolve);
      channel.port2.postMessage(null);
    }),
  rest: () => new Promise((resolve) => setTimeout(resolve, REST_MS)),
});

addEventListener('message', (event: MessageEvent<PreviewRequest>) => painter.draw(event.data));
