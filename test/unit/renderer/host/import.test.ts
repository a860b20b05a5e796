import { describe, expect, it } from 'vitest';
import {
  type DroppedEntry,
  type ImportPort,
  hasFiles,
  importPictures,
  takeDrop,
} from '../../../../src/renderer/host/import.js';
import { GraftError } from '../../../../src/shared/errors.js';
import type { Progress } from '../../../../src/shared/progress.js';

const fileOf = (name: string, size = 10): File => withPath(name, size, '');

/** A file with the place that `<input webkitdirectory>` gives it. */
function withPath(name: string, size: number, webkitRelativePath: string): File {
  const file = new File(['x'.repeat(size)], name);
  Object.defineProperty(file, 'webkitRelativePath', { value: webkitRelativePath });
  return file;
}

const entryOf = (file: File): DroppedEntry => ({
  isFile: true,
  isDirectory: false,
  name: file.name,
  file: (take) => take(file),
});

/** A folder whose entries come in pieces, as browsers hand them out. */
function folderOf(name: string, children: readonly DroppedEntry[], piece = 2): DroppedEntry {
  return {
    isFile: false,
    isDirectory: true,
    name,
    createReader() {
      let next = 0;
      return {
        readEntries(take) {
          const batch = children.slice(next, next + piece);
          next += batch.length;
          take(batch);
        },
      };
    },
  };
}

interface Sent {
  readonly names: string[];
  readonly files: Map<string, number>;
  finished: number;
}

function createPort(options: Partial<ImportPort> = {}): { port: ImportPort; sent: Sent } {
  const sent: Sent = { names: [], files: new Map(), finished: 0 };
  const port: ImportPort = {
    pathsOf: async () => null,
    beginUpload: async (name) => {
      sent.names.push(name);
      return { upload: 'u1' };
    },
    sendFile: async (_, path, file, { onBytes }) => {
      onBytes(file.size / 2);
      await Promise.resolve();
      sent.files.set(path, file.size);
    },
    finishUpload: async () => {
      sent.finished++;
      return { path: '/uploads/u1/insects' };
    },
    ...options,
  };
  return { port, sent };
}

const quiet = () => ({ signal: new AbortController().signal, onProgress: () => undefined });
const pictures = (count: number, prefix: string): DroppedEntry[] =>
  Array.from({ length: count }, (_, index) => entryOf(fileOf(`${prefix}${index}.jpg`)));

describe('an import where the host knows paths', () => {
  it('opens the one that came, and sends nothing', async () => {
    const { port, sent } = createPort({ pathsOf: async () => ['/data/insects'] });
    expect(await importPictures({ files: [fileOf('insects')], entries: [] }, port, quiet())).toBe('/data/insects');
    expect(sent.names).toEqual([]);
  });

  it.each([[['/a', '/b']], [[]]])('refuses %j', async (paths) => {
    const { port } = createPort({ pathsOf: async () => paths });
    await expect(importPictures({ files: [], entries: [] }, port, quiet())).rejects.toMatchObject({
      code: 'dataset-unusable',
    });
  });
});

