import { describe, expect, it } from 'vitest';
import { drawDraft, drawTile } from '../../../../src/renderer/preview/draw-tile.js';
import { draftPlan, halveImage } from '../../../../src/renderer/preview/draft.js';
import { createPace, REST_MS } from '../../../../src/renderer/preview/pace.js';
import type { PreviewSettings } from '../../../../src/renderer/preview/protocol.js';
import { parsePolicy } from '../../../../src/shared/augment/policy.js';
import { AUGMENT_OPS } from '../../../../src/shared/augment/registry.js';
import type { PixelImage } from '../../../../src/shared/image.js';
import { FRAMINGS, type InputSpec } from '../../../../src/shared/input.js';
import { resizeImage } from '../../../../src/shared/resize.js';

const INPUT: InputSpec = { size: 96, resize: 108, interpolation: 'bicubic', mean: [124, 117, 104], std: [58, 57, 57] };

/** Smooth, so that half of its pixels show it as well. */
function smoothPicture(width: number, height: number): PixelImage {
  const data = new Uint8Array(width * height * 3);
  for (let y = 0, to = 0; y < height; y++) {
    for (let x = 0; x < width; x++, to += 3) {
      data[to] = 128 + 100 * Math.sin(x / 23);
      data[to + 1] = 128 + 90 * Math.cos(y / 19);
      data[to + 2] = 128 + 80 * Math.sin((x + y) / 31);
    }
  }
  return { width, height, data };
}

describe('halveImage', () => {
  it('takes the mean of four, rounded', () => {
    const data = Uint8Array.from([1, 2, 3, 8].flatMap((value) => [value, 0, 255]));
    expect(halveImage({ width: 2, height: 2, data })).toEqual({ width: 1, height: 1, data: Uint8Array.of(4, 0, 255) });
  });

  it('leaves out what is odd, and keeps a line a line', () => {
    expect(halveImage(smoothPicture(7, 5))).toMatchObject({ width: 3, height: 2 });
    const line = halveImage(smoothPicture(1, 9));
    expect([line.width, line.height, line.data.length]).toEqual([1, 4, 12]);
  });
});

describe('a draft', () => {
  const source = smoothPicture(301, 200);
  const half = halveImage(source);

  it.each(
    AUGMENT_OPS.filter(({ id }) => !['posterize', 'solarize', 'equalize', 'trivial_augment_wide', 'rand_augment', 'random_erasing'].includes(id)).map(({ id }) => id), // prettier-ignore
  )('looks like the exact square: %s', (op) => {
    for (const [view, framing] of FRAMINGS.entries()) {
      const settings: PreviewSettings = { policy: parsePolicy({ steps: [{ op, p: 1 }] }), seed: 1, input: INPUT, framing, look: 'pixels' }; // prettier-ignore
      const tile = { imageId: 'a', view };
      const exact = drawTile(source, settings, tile, { stages: [] });
      const draft = drawDraft(source, halveImage, settings, tile, { stages: [] });
      expect([draft.width, draft.height]).toEqual([48, 48]);
      const shrunk = resizeImage(exact, 48, 48, 'bilinear');
      const sum = shrunk.data.reduce((total, value, index) => total + Math.abs(value - draft.data[index]!), 0);
      expect(sum / shrunk.data.length).toBeLessThan(6);
    }
  });

  it('keeps its crop inside of what it is drawn from', () => {
    const box = { left: 300, top: 199, width: 1, height: 1 };
    const plan = draftPlan({ input: INPUT, frame: { kind: 'crop', box }, ops: [] }, half, 2);
    expect(plan.frame).toEqual({ kind: 'crop', box: { left: 149, top: 99, width: 1, height: 1 } });
    const whole = { left: 0, top: 0, width: 301, height: 200 };
    expect(draftPlan({ input: INPUT, frame: { kind: 'crop', box: whole }, ops: [] }, half, 2).frame).toEqual({
      kind: 'crop',
      box: { left: 0, top: 0, width: 150, height: 100 },
    });
  });

  it('covers the same part', () => {
    const erase = { op: 'erase', left: 20, top: 40, width: 30, height: 10, fill: 'black', seed: 1 };
    const { ops } = draftPlan({ input: INPUT, frame: { kind: 'framing', framing: 'crop' }, ops: [erase] }, half, 2);
    expect(ops).toEqual([{ ...erase, left: 10, top: 20, width: 15, height: 5 }]);
  });
});

describe('the pace of drawing', () => {
  it('stays exact where that is quick enough', () => {
    const pace = createPace();
    for (let at = 0; at < 1000; at += 50) {
      expect(pace.ask(at)).toBe(false);
      pace.finish(at + 19);
    }
  });

  it('turns to drafts in a movement that exact drawing cannot follow, and begins the next one as it rested', () => {
    const pace = createPace();
    expect(pace.ask(0)).toBe(false);
    pace.finish(60);
    expect(pace.ask(70)).toBe(true);
    pace.finish(75);
    expect(pace.ask(100)).toBe(true);
    pace.finish(110);
    pace.rest(110 + REST_MS);
    pace.finish(110 + REST_MS + 70);
    expect(pace.ask(1000)).toBe(true);
    pace.finish(1010);
    pace.rest(1010 + REST_MS);
    pace.finish(1010 + REST_MS + 15);
    expect(pace.ask(2000)).toBe(false);
  });

  it('notices a drawing at rest that takes too long for a movement that begins meanwhile', () => {
    const pace = createPace();
    pace.rest(0);
    expect(pace.ask(10)).toBe(false);
    expect(pace.ask(40)).toBe(true);
  });

  it('takes a request that comes right after a slow drawing for the same movement', () => {
    const pace = createPace();
    expect(pace.ask(0)).toBe(false);
    pace.finish(400);
    expect(pace.ask(420)).toBe(true);
  });

  it('notices it too where every request overtakes the one before', () => {
    const pace = createPace();
    expect([0, 13, 26, 39, 52].map((at) => pace.ask(at))).toEqual([false, false, true, true, true]);
  });
});
