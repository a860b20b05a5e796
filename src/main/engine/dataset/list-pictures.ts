import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { GraftError, messageOf } from '../../../shared/errors.js';
import type { SkippedFile } from '../../../shared/reports.js';
import { walk, type WalkEntry } from './walk.js';

const WHY_SKIPPED: Readonly<Record<Exclude<WalkEntry['kind'], 'file' | 'folder'>, Omit<SkippedFile, 'path'>>> = {
  symlink: { code: 'symlink', message: 'a symbolic link, which is not followed' },
  hidden: { code: 'hidden', message: 'a hidden file or folder: its name begins with a dot' },
  unreadable: { code: 'unreadable', message: 'this folder cannot be read: check its permissions' },
  other: { code: 'not-an-image', message: 'neither a file nor a folder' },
};

/**
 * Lists the files that paths stand for: a file is itself, a folder is all the files in it, sorted.
 *
 * @param skipped gets what cannot be opened
 * @throws GraftError `not-found` when a path does not exist
 */
export async function listPictures(paths: readonly string[], skipped: SkippedFile[]): Promise<string[]> {
  const files: string[] = [];
  for (const path of paths) {
    const facts = await stat(path).catch((cause: unknown) => {
      throw new GraftError('not-found', `expected a picture or a folder at ${path}: ${messageOf(cause)}`, { cause });
    });
    if (!facts.isDirectory()) {
      files.push(resolve(path));
      continue;
    }
    for await (const entry of walk(resolve(path))) {
      if (entry.kind === 'file') files.push(entry.file);
      else if (entry.kind !== 'folder') skipped.push({ path: entry.file, ...WHY_SKIPPED[entry.kind] });
    }
  }
  return files;
}