describe('an import by upload', () => {
  it('sends a dropped folder as it is, without what systems put there', async () => {
    const { port, sent } = createPort();
    const folder = folderOf('insects', [
      folderOf('ants', pictures(5, 'a')),
      folderOf('bees', pictures(3, 'b')),
      folderOf('.git', [entryOf(fileOf('config'))]),
      folderOf('__MACOSX', [entryOf(fileOf('x.jpg'))]),
      entryOf(fileOf('Thumbs.db')),
      entryOf(fileOf('.DS_Store')),
    ]);
    expect(await importPictures({ files: [], entries: [folder] }, port, quiet())).toBe('/uploads/u1/insects');
    expect(sent.names).toEqual(['insects']);
    expect([...sent.files.keys()].sort()).toEqual([
      ...[0, 1, 2, 3, 4].map((index) => `insects/ants/a${index}.jpg`),
      ...[0, 1, 2].map((index) => `insects/bees/b${index}.jpg`),
    ]);
    expect(sent.finished).toBe(1);
  });

  it('takes several class folders for one data set', async () => {
    const { port, sent } = createPort();
    const entries = [folderOf('ants', pictures(1, 'a')), folderOf('bees', pictures(1, 'b'))];
    await importPictures({ files: [], entries }, port, quiet());
    expect(sent.names).toEqual(['Pictures']);
    expect([...sent.files.keys()].sort()).toEqual(['ants/a0.jpg', 'bees/b0.jpg']);
  });

  it('sends a picked folder by the places that its files carry', async () => {
    const { port, sent } = createPort();
    const files = [
      withPath('a.jpg', 5, 'insects/ants/a.jpg'),
      withPath('b.jpg', 5, 'insects/bees/b.jpg'),
      withPath('.hidden', 5, 'insects/.hidden'),
    ];
    await importPictures({ files, entries: [] }, port, quiet());
    expect(sent.names).toEqual(['insects']);
    expect([...sent.files.keys()]).toEqual(['insects/ants/a.jpg', 'insects/bees/b.jpg']);
  });

  it('sends a zip under its name', async () => {
    const { port, sent } = createPort();
    await importPictures({ files: [fileOf('insects.ZIP')], entries: [] }, port, quiet());
    expect(sent.names).toEqual(['insects']);
    expect([...sent.files.keys()]).toEqual(['insects.ZIP']);
  });

  it.each([
    ['a picture', [entryOf(fileOf('a.jpg'))]],
    ['pictures in no folder', pictures(3, 'a')],
    ['two archives', [entryOf(fileOf('a.zip')), entryOf(fileOf('b.zip'))]],
    ['an empty folder', [folderOf('insects', [])]],
  ])('refuses %s before anything is sent', async (_, entries) => {
    const { port, sent } = createPort();
    await expect(importPictures({ files: [], entries }, port, quiet())).rejects.toMatchObject({
      code: 'dataset-unusable',
    });
    expect(sent.names).toEqual([]);
  });

  it('tells the bytes that have gone, up to all of them', async () => {
    const { port } = createPort();
    const told: Progress[] = [];
    const entries = [folderOf('insects', [folderOf('ants', pictures(9, 'a'))])];
    const { signal } = new AbortController();
    await importPictures({ files: [], entries }, port, { signal, onProgress: (progress) => told.push(progress) });
    expect(told.at(-1)).toMatchObject({ task: 'upload', unit: 'bytes', done: 90, total: 90, label: '9 of 9 files' });
    expect(told.every(({ done, total }) => total === null || done <= total)).toBe(true);
  });

  it('stops sending when it is cancelled, and does not finish', async () => {
    const abort = new AbortController();
    let begun = 0;
    const { port, sent } = createPort({
      sendFile: async (_, __, ___, { signal }) => {
        begun++;
        if (begun === 2) abort.abort();
        await Promise.resolve();
        if (signal.aborted) throw new GraftError('cancelled', 'The upload was cancelled.');
      },
    });
    const entries = [folderOf('insects', [folderOf('ants', pictures(50, 'a'))])];
    await expect(
      importPictures({ files: [], entries }, port, { signal: abort.signal, onProgress: () => undefined }),
    ).rejects.toMatchObject({ code: 'cancelled' });
    expect(begun).toBeLessThan(10);
    expect(sent.finished).toBe(0);
  });

  it('says which file could not be sent, and calls the others off', async () => {
    const signals: AbortSignal[] = [];
    const { port, sent } = createPort({
      sendFile: async (_, path, __, { signal }) => {
        signals.push(signal);
        if (path.endsWith('a3.jpg')) throw new GraftError('disk-full', `no room for ${path}`);
        await Promise.resolve();
      },
    });
    const entries = [folderOf('insects', [folderOf('ants', pictures(8, 'a'))])];
    await expect(importPictures({ files: [], entries }, port, quiet())).rejects.toMatchObject({ code: 'disk-full' });
    expect(signals.every(({ aborted }) => aborted)).toBe(true);
    expect(sent.finished).toBe(0);
  });

  it('names a file that the browser cannot read', async () => {
    const { port } = createPort();
    const broken: DroppedEntry = {
      isFile: true,
      isDirectory: false,
      name: 'a.jpg',
      file: (_, fail) => fail(new Error('gone')),
    };
    const entries = [folderOf('insects', [folderOf('ants', [broken])])];
    await expect(importPictures({ files: [], entries }, port, quiet())).rejects.toMatchObject({
      code: 'unreadable-file',
      message: "insects/ants/a.jpg: the browser can't read it",
    });
  });
});

describe('a drop', () => {
  it('is read while its event lasts', () => {
    const entry = folderOf('insects', []);
    const data = {
      types: ['Files'],
      files: [fileOf('insects')],
      items: [
        { kind: 'string', webkitGetAsEntry: () => null },
        { kind: 'file', webkitGetAsEntry: () => entry },
      ],
    };
    expect(takeDrop(data).entries).toEqual([entry]);
    expect(takeDrop(data).files).toHaveLength(1);
  });

  it('of text is none', () => {
    expect(hasFiles({ types: ['text/plain'] })).toBe(false);
    expect(hasFiles({ types: ['Files'] })).toBe(true);
    expect(hasFiles(null)).toBe(false);
  });
});
