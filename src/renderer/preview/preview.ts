import type { Size } from '../../shared/augment/op.js';
import { createPace, REST_MS } from './pace.js';
import { HOLD_MS, type PreviewReply, type PreviewRequest, type PreviewSettings, type PreviewTile } from './protocol.js';

/** A drawn tile. */
export interface DrawnTile {
  readonly image: ImageData;
  /** Of the source pixels that it was drawn from. */
  readonly source: Size;
}

export interface PreviewListener {
  onTile(key: string, drawn: DrawnTile): void;
  onFailed(key: string, message: string): void;
  /** All that was asked for last is drawn; a draft is followed by the exact drawing. */
  onDone(isDraft: boolean): void;
}

/** Draws tiles in workers. Close it. */
export interface Preview {
  /**
   * Asks for tiles; what was asked before and is not drawn yet is abandoned. While requests follow each other faster than
   * they can be drawn, drafts are drawn, and exact tiles as soon as they rest.
   */
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
  let isDraft = false;
  const pace = createPace();
  let rest: ReturnType<typeof setTimeout> | null = null;
  let drawExactly = (): void => undefined;
  /** Workers that have not finished the latest request. */
  const busy = new Set<Worker>();

  /** Tiles that are drawn and not shown yet. */
  const held = new Map<string, DrawnTile>();
  let hold: ReturnType<typeof setTimeout> | null = null;

  const show = (): void => {
    if (hold !== null) clearTimeout(hold);
    hold = null;
    for (const [key, tile] of held) listener.onTile(key, tile);
    held.clear();
  };

  const hear = (worker: Worker, reply: PreviewReply): void => {
    if (reply.kind === 'tile') {
      const image = new ImageData(reply.pixels, reply.size, reply.size);
      held.set(reply.key, { image, source: reply.source });
      hold ??= setTimeout(show, HOLD_MS);
    } else if (reply.kind === 'failed') {
      listener.onFailed(reply.key, reply.message);
    } else if (reply.request === latest && busy.delete(worker) && busy.size === 0) {
      pace.finish(performance.now());
      show();
      if (isDraft) rest = setTimeout(drawExactly, REST_MS);
      listener.onDone(isDraft);
    }
  };
  for (const worker of workers) {
    worker.addEventListener('message', (event: MessageEvent<readonly PreviewReply[]>) => {
      for (const reply of event.data) hear(worker, reply);
    });
  }

  const send = (settings: PreviewSettings, tiles: readonly PreviewTile[]): void => {
    latest++;
    workers.forEach((worker, place) => {
      busy.add(worker);
      const own = tiles.filter((_, index) => index % count === place);
      worker.postMessage({ id: latest, settings, isDraft, tiles: own } satisfies PreviewRequest);
    });
  };

  return {
    draw(settings, tiles) {
      if (rest !== null) clearTimeout(rest);
      isDraft = pace.ask(performance.now());
      drawExactly = () => {
        isDraft = false;
        pace.rest(performance.now());
        send(settings, tiles);
      };
      send(settings, tiles);
    },
    close() {
      if (rest !== null) clearTimeout(rest);
      if (hold !== null) clearTimeout(hold);
      for (const worker of workers) worker.terminate();
    },
  };
}
