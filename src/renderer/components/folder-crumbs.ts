/** A folder on the way to the present one. */
export interface Crumb {
  readonly name: string;
  readonly path: string;
}

/**
 * The folders from a granted root down to a path, the root first. Those above a root can't be listed, so they are none.
 *
 * @param path absolute, with the system's separators
 * @param roots by their names and absolute paths
 */
export function crumbsOf(path: string, roots: readonly Crumb[]): Crumb[] {
  const separator = path.includes('\\') ? '\\' : '/';
  const isBelow = (root: string): boolean =>
    path === root || path.startsWith(root.endsWith(separator) ? root : root + separator);
  // The nearest root: one granted folder may lie in another.
  const root = roots.filter((one) => isBelow(one.path)).sort((a, b) => b.path.length - a.path.length)[0];
  if (root === undefined) return [{ name: path, path }];
  const crumbs = [root];
  let at = root.path;
  for (const name of path.slice(root.path.length).split(separator)) {
    if (name === '') continue;
    at = at.endsWith(separator) ? at + name : at + separator + name;
    crumbs.push({ name, path: at });
  }
  return crumbs;
}
