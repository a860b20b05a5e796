import { mkdir, readdir, stat } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { GraftError, messageOf } from '../../shared/errors.js';
import type { FolderListing } from '../../shared/studio.js';
import { safeName } from '../common/names.js';
import type { Grants } from './types.js';

type Entry = FolderListing['entries'][number];

const NATURAL = new Intl.Collator('en', { numeric: true, sensitivity: 'base' });
const byName = (a: Entry, b: Entry): number => NATURAL.compare(a.name, b.name) || (a.name < b.name ? -1 : 1);
const isArchive = (name: string): boolean => /\.zip$/i.test(name);

/** Why a folder's entries can't be read, in the user's words. */
function explain(path: string, error: unknown): GraftError {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  if (code === 'ENOENT')
    return new GraftError('not-found', `expected a folder at ${path}, found nothing`, { cause: error });
  const why =
    code === 'EACCES' || code === 'EPERM'
      ? 'you may not read it'
      : code === 'ENOTDIR'
        ? 'it is not a folder'
        : messageOf(error);
  return new GraftError('unreadable-file', `the folder ${path} can't be listed: ${why}`, { cause: error });
}

/** What a link leads to counts, as long as that is granted, too. */
async function kindOf(path: string, grants: Grants): Promise<Entry['kind'] | null> {
  try {
    await grants.check(path);
    const found = await stat(path);
    if (found.isDirectory()) return 'folder';
    return found.isFile() && isArchive(path) ? 'archive' : null;
  } catch {
    return null;
  }
}

/**
 * Folders and zip archives of a folder, in natural order; hidden ones are passed over.
 *
 * @param path real and granted; null lists `roots`
 * @throws GraftError `not-found`, `unreadable-file`
 */
export async function listFolders(
  path: string | null,
  roots: readonly string[],
  grants: Grants,
): Promise<FolderListing> {
  if (path === null) {
    const entries = roots.map((root): Entry => ({ name: basename(root) || root, path: root, kind: 'folder' }));
    return { path: null, parent: null, entries };
  }
  const found = await readdir(path, { withFileTypes: true }).catch((error: unknown) => {
    throw explain(path, error);
  });
  const entries: Entry[] = [];
  for (const entry of found) {
    if (entry.name.startsWith('.')) continue;
    const full = join(path, entry.name);
    const kind = entry.isDirectory()
      ? 'folder'
      : entry.isFile()
        ? isArchive(entry.name)
          ? 'archive'
          : null
        : entry.isSymbolicLink()
          ? await kindOf(full, grants)
          : null;
    if (kind !== null) entries.push({ name: entry.name, path: full, kind });
  }
  const parent = await grants.check(dirname(path)).catch(() => null);
  return { path, parent: parent === path ? null : parent, entries: entries.sort(byName) };
}

/**
 * Makes a folder in a granted one.
 *
 * @throws GraftError `invalid-value` for a name that is none, `already-exists`, `not-found`, `unreadable-file`
 */
export async function makeFolder(parent: string, name: string): Promise<{ path: string }> {
  if (name !== safeName(name) || name.startsWith('.')) {
    throw new GraftError(
      'invalid-value',
      `expected a folder name without a leading dot and without / \\ : * ? " < > |, received ${JSON.stringify(name)}`,
    );
  }
  const path = join(parent, name);
  try {
    await mkdir(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') {
      throw new GraftError('already-exists', `there is a ${name} in ${parent} already: choose another name`, {
        cause: error,
      });
    }
    throw explain(parent, error);
  }
  return { path };
}
