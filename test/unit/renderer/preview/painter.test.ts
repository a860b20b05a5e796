import { describe, expect, it } from 'vitest';
import { createPainter } from '../../../../src/renderer/preview/painter.js';
import { readPixelFile } from '../../../../src/renderer/preview/pixel-file.js';
import { drawTile, toCanvasPixels } from '../../../../src/renderer/preview/draw-tile.js';
import type { PreviewReply, PreviewRequest, PreviewTile } from '../../../../src/renderer/preview/protocol.js';
import { createSourceStore } from '../../../../src/renderer/preview/source-store.js';
import { parsePolicy } from '../../../../src/shared/augment/policy.js';
import type { PixelImage } from '../../../../src/shared/image.js';
import type { InputSpec } from '../../../../src/shared/input.js';
import { makePhoto } from '../../../support/images.js';

const INPUT: InputSpec = { size: 16, resize: 18, interpolation: 'bilinear', mean: [124, 117, 104], std: [58, 57, 57] };

const settingsOf = (degrees: number, p = 1): PreviewRequest['settings'] => ({
  policy: parsePolicy({ steps: [{ op: 'rotation', p, params: { degrees: [degrees, degrees] } }] }),
  seed: 1,
  input: INPUT,
  framing: 'crop',
  look: 'pixels',
});

const tileOf = (key: string): PreviewTile => ({ key, imageId: key, url: `/pixels/${key}`, view: 0 });
const TILES = ['a', 'b', 'c', 'd'].map(tileOf);
const photoOf = (url: string): PixelImage => makePhoto(40, 30, url.charCodeAt(url.length - 1));

/** A painter whose turns and loads the test gives. */
function openPainter(load: (url: string) => Promise<PixelImage> = async (url) => photoOf(url)) {
  const replies: PreviewReply[] = [];
  const turns: (() => void)[] = [];
  const rests: (() => void)[] = [];
  const painter = createPainter({
    load,
    post: (reply) => replies.push(reply),
    pause: () => new Promise((resolve) => turns.push(resolve)),
    rest: () => new Promise((resolve) => rests.push(resolve)),
  });
  const settle = async (): Promise<void> => {
    for (let i = 0; i < 20; i++) await Promise.resolve();
    await new Promise((resolve) => setImmediate(resolve));
  };
  /** Lets it draw until it has nothing more to do. */
  const drain = async (): Promise<void> => {
    await settle();
    for (let turn = turns.shift(); turn !== undefined; turn = turns.shift()) {
      turn();
      await settle();
    }
  };
  const step = async (): Promise<void> => {
    await settle();
    turns.shift()?.();
    await settle();
  };
  return { painter, replies, turns, rests, drain, step, settle };
}

const keys = (replies: readonly PreviewReply[], request: number): string[] =>
  replies.flatMap((reply) => (reply.kind === 'tile' && reply.request === request ? [reply.key] : []));

