import { isAbsolute, relative } from 'node:path';

/** Whether `path` lies inside `root` or is it. Compares path segments, so that `/data-evil` is not inside `/data`. */
export function isInside(root: string, path: string): boolean {
  const way = relative(root, path);
  return way === '' || (!isAbsolute(way) && way.split(/[\\/]/)[0] !== '..');
}
