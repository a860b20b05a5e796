import { spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync, statSync, utimesSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { isInside } from '../../../../src/main/common/is-inside.js';
import {
  explainWriteError,
  freeBytes,
  isEmptyOrMissing,
  makeTemporaryFolder,
  sha256OfFile,
  withFileLock,
  writeFileAtomic,
  writeJsonAtomic,
} from '../../../../src/main/engine/files.js';
import { makeFolder, putFile, removeFolder } from '../../../support/images.js';

let folder: string;
beforeEach(() => void (folder = makeFolder('files')));
afterEach(() => removeFolder(folder));

describe('writeFileAtomic', () => {
  it('writes, replaces and leaves nothing else behind', async () => {
    const file = join(folder, 'a.bin');
    await writeFileAtomic(file, Uint8Array.from([1, 2, 3]));
    await writeFileAtomic(file, 'four');
    expect(readFileSync(file, 'utf8')).toBe('four');
    expect(readdirSync(folder)).toEqual(['a.bin']);
  });

  it('shows readers the old or the new whole, never a part', async () => {
    const file = join(folder, 'a.txt');
    const texts = ['a', 'b', 'c', 'd'].map((letter) => letter.repeat(200_000));
    await writeFileAtomic(file, texts[0]!);
    const writes = Promise.all(texts.map((text) => writeFileAtomic(file, text)));
    let isDone = false;
    void writes.finally(() => (isDone = true));
    while (!isDone) {
      expect(texts).toContain(readFileSync(file, 'utf8'));
      await delay(0);
    }
    await writes;
  });

  it('keeps the old file when it fails, without a rest', async () => {
    putFile(join(folder, 'taken', 'inside'), 'x');
    await expect(writeFileAtomic(join(folder, 'taken'), 'y')).rejects.toThrow();
    await expect(writeFileAtomic(join(folder, 'missing', 'a'), 'y')).rejects.toThrow(/ENOENT/);
    expect(readdirSync(folder)).toEqual(['taken']);
    expect(readFileSync(join(folder, 'taken', 'inside'), 'utf8')).toBe('x');
  });

  it('writes JSON that ends with a line break', async () => {
    await writeJsonAtomic(join(folder, 'a.json'), { 名: [1] });
    expect(readFileSync(join(folder, 'a.json'), 'utf8')).toBe('{\n  "名": [\n    1\n  ]\n}\n');
  });

  it('says when the disk is full', () => {
    const full = Object.assign(new Error('ENOSPC: no space left on device'), { code: 'ENOSPC' });
    expect(explainWriteError(full, '/d/a')).toMatchObject({
      code: 'disk-full',
      message: expect.stringContaining('/d/a') as string,
    });
    const other = new Error('else');
    expect(explainWriteError(other, '/d/a')).toBe(other);
  });
});

describe('sha256OfFile', () => {
  it('hashes in pieces and reports them', async () => {
    const data = Buffer.alloc(3_000_000, 7);
    putFile(join(folder, 'a'), data);
    const seen: number[] = [];
    const hash = await sha256OfFile(join(folder, 'a'), { onBytes: (done) => seen.push(done) });
    expect(hash).toBe(createHash('sha256').update(data).digest('hex'));
    expect(seen.at(-1)).toBe(3_000_000);
    expect(seen.length).toBeGreaterThan(1);
  });

  it('stops when it is cancelled', async () => {
    putFile(join(folder, 'a'), 'x');
    await expect(sha256OfFile(join(folder, 'a'), { signal: AbortSignal.abort() })).rejects.toMatchObject({
      code: 'cancelled',
    });
  });
});

describe('folders', () => {
  it('are empty or missing, or not', async () => {
    expect(await isEmptyOrMissing(folder)).toBe(true);
    expect(await isEmptyOrMissing(join(folder, 'none'))).toBe(true);
    putFile(join(folder, '.hidden'), '');
    expect(await isEmptyOrMissing(folder)).toBe(false);
    await expect(isEmptyOrMissing(join(folder, '.hidden'))).rejects.toThrow();
  });

  it('for files in the making are fresh', async () => {
    const made = await Promise.all([makeTemporaryFolder(folder), makeTemporaryFolder(folder)]);
    expect(new Set(made).size).toBe(2);
    expect(made.every((path) => isInside(folder, path) && existsSync(path))).toBe(true);
  });

  it('tell how much room they have', async () => {
    expect(await freeBytes(folder)).toBeGreaterThan(0);
    expect(await freeBytes(join(folder, 'none'))).toBeNull();
  });
});

describe('withFileLock', () => {
  const lock = (): string => join(folder, 'locks', 'a.lock');

  it('lets one in after the other', async () => {
    let inside = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside);
      await delay(20);
      inside--;
    };
    await Promise.all([1, 2, 3].map(() => withFileLock(lock(), work)));
    expect(most).toBe(1);
    expect(existsSync(lock())).toBe(false);
  });

  it('is let go when the work fails', async () => {
    await expect(withFileLock(lock(), () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(await withFileLock(lock(), async () => 1)).toBe(1);
  });

  it('is not taken from a process that lives, and waiting for it can be cancelled', async () => {
    putFile(lock(), `${process.pid} x`);
    const minuteAgo = new Date(Date.now() - 60_000);
    utimesSync(lock(), minuteAgo, minuteAgo);
    const signal = AbortSignal.timeout(300);
    await expect(withFileLock(lock(), async () => 1, { signal })).rejects.toMatchObject({ code: 'cancelled' });
    expect(readFileSync(lock(), 'utf8')).toBe(`${process.pid} x`);
  });

  it('is taken from a process that died', async () => {
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    putFile(lock(), `${pid} x`);
    const minuteAgo = new Date(Date.now() - 60_000);
    utimesSync(lock(), minuteAgo, minuteAgo);
    let inside = 0;
    const work = async (): Promise<number> => {
      const seen = ++inside;
      await delay(20);
      inside--;
      return seen;
    };
    expect(await Promise.all([withFileLock(lock(), work), withFileLock(lock(), work)])).toEqual([1, 1]);
    expect(readdirSync(join(folder, 'locks'))).toEqual([]);
  });

  it.skipIf(process.platform !== 'linux')(
    'is taken from one that had the number of a process that runs now',
    async () => {
      putFile(lock(), `${process.pid} x\nanother boot 5`);
      const minuteAgo = new Date(Date.now() - 60_000);
      utimesSync(lock(), minuteAgo, minuteAgo);
      expect(await withFileLock(lock(), async () => 1)).toBe(1);
    },
  );

  it('is renewed while it is held, and not afterwards', async () => {
    vi.useFakeTimers({ toFake: ['setInterval', 'clearInterval'] });
    try {
      const old = new Date(2020, 1, 1);
      await withFileLock(lock(), async () => {
        utimesSync(lock(), old, old);
        vi.advanceTimersByTime(2000);
        await vi.waitUntil(() => statSync(lock()).mtimeMs > old.getTime() + 1000);
        // Renewals that are under way while the lock is let go must not bring it back.
        vi.advanceTimersByTime(20_000);
      });
      await delay(50);
      expect(existsSync(lock())).toBe(false);
      vi.advanceTimersByTime(20_000);
      await delay(50);
      expect(existsSync(lock())).toBe(false);
    } finally {
      vi.useRealTimers();
    }
  });

  it('leaves a lock alone that somebody else has put there meanwhile', async () => {
    await withFileLock(lock(), async () => writeFileSync(lock(), 'another'));
    expect(readFileSync(lock(), 'utf8')).toBe('another');
  });
});
