import { isAbsolute, join, relative, resolve } from 'node:path';

/** Paths as the user wrote them, beside the absolute ones that the engine works with. */
export interface GivenPaths {
  readonly absolute: readonly string[];
  /** An absolute path in the user's terms: below the argument that it was found by. */
  name(path: string): string;
}

/** @param cwd what relative arguments are relative to */
export function resolveGivenPaths(given: readonly string[], cwd: string): GivenPaths {
  const absolute = given.map((path) => resolve(cwd, path));
  return {
    absolute,
    name(path) {
      for (const [index, root] of absolute.entries()) {
        if (path === root) return given[index]!;
        const below = relative(root, path);
        if (below !== '' && !below.startsWith('..') && !isAbsolute(below)) return join(given[index]!, below);
      }
      return path;
    },
  };
}
