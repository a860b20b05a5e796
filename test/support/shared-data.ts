import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** The repository's root. */
export const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');

/** Reference data that lies beside the repository where Graft is developed; users have only the repository. */
const SHARED = join(ROOT, '..', 'shared');

/** The path of a reference file or folder, or null where it is absent: such a test then makes its own data. */
export function sharedPath(...parts: readonly string[]): string | null {
  const path = join(SHARED, ...parts);
  return existsSync(path) ? path : null;
}
