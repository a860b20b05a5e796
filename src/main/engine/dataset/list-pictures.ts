import { stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { GraftError, messageOf } from '../../../shared/errors.js';
import type { SkippedFile } from '../../../shared/reports.js';
import { walk } from './walk.js';

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
      else if (entry.kind === 'symlink') {
        skipped.push({ path: entry.file, code: 'symlink', message: 'a symbolic link, which is not followed' });
      }
    }
  }
  return files;
}
