import { lstat, realpath } from 'node:fs/promises';
import { basename, dirname, isAbsolute, join, resolve } from 'node:path';
import { GraftError, messageOf } from '../../shared/errors.js';
import { isInside } from '../common/is-inside.js';
import { systemCode } from '../common/system-code.js';
import type { Grants } from './types.js';

/** Windows' ways around path rules: device names and verbatim paths. */
const DEVICE_PATH = /^[\\/]{2}[?.][\\/]/;

function refuse(path: string, why: string): GraftError {
  return new GraftError('not-granted', `${path}: ${why}`, { details: { path } });
}

/**
 * The real path of a file or folder that may not exist yet: that of its nearest existing parent, and the rest.
 *
 * @throws GraftError `not-granted` for a link that leads nowhere, since writing to it would write elsewhere, and for what
 * can't be looked at
 */
async function realPathOf(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (error) {
    const code = systemCode(error);
    if (code !== 'ENOENT' && code !== 'ENOTDIR') throw refuse(path, `it can't be reached (${messageOf(error)})`);
  }
  const isLink = await lstat(path).then(
    () => true,
    () => false,
  );
  if (isLink) throw refuse(path, 'expected a file or folder, found a link that leads nowhere');
  const parent = dirname(path);
  if (parent === path) throw refuse(path, 'there is no such drive');
  return join(await realPathOf(parent), basename(path));
}

/**
 * Keeps the folders that pages may name.
 *
 * @param roots absolute; those that don't exist yet are granted as places where they may come to be
 */
export async function createGrants(roots: readonly string[]): Promise<Grants> {
  const granted = new Set<string>();
  const check = async (path: string): Promise<string> => {
    if (path.includes('\0')) throw refuse(JSON.stringify(path), 'a path has no NUL in it');
    if (!isAbsolute(path) || DEVICE_PATH.test(path)) throw refuse(path, 'expected an absolute path');
    const real = await realPathOf(resolve(path));
    for (const root of granted) if (isInside(root, real)) return real;
    throw refuse(
      path,
      'it lies outside the folders that Graft may use here: pick it in a dialog, or name its folder with --root',
    );
  };
  const grant = async (path: string): Promise<void> => {
    granted.add(await realPathOf(resolve(path)));
  };
  for (const root of roots) await grant(root);
  return {
    get roots() {
      return [...granted];
    },
    grant,
    check,
  };
}
