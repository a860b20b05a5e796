import type { Dirent } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { GraftError, messageOf, throwIfAborted } from '../../../shared/errors.js';
import { compareCodePoints } from './code-points.js';

/** Something found in a folder; `path` is relative to where the walk began, with `/`. */
export interface WalkEntry {
  readonly path: string;
  readonly file: string;
  /** `hidden`: a file or a folder whose name begins with a dot. */
  readonly kind: 'file' | 'folder' | 'symlink' | 'hidden' | 'other' | 'unreadable';
}

const MAX_DEPTH = 32;
const MAX_ENTRIES = 5_000_000;

/** Left by operating systems in every folder; nobody means them. */
const SYSTEM_FILES = new Set(['.DS_Store', 'Thumbs.db', 'desktop.ini', '__MACOSX', '.Spotlight-V100', '.Trashes']);

/** Whether a name is an operating system's own; `._` begins the files in which macOS keeps attributes of others. */
export const isSystemFile = (name: string): boolean => SYSTEM_FILES.has(name) || name.startsWith('._');

/**
 * Lists a folder and all that is in it, sorted by code point, folders before their contents. Symbolic links and
 * hidden folders are named but not entered; files of operating systems are passed over.
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
    for (const entry of entries.sort((a, b) => compareCodePoints(a.name, b.name))) {
      if (isSystemFile(entry.name)) continue;
      if (++count > MAX_ENTRIES) {
        throw new GraftError('dataset-unusable', `expected at most ${MAX_ENTRIES} files below ${root}`);
      }
      const path = `${prefix}${entry.name}`;
      const file = join(folder, entry.name);
      if (entry.name.startsWith('.')) yield { path, file, kind: 'hidden' };
      else if (entry.isSymbolicLink()) yield { path, file, kind: 'symlink' };
      else if (entry.isDirectory()) {
        yield { path, file, kind: 'folder' };
        yield* visit(file, `${path}/`, depth + 1);
      } else yield { path, file, kind: entry.isFile() ? 'file' : 'other' };
    }
  }
  yield* visit(root, '', 0);
}
