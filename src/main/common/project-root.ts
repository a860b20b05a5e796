import { existsSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { invariant } from '../../shared/errors.js';

function isGraftPackage(file: string): boolean {
  if (!existsSync(file)) return false;
  const value = JSON.parse(readFileSync(file, 'utf8')) as unknown;
  return typeof value === 'object' && value !== null && 'name' in value && value.name === 'graft';
}

/**
 * The folder of Graft's own package.json: the same from source and from the bundles in `out`, which lie at other depths.
 *
 * @param from a file inside it
 */
export function findProjectRoot(from: string = fileURLToPath(import.meta.url)): string {
  for (let folder = dirname(from); ; folder = dirname(folder)) {
    if (isGraftPackage(join(folder, 'package.json'))) return folder;
    invariant(dirname(folder) !== folder, `no package.json named graft above ${from}`);
  }
}
