import type { RenderMemo } from '../../shared/augment/render.js';
import { messageOf } from '../../shared/errors.js';
import type { PixelImage } from '../../shared/image.js';
import { drawDraft, drawTile, planTile, toCanvasPixels } from './draw-tile.js';
import type { PreviewReply, PreviewRequest, PreviewTile } from './protocol.js';
import { createSourceStore, type LoadPixels } from './source-store.js';

export interface PainterOptions {
  readonly load: LoadPixels;
  readonly post: (reply: PreviewReply) => void;
  /** Lets newer requests in; called between two tiles. */
  readonly pause: () => Promise<void>;
  /** Resolves when nothing may be wanted for a while. */
  readonly rest: () => Promise<void>;
}

interface Drawn {
  /** What it was drawn by: the same again needs no drawing. */
  readonly by: string;
  readonly memo: RenderMemo;
  /** Of drafts. */
  readonly draftMemo: RenderMemo;
  readonly url: string;
}

/** Draws what the newest request wants; older ones are left where they are. */
export interface Painter {
  draw(request: PreviewRequest): void;
}

/** Makes the {@link Painter} of a worker. */
export function createPainter({ load, post, pause, rest }: PainterOptions): Painter {
  const sources = createSourceStore(load);
  const drawn = new Map<string, Drawn>();
  let latest: PreviewRequest | null = null;
  /** Tiles that the newest request wants and that have not been looked at for it. */
  let open: PreviewTile[] = [];
  let isDrawing = false;
  /** Tiles whose pixels are on their way, for the newest request. */
  let waiting = 0;

  const finish = (request: PreviewRequest): void => {
    if (latest !== request || open.length > 0 || waiting > 0) return;
    post({ kind: 'done', request: request.id });
    if (!request.isDraft) void prepareDrafts(request);
  };

  /**
   * Draws drafts that are not shown: what moves next then goes on from their memo, and code that draws them is compiled by
   * then.
   */
  async function prepareDrafts(request: PreviewRequest): Promise<void> {
    await rest();
    for (const tile of request.tiles) {
      if (latest !== request) return;
      const source = sources.get(tile.url);
      const known = drawn.get(tile.key);
      if (source === null || known === undefined) continue;
      drawDraft(source, sources.half, request.settings, tile, known.draftMemo);
      await pause();
    }
  }

  function paint(request: PreviewRequest, tile: PreviewTile, source: PixelImage): void {
    const { settings } = request;
    const exactBy = JSON.stringify([tile.url, planTile(settings, tile, source), settings.look]);
    const before = drawn.get(tile.key);
    const by = request.isDraft ? `draft ${exactBy}` : exactBy;
    // An exact square serves as a draft, too.
    if (before?.by === by || before?.by === exactBy) return;
    const known = before?.url === tile.url ? before : { memo: { stages: [] }, draftMemo: { stages: [] } };
    const { memo, draftMemo } = known;
    const image = request.isDraft
      ? drawDraft(source, sources.half, settings, tile, draftMemo)
      : drawTile(source, settings, tile, memo);
    drawn.set(tile.key, { by, memo, draftMemo, url: tile.url });
    const pixels = toCanvasPixels(image, settings.input, settings.look);
    const { width, height } = source;
    post({ kind: 'tile', request: request.id, key: tile.key, size: image.width, pixels, source: { width, height } });
  }

  async function fetchFor(request: PreviewRequest, tile: PreviewTile): Promise<void> {
    waiting++;
    try {
      await sources.fetch(tile.url);
      if (latest !== request) return;
      open.push(tile);
      void run();
    } catch (error) {
      if (latest === request) post({ kind: 'failed', request: request.id, key: tile.key, message: messageOf(error) });
    } finally {
      if (latest === request) {
        waiting--;
        finish(request);
      }
    }
  }

  async function run(): Promise<void> {
    if (isDrawing) return;
    isDrawing = true;
    while (latest !== null && open.length > 0) {
      const request: PreviewRequest = latest;
      const tile = open.shift()!;
      const source = sources.get(tile.url);
      if (source === null) void fetchFor(request, tile);
      else {
        try {
          paint(request, tile, source);
        } catch (error) {
          post({ kind: 'failed', request: request.id, key: tile.key, message: messageOf(error) });
        }
        await pause();
      }
      finish(request);
    }
    isDrawing = false;
  }

  return {
    draw(request) {
      // The tiles that an abandoned request had still to draw come first: while a slider moves, all get their turn.
      const late = new Set(open.map(({ key }) => key));
      const isLate = ({ key }: PreviewTile): boolean => late.has(key);
      latest = request;
      waiting = 0;
      open = [...request.tiles.filter(isLate), ...request.tiles.filter((tile) => !isLate(tile))];
      const wanted = new Set(request.tiles.map(({ key }) => key));
      for (const key of drawn.keys()) if (!wanted.has(key)) drawn.delete(key);
      if (open.length === 0) finish(request);
      void run();
    },
  };
}
