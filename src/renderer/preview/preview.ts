import type { Size } from '../../shared/augment/op.js';
import type { PreviewReply, PreviewRequest, PreviewSettings, PreviewTile } from './protocol.js';

/** A drawn tile. */
export interface DrawnTile {
  readonly image: ImageData;
  /** Of the source pixels that it was drawn from. */
  readonly source: Size;
}

export interface PreviewListener {
  onTile(key: string, drawn: DrawnTile): void;
  onFailed(key: string, message: string): void;
  /** All that was asked for last is drawn. */
  onDone(): void;
}

/** Draws tiles in workers. Close it. */
export interface Preview {
  /** Asks for tiles; what was asked before and is not drawn yet is abandoned. */
  draw(settings: PreviewSettings, tiles: readonly PreviewTile[]): void;
  close(): void;
}

/** More would take the memory of more source pixels and gain nothing that is seen. */
const MAX_WORKERS = 4;

/** Starts the workers: one for each core, as far as tiles are worth it. */
export function openPreview(listener: PreviewListener, cores: number = navigator.hardwareConcurrency): Preview {
  const count = Math.max(1, Math.min(MAX_WORKERS, cores));
  const workers = Array.from(
    { length: count },
    () => new Worker(new URL('./preview-worker.ts', import.meta.url), { type: 'module', name: 'graft-preview' }),
  );
  let latest = 0;
  /** Workers that have not finished the latest request. */
  const busy = new Set<Worker>();

  const hear = (worker: Worker, reply: PreviewReply): void => {
    if (reply.kind === 'tile') {
      const image = new ImageData(reply.pixels, reply.size, reply.size);
      listener.onTile(reply.key, { image, source: reply.source });
    } else if (reply.kind === 'failed') {
      listener.onFailed(reply.key, reply.message);
    } else if (reply.request === latest && busy.delete(worker) && busy.size === 0) {
      listener.onDone();
    }
  };
  for (const worker of workers) {
    worker.addEventListener('message', (event: MessageEvent<PreviewReply>) => hear(worker, event.data));
  }

  return {
    draw(settings, tiles) {
      latest++;
      workers.forEach((worker, place) => {
        busy.add(worker);
        const own = tiles.filter((_, index) => index % count === place);
        worker.postMessage({ id: latest, settings, tiles: own } satisfies PreviewRequest);
      });
    },
    close() {
      for (const worker of workers) worker.terminate();
    },
  };
}
