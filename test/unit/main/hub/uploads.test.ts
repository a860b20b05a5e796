import { existsSync, mkdirSync, mkdtempSync, readFileSync, readdirSync, rmSync, utimesSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type Uploads, createUploads } from '../../../../src/main/hub/uploads.js';

let folder = '';
let uploads: Uploads;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'graft-uploads-'));
  uploads = createUploads(folder, { maxFiles: 3, maxBytes: 100, maxOpen: 2 });
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const send = (upload: string, path: string, text = 'x'): Promise<void> =>
  uploads.receive(upload, path, Readable.from([Buffer.from(text)]));

describe('uploads', () => {
  it('keep the files of a folder', async () => {
    const { upload } = await uploads.begin('my photos');
    await send(upload, 'ants/1.jpg', 'one');
    await send(upload, 'bees/2.jpg', 'two');
    const { path } = await uploads.finish(upload);
    expect(path).toBe(join(folder, upload, 'my photos'));
    expect(readFileSync(join(path, 'ants', '1.jpg'), 'utf8')).toBe('one');
    expect(readdirSync(join(folder, upload))).toEqual(['my photos']);
  });

  it('give the one file itself, and the folder that was picked rather than the one around it', async () => {
    const archive = await uploads.begin('photos.zip');
    await send(archive.upload, 'photos.zip', 'PK');
    const { path } = await uploads.finish(archive.upload);
    expect(path).toBe(join(folder, archive.upload, 'photos.zip', 'photos.zip'));
    const picked = await uploads.begin('upload');
    await send(picked.upload, 'photos/ants/1.jpg');
    await send(picked.upload, 'photos/bees/1.jpg');
    expect((await uploads.finish(picked.upload)).path).toBe(join(folder, picked.upload, 'upload', 'photos'));
  });

  it('write a file that is sent again over the first', async () => {
    const { upload } = await uploads.begin('x');
    await send(upload, 'a.txt', 'first');
    await send(upload, 'a.txt', 'second');
    const { path } = await uploads.finish(upload);
    expect(readFileSync(path, 'utf8')).toBe('second');
  });

  it.each(['../../evil', '/evil', 'a/../../evil'])('write nothing for %j', async (path) => {
    const { upload } = await uploads.begin('x');
    await expect(send(upload, path)).rejects.toMatchObject({ code: 'unsafe-file' });
    expect(existsSync(join(folder, 'evil'))).toBe(false);
    expect(existsSync(join(folder, '..', 'evil'))).toBe(false);
    await expect(uploads.finish(upload)).rejects.toMatchObject({ code: 'invalid-value' });
    expect(readdirSync(folder)).toEqual([]);
  });

  it.each(['..', '../x', '/tmp/x'])('take %j for a name and not for a path', async (name) => {
    const begun = await uploads.begin(name).catch(() => null);
    if (begun === null) return expect(readdirSync(folder)).toEqual([]);
    await send(begun.upload, 'a.txt');
    expect((await uploads.finish(begun.upload)).path.startsWith(join(folder, begun.upload))).toBe(true);
  });

  it('break off a file that is too large, and leave room for others', async () => {
    const { upload } = await uploads.begin('x');
    await send(upload, 'a', 'x'.repeat(60));
    await expect(send(upload, 'b', 'x'.repeat(60))).rejects.toMatchObject({ code: 'invalid-value' });
    await send(upload, 'c', 'x'.repeat(40));
    const { path } = await uploads.finish(upload);
    expect(readdirSync(path).sort()).toEqual(['a', 'c']);
    expect(readdirSync(join(folder, upload))).toEqual(['x']);
  });

  it('end at their number of files and of uploads', async () => {
    const { upload } = await uploads.begin('x');
    for (const name of ['a', 'b', 'c']) await send(upload, name);
    await expect(send(upload, 'd')).rejects.toMatchObject({ code: 'invalid-value' });
    await uploads.begin('y');
    await expect(uploads.begin('z')).rejects.toMatchObject({ code: 'engine-busy' });
  });

  it('leave nothing of a file whose sender has gone', async () => {
    const { upload } = await uploads.begin('x');
    const broken = new Readable({ read: () => undefined });
    const receiving = uploads.receive(upload, 'a', broken);
    broken.push('half');
    await expect(uploads.finish(upload)).rejects.toThrow(/are on their way/);
    broken.destroy();
    await expect(receiving).rejects.toMatchObject({ code: 'cancelled' });
    await expect(uploads.finish(upload)).rejects.toThrow(/received none/);
  });

  it('know no other upload', async () => {
    const { upload } = await uploads.begin('x');
    await send(upload, 'a');
    await uploads.finish(upload);
    for (const id of [upload, '..', '', '__proto__']) {
      await expect(send(id, 'a')).rejects.toMatchObject({ code: 'not-found' });
      await expect(uploads.finish(id)).rejects.toMatchObject({ code: 'not-found' });
    }
  });

  it('sweep away what was left a day ago, and keep what was finished', async () => {
    const [old, fresh, kept] = ['old.part', 'fresh.part', 'kept'].map((name) => join(folder, name));
    for (const path of [old!, fresh!, kept!]) mkdirSync(path);
    const yesterday = Date.now() / 1000 - 25 * 3600;
    for (const path of [old!, kept!]) utimesSync(path, yesterday, yesterday);
    const { upload } = await uploads.begin('x');
    expect(readdirSync(folder).sort()).toEqual(['fresh.part', 'kept', `${upload}.part`].sort());
  });

  it('are tidied of what was left a day ago, and give up what nobody can finish any more', async () => {
    mkdirSync(join(folder, 'old.part'));
    utimesSync(join(folder, 'old.part'), 1, 1);
    await uploads.tidy();
    expect(readdirSync(folder)).toEqual([]);
    const finished = await uploads.begin('x');
    await send(finished.upload, 'a');
    await uploads.finish(finished.upload);
    const { upload } = await uploads.begin('y');
    await send(upload, 'a');
    await uploads.close();
    expect(readdirSync(folder)).toEqual([finished.upload]);
    await expect(uploads.finish(upload)).rejects.toMatchObject({ code: 'not-found' });
  });

  it('can be finished once more where something was in the way', async () => {
    const { upload } = await uploads.begin('x');
    await send(upload, 'a', 'kept');
    mkdirSync(join(folder, upload, 'in the way'), { recursive: true });
    await expect(uploads.finish(upload)).rejects.toMatchObject({ code: 'unreadable-file' });
    rmSync(join(folder, upload), { recursive: true });
    expect(readFileSync((await uploads.finish(upload)).path, 'utf8')).toBe('kept');
  });

  it('keep files apart whose names differ only in what some file systems forbid or pass over', async () => {
    uploads = createUploads(folder, { maxFiles: 9, maxBytes: 1000, maxOpen: 2 });
    const { upload } = await uploads.begin('x');
    const names = ['a/1?.jpg', 'a/1*.jpg', 'a/1_.jpg', 'A/1_.JPG', 'a/\u00e9', 'a/e\u0301', 'a/2.'];
    await Promise.all(names.map((name) => send(upload, name, name)));
    await send(upload, 'a/1?.jpg', 'again');
    const { path } = await uploads.finish(upload);
    const files = readdirSync(path, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile());
    const texts = files.map(({ parentPath, name }) => readFileSync(join(parentPath, name), 'utf8'));
    expect(texts.sort()).toEqual(['again', ...names.slice(1)].sort());
    const lower = files.map(({ parentPath, name }) => join(parentPath, name).toLowerCase());
    expect(new Set(lower).size).toBe(names.length);
    expect(files.every(({ name }) => /\.jpg$/i.test(name) || !name.includes('1'))).toBe(true);
  });

  it('that their page has left make room for others, the one left longest ago first', async () => {
    let nowMs = 1e6;
    uploads = createUploads(folder, { maxFiles: 9, maxBytes: 1000, maxOpen: 2 }, () => nowMs);
    const left = await uploads.begin('left');
    await send(left.upload, 'a');
    nowMs += 1000;
    const slow = await uploads.begin('slow');
    const stream = new Readable({ read: () => undefined });
    const receiving = uploads.receive(slow.upload, 'b', stream);
    await expect(uploads.begin('y')).rejects.toMatchObject({ code: 'engine-busy' });
    nowMs += 10 * 60_000;
    const next = await uploads.begin('next');
    await expect(send(left.upload, 'c')).rejects.toMatchObject({ code: 'not-found' });
    expect(readdirSync(folder).sort()).toEqual([`${next.upload}.part`, `${slow.upload}.part`].sort());
    stream.push('x');
    stream.push(null);
    await receiving;
    expect((await uploads.finish(slow.upload)).path).toMatch(/b$/);
  });
});
