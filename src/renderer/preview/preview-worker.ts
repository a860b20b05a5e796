import { GraftError } from '../../shared/errors.js';
import type { PixelImage } from '../../shared/image.js';
import { createPainter } from './painter.js';
import { readPixelFile } from './pixel-file.js';
import type { PreviewReply, PreviewRequest } from './protocol.js';

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

const painter = createPainter({
  load,
  post(reply: PreviewReply) {
    postMessage(reply, { transfer: reply.kind === 'tile' ? [reply.pixels.buffer] : [] });
  },
  pause: () =>
    new Promise((resolve) => {
      turns.push(resolve);
      channel.port2.postMessage(null);
    }),
});

addEventListener('message', (event: MessageEvent<PreviewRequest>) => painter.draw(event.data));
