import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GraftError, messageOf, throwIfAborted } from '../../../shared/errors.js';

/** Something found in a folder; `path` is relative to where the walk began, with `/`. */
export interface WalkEntry {
  readonly path: string;
  readonly file: string;
  readonly kind: 'file' | 'folder' | 'symlink' | 'other' | 'unreadable';
}

const MAX_DEPTH = 32;
const MAX_ENTRIES = 5_000_000;

/** Left by operating systems in every folder; nobody means them. */
const SYSTEM_FILES = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini', '__MACOSX']);

/** Whether a name is an operating system's own or hidden. */
export const isHidden = (name: string): boolean => SYSTEM_FILES.has(name) || name.startsWith('.');

const compare = (a: Dirent, b: Dirent): number => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0);

/**
 * Lists a folder and all that is in it, sorted by code point, folders before their contents. Symbolic links are named but
 * never followed; hidden files are passed over.
 *
 * @throws GraftError `dataset-unusable` beyond 32 levels or 5 million entries
 */
export async function* walk(root: string, signal?: AbortSignal): AsyncGenerator<WalkEntry> {
  let count = 0;
  async function* visit(folder: string, prefix: string, depth: number): AsyncGenerator<WalkEntry> {
    throwIfAborted(signal);
    if (depth > MAX_DEPTH) {
      throw new GraftError(
        'dataset-unusable',
        `expected at most ${MAX_DEPTH} levels of folders, ${folder} lies deeper`,
      );
    }
    let entries: Dirent[];
    try {
      entries = await readdir(folder, { withFileTypes: true });
    } catch (cause) {
      if (depth === 0) {
        throw new GraftError(
          'not-found',
          `expected a folder at ${folder}, but it cannot be read: ${messageOf(cause)}`,
          { cause },
        );
      }
      yield { path: prefix.slice(0, -1), file: folder, kind: 'unreadable' };
      return;
    }
    for (const entry of entries.sort(compare)) {
      if (isHidden(entry.name)) continue;
      if (++count > MAX_ENTRIES) {
        throw new GraftError('dataset-unusable', `expected at most ${MAX_ENTRIES} files below ${root}`);
      }
      const path = `${prefix}${entry.name}`;
      const file = join(folder, entry.name);
      if (entry.isSymbolicLink()) yield { path, file, kind: 'symlink' };
      else if (entry.isDirectory()) {
        yield { path, file, kind: 'folder' };
        yield* visit(file, `${path}/`, depth + 1);
      } else yield { path, file, kind: entry.isFile() ? 'file' : 'other' };
    }
  }
  yield* visit(root, '', 0);
}
