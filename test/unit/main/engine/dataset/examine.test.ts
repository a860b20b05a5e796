import { createHash } from 'node:crypto';
import { utimesSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openPixelCacheWith } from '../../../../../src/main/engine/dataset/cache.js';
import { decodeBytes } from '../../../../../src/main/engine/dataset/decode.js';
import { type Examination, examineFile } from '../../../../../src/main/engine/dataset/examine.js';
import type { PixelImage } from '../../../../../src/shared/image.js';
import { makeFolder, photoBytes, putFile, removeFolder, toSharp } from '../../../../support/images.js';

let folder: string;
beforeEach(() => void (folder = makeFolder('examine')));
afterEach(() => removeFolder(folder));

const put = (name: string, data: Uint8Array | string): string => {
  putFile(join(folder, name), data);
  return join(folder, name);
};

/** A word's worth of dark bars on paper, as web sites show for a missing picture. */
function notice(): Promise<Buffer> {
  const image: PixelImage = { width: 300, height: 300, data: new Uint8Array(300 * 300 * 3).fill(247) };
  for (let y = 120; y < 150; y++) image.data.fill(63, (y * 300 + 100) * 3, (y * 300 + 180) * 3);
  return toSharp(image).gif().toBuffer();
}

describe('examineFile', () => {
  it('tells what a picture is, and keeps the pixels of its one decode', async () => {
    const bytes = await photoBytes(200, 100, 1);
    const cache = openPixelCacheWith({ folder: join(folder, 'pixels'), cap: 50, maxBytes: 1e9, openedMs: 0 });
    const found = await examineFile(put('a.png', bytes), undefined, cache);
    const id = createHash('sha256').update(bytes).digest('hex');
    expect(found).toMatchObject({
      id,
      width: 200,
      height: 100,
      format: 'jpeg',
      sizeBytes: bytes.length,
      problem: null,
    });
    const { data } = await decodeBytes(bytes, 'a', { maxShorterSide: 50 });
    expect(await cache.read(id)).toEqual({ width: 100, height: 50, data });
    expect(JSON.parse(JSON.stringify(found))).toEqual(found);
  });

  it('looks again only at what has changed', async () => {
    const file = put('a.jpg', await photoBytes(20, 10, 1));
    const first = await examineFile(file, undefined, null);
    const known: Examination = { ...first, width: 999 };
    expect(await examineFile(file, known, null)).toBe(known);
    const past = new Date(Date.now() - 5000);
    utimesSync(file, past, past);
    expect(await examineFile(file, known, null)).toMatchObject({ width: 20, id: first.id });
    put('a.jpg', await photoBytes(30, 10, 2));
    expect(await examineFile(file, known, null)).toMatchObject({ width: 30 });
    expect(await examineFile(file, { ...known, decoder: -1 }, null)).toMatchObject({ width: 30 });
  });

  it('says why a file cannot be used, without naming it twice', async () => {
    const file = put('words.jpg', 'just words');
    const { id, problem } = await examineFile(file, undefined, null);
    expect(id).toBeNull();
    expect(problem?.code).toBe('not-an-image');
    expect(problem?.message).not.toContain(file);
  });

  it('leaves out the stand-in for a missing picture, but no picture for its name or its plainness alone', async () => {
    const standIn = await examineFile(put('imageNotFound.gif', await notice()), undefined, null);
    expect(standIn.problem).toMatchObject({
      code: 'placeholder',
      message: expect.stringMatching(/one colour/) as string,
    });
    expect((await examineFile(put('drawing.gif', await notice()), undefined, null)).problem).toBeNull();
    const photo = await photoBytes(60, 60, 1);
    expect((await examineFile(put('image-not-found.jpg', photo), undefined, null)).problem).toBeNull();
  });

  it('fails for a file that is gone', async () => {
    await expect(examineFile(join(folder, 'none.jpg'), undefined, null)).rejects.toMatchObject({
      code: 'unreadable-file',
    });
  });
});