describe('a painter', () => {
  it('draws every tile as the plain function does, and says when it is done', async () => {
    const { painter, replies, drain } = openPainter();
    const settings = settingsOf(10);
    painter.draw({ id: 1, settings, isDraft: false, tiles: TILES });
    await drain();
    expect(keys(replies, 1)).toEqual(['a', 'b', 'c', 'd']);
    expect(replies.at(-1)).toEqual({ kind: 'done', request: 1 });
    for (const reply of replies) {
      if (reply.kind !== 'tile') continue;
      const tile = tileOf(reply.key);
      const expected = toCanvasPixels(drawTile(photoOf(tile.url), settings, tile, { stages: [] }), INPUT, 'pixels');
      expect(Buffer.compare(Buffer.from(reply.pixels), Buffer.from(expected))).toBe(0);
      expect(reply.source).toEqual({ width: 40, height: 30 });
    }
  });

  it('leaves an older request where it is, and begins with the tiles that were still to be drawn', async () => {
    const { painter, replies, drain, step } = openPainter();
    painter.draw({ id: 1, settings: settingsOf(1), isDraft: false, tiles: TILES });
    await drain();
    replies.length = 0;
    painter.draw({ id: 2, settings: settingsOf(2), isDraft: false, tiles: TILES });
    await step();
    const before = keys(replies, 2);
    expect(before.length).toBeGreaterThan(0);
    expect(before.length).toBeLessThan(4);
    painter.draw({ id: 3, settings: settingsOf(3), isDraft: false, tiles: TILES });
    await drain();
    expect(keys(replies, 2)).toEqual(before);
    const rest = ['a', 'b', 'c', 'd'].filter((key) => !before.includes(key));
    expect(keys(replies, 3)).toEqual([...rest, ...before]);
    expect(replies.filter(({ kind }) => kind === 'done')).toEqual([{ kind: 'done', request: 3 }]);
  });

  it('draws drafts at half the size, and the exact square when it is asked for that', async () => {
    const { painter, replies, drain } = openPainter();
    const sizes = (request: number): number[] =>
      replies.flatMap((reply) => (reply.kind === 'tile' && reply.request === request ? [reply.size] : []));
    painter.draw({ id: 1, settings: settingsOf(10), isDraft: true, tiles: TILES });
    await drain();
    painter.draw({ id: 2, settings: settingsOf(10), isDraft: false, tiles: TILES });
    await drain();
    painter.draw({ id: 3, settings: settingsOf(10), isDraft: true, tiles: TILES });
    await drain();
    expect(sizes(1)).toEqual([8, 8, 8, 8]);
    expect(sizes(2)).toEqual([16, 16, 16, 16]);
    expect(sizes(3)).toEqual([]);
    const last = replies.find((reply) => reply.kind === 'tile' && reply.request === 2 && reply.key === 'a');
    const expected = drawTile(photoOf('/pixels/a'), settingsOf(10), tileOf('a'), { stages: [] });
    expect(last?.kind === 'tile' && Array.from(last.pixels)).toEqual(
      Array.from(toCanvasPixels(expected, INPUT, 'pixels')),
    );
  });

  it('prepares drafts at rest without showing them, and stops when something is asked for', async () => {
    const { painter, replies, turns, rests, drain, settle } = openPainter();
    painter.draw({ id: 1, settings: settingsOf(10), isDraft: true, tiles: TILES });
    await drain();
    expect(rests).toEqual([]);
    painter.draw({ id: 2, settings: settingsOf(10), isDraft: false, tiles: TILES });
    await drain();
    const shown = replies.length;
    rests.shift()?.();
    await settle();
    expect(turns).toHaveLength(1);
    painter.draw({ id: 3, settings: settingsOf(12), isDraft: true, tiles: TILES });
    await drain();
    expect(replies.slice(shown).map(({ request }) => request)).toEqual([3, 3, 3, 3, 3]);
    expect(rests).toEqual([]);
  });

  it('draws nothing again that would look the same', async () => {
    const { painter, replies, drain } = openPainter();
    painter.draw({ id: 1, settings: settingsOf(10, 0), isDraft: false, tiles: TILES });
    await drain();
    painter.draw({ id: 2, settings: settingsOf(20, 0), isDraft: false, tiles: TILES });
    await drain();
    expect(keys(replies, 1)).toHaveLength(4);
    expect(keys(replies, 2)).toEqual([]);
    expect(replies.at(-1)).toEqual({ kind: 'done', request: 2 });
  });

  it('fetches each picture once, and does not let one that fails stop the others', async () => {
    const asked: string[] = [];
    const { painter, replies, drain } = openPainter(async (url) => {
      asked.push(url);
      if (url.endsWith('b')) throw new Error('gone');
      return photoOf(url);
    });
    const twice = [...TILES, { ...tileOf('a'), key: 'a2', view: 1 }];
    painter.draw({ id: 1, settings: settingsOf(5), isDraft: false, tiles: twice });
    await drain();
    expect(asked.sort()).toEqual(TILES.map(({ url }) => url));
    expect(keys(replies, 1).sort()).toEqual(['a', 'a2', 'c', 'd']);
    expect(replies.filter(({ kind }) => kind === 'failed')).toEqual([
      { kind: 'failed', request: 1, key: 'b', message: 'gone' },
    ]);
    expect(replies.at(-1)).toEqual({ kind: 'done', request: 1 });
  });

  it('says that it is done when it is asked for nothing', async () => {
    const { painter, replies, drain } = openPainter();
    painter.draw({ id: 9, settings: settingsOf(5), isDraft: false, tiles: [] });
    await drain();
    expect(replies).toEqual([{ kind: 'done', request: 9 }]);
  });

  it('forgets pictures of a request that was overtaken while they were on their way', async () => {
    const waiting: (() => void)[] = [];
    const { painter, replies, drain, settle } = openPainter(
      (url) => new Promise((resolve) => waiting.push(() => resolve(photoOf(url)))),
    );
    painter.draw({ id: 1, settings: settingsOf(5), isDraft: false, tiles: [tileOf('a')] });
    await settle();
    painter.draw({ id: 2, settings: settingsOf(5), isDraft: false, tiles: [tileOf('b')] });
    await settle();
    for (const resolve of waiting.splice(0)) resolve();
    await drain();
    expect(keys(replies, 1)).toEqual([]);
    expect(keys(replies, 2)).toEqual(['b']);
    expect(replies.at(-1)).toEqual({ kind: 'done', request: 2 });
  });
});

describe('a source store', () => {
  it('keeps to its memory and lets go of what was used longest ago', async () => {
    const image = makePhoto(10, 10, 1);
    const store = createSourceStore(async () => image, image.data.length * 2);
    await store.fetch('a');
    await store.fetch('b');
    expect(store.get('a')).toBe(image);
    await store.fetch('c');
    expect(store.get('b')).toBeNull();
    expect([store.get('a'), store.get('c')]).toEqual([image, image]);
  });

  it('keeps a picture that is larger than its memory, for as long as it is the newest', async () => {
    const image = makePhoto(10, 10, 1);
    const store = createSourceStore(async () => image, 1);
    await store.fetch('a');
    expect(store.get('a')).toBe(image);
  });

  it('asks again after a failure', async () => {
    let isBroken = true;
    const store = createSourceStore(async () => {
      if (isBroken) throw new Error('gone');
      return makePhoto(4, 4, 1);
    });
    await expect(store.fetch('a')).rejects.toThrow('gone');
    isBroken = false;
    await store.fetch('a');
    expect(store.get('a')).not.toBeNull();
  });
});

describe('readPixelFile', () => {
  const file = (width: number, height: number, bytes: number, magic = 0x58504647): ArrayBuffer => {
    const buffer = new ArrayBuffer(20 + bytes);
    const view = new DataView(buffer);
    [magic, width, height].forEach((value, index) => view.setUint32(index * 4, value, true));
    return buffer;
  };

  it('reads what the library serves', () => {
    const { width, height, data } = readPixelFile(file(3, 2, 18));
    expect([width, height, data.length]).toEqual([3, 2, 18]);
  });

  it.each([
    ['a short file', new ArrayBuffer(5), /header of 20 bytes, received 5 bytes/],
    ['another file', file(3, 2, 18, 1), /something else/],
    ['a cut off file', file(3, 2, 17), /pixels of 3 × 2, 38 bytes, received 37 bytes/],
  ])('refuses %s', (_name, bytes, message) => {
    expect(() => readPixelFile(bytes)).toThrow(message);
  });
});
