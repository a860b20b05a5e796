import { createWriteStream, existsSync, mkdirSync, readdirSync, readFileSync, rmSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import yazl from 'yazl';
import { unpackArchive } from '../../../../../src/main/engine/dataset/archive.js';
import { archivesFolder } from '../../../../../src/main/engine/paths.js';
import { sha256 } from '../../../../support/hash.js';
import { makeFolder, putFile, type RawZipEntry, removeFolder, zipBytes } from '../../../../support/images.js';

let folder: string;
let archive: string;

beforeEach(() => {
  folder = makeFolder('archive');
  archive = join(folder, 'pictures.zip');
  vi.stubEnv('GRAFT_HOME', join(folder, 'home'));
});

afterEach(() => {
  vi.unstubAllEnvs();
  removeFolder(folder);
});

const unpack = async (signal = new AbortController().signal): Promise<string> =>
  (await unpackArchive(archive, signal, () => undefined)).folder;

const text = (words: string): Buffer => Buffer.from(words);

/** Every file below the folder that archives are unpacked into. */
const leftBehind = (): string[] =>
  existsSync(archivesFolder()) ? readdirSync(archivesFolder(), { recursive: true }).map(String) : [];

async function expectRefused(entries: readonly RawZipEntry[], code: string, message: RegExp): Promise<void> {
  putFile(archive, zipBytes(entries));
  await expect(unpack()).rejects.toMatchObject({ code, message: expect.stringMatching(message) as string });
  expect(leftBehind()).toEqual([]);
  expect(readdirSync(folder).sort()).toEqual(['home', 'pictures.zip']);
}

describe('unpackArchive', () => {
  it('unpacks what an honest writer made, once, into a folder named by the hash', async () => {
    const zip = new yazl.ZipFile();
    const files: [string, Buffer][] = [
      ['data/ants/a 1.jpg', text('one')],
      ['data/bees/蜜蜂.jpg', Buffer.alloc(200_000, 'two')],
    ];
    for (const [name, bytes] of files) zip.addBuffer(bytes, name);
    zip.addEmptyDirectory('data/empty');
    zip.addBuffer(text('x'), '__MACOSX/data/ants/._a 1.jpg');
    zip.addBuffer(text('x'), 'data/ants/.DS_Store');
    zip.end();
    await pipeline(zip.outputStream, createWriteStream(archive));
    const unpacked = await unpack();
    expect(unpacked).toBe(join(archivesFolder(), sha256(readFileSync(archive))));
    expect(readdirSync(unpacked, { recursive: true }).sort()).toEqual(
      ['data', 'data/ants', 'data/ants/a 1.jpg', 'data/bees', 'data/bees/蜜蜂.jpg', 'data/empty'].sort(),
    );
    for (const [name, bytes] of files) expect(readFileSync(join(unpacked, name)).equals(bytes)).toBe(true);
    rmSync(join(unpacked, 'data', 'ants', 'a 1.jpg'));
    expect(await unpack()).toBe(unpacked);
    expect(existsSync(join(unpacked, 'data', 'ants', 'a 1.jpg'))).toBe(false);
  });

  it('gives two that unpack at once the same folder', async () => {
    putFile(
      archive,
      zipBytes(Array.from({ length: 50 }, (_, index) => ({ name: `a/${index}.jpg`, data: text(`${index}`) }))),
    );
    const folders = await Promise.all([unpack(), unpack(), unpack()]);
    expect(new Set(folders).size).toBe(1);
    expect(readdirSync(join(folders[0], 'a'))).toHaveLength(50);
    expect(readdirSync(archivesFolder())).toHaveLength(1);
  });

  it.each([
    ['../evil.jpg', 'invalid relative path'],
    ['a/../../evil.jpg', 'invalid relative path'],
    ['/evil.jpg', 'absolute path'],
    ['C:/evil.jpg', 'absolute path'],
    ['a\\..\\..\\evil.jpg', 'invalid characters'],
  ])('refuses the path %s', async (name, message) => {
    await expectRefused(
      [
        { name: 'a/good.jpg', data: text('good') },
        { name, data: text('evil') },
      ],
      'unsafe-file',
      new RegExp(message),
    );
  });

  it('refuses symbolic links', async () => {
    await expectRefused(
      [
        { name: 'a/link', data: text('/etc'), mode: 0o120777 },
        { name: 'a/link/passwd', data: text('evil') },
      ],
      'unsafe-file',
      /a\/link is a symbolic link/,
    );
  });

  it('refuses bombs, as one file and as many', async () => {
    await expectRefused(
      [{ name: 'a/bomb.bmp', data: Buffer.alloc(20_000_000) }],
      'unsafe-file',
      /a\/bomb\.bmp would grow \d{3,}-fold/,
    );
    const small = Buffer.alloc(1_000_000);
    await expectRefused(
      Array.from({ length: 70 }, (_, index) => ({ name: `a/${index}.bmp`, data: small })),
      'unsafe-file',
      /together would grow more than 200-fold/,
    );
  });

  it('refuses files that are larger than they say', async () => {
    const entry = { name: 'a/liar.jpg', data: Buffer.alloc(100_000, 'liar'), claimedBytes: 10 };
    await expectRefused([entry], 'unreadable-file', /pictures\.zip: expected a zip archive of pictures/);
  });

  it('refuses what is no archive, or only part of one', async () => {
    const whole = zipBytes([{ name: 'a/1.jpg', data: Buffer.alloc(5000, 'abc') }]);
    for (const bytes of [text('no archive'), whole.subarray(0, whole.length - 30), Buffer.alloc(0)]) {
      putFile(archive, bytes);
      await expect(unpack()).rejects.toMatchObject({ code: 'unreadable-file' });
      expect(leftBehind()).toEqual([]);
    }
    whole.fill(0xff, 40, 50);
    putFile(archive, whole);
    await expect(unpack()).rejects.toMatchObject({ code: 'unreadable-file' });
    expect(leftBehind()).toEqual([]);
  });

  it('leaves nothing behind when it is cancelled, and removes what a killed process left', async () => {
    putFile(archive, zipBytes(Array.from({ length: 30 }, (_, index) => ({ name: `a/${index}.jpg`, data: text('x') }))));
    const [old, fresh] = ['.tmp-old', '.tmp-fresh'].map((name) => join(archivesFolder(), name)) as [string, string];
    for (const path of [old, fresh]) mkdirSync(path, { recursive: true });
    utimesSync(old, new Date(0), new Date(0));
    const abort = new AbortController();
    const unpacking = unpackArchive(archive, abort.signal, ({ done }) => {
      if (done === 10) abort.abort();
    });
    await expect(unpacking).rejects.toMatchObject({ code: 'cancelled' });
    expect(leftBehind()).toEqual(['.tmp-fresh']);
  });
});
