import { rm, stat, writeFile } from 'node:fs/promises';
import { systemCode } from './system-code.js';

/** What guards the breaking of a lock is held for a moment; one as old as this was left by a crash. */
const GUARD_DEAD_MS = 10_000;

/**
 * Removes a lock file that is stale, and no other: one at a time looks and removes, so that none takes away a lock that
 * another has just put there. Does nothing while another does this; whoever wants the lock tries again.
 *
 * @param isStale looks at the file as it is now
 */
export async function breakLock(path: string, isStale: () => Promise<boolean>): Promise<void> {
  const guard = `${path}.breaking`;
  try {
    await writeFile(guard, '', { flag: 'wx' });
  } catch (error) {
    if (systemCode(error) !== 'EEXIST') throw error;
    const facts = await stat(guard).catch(() => null);
    if (facts !== null && Date.now() - facts.mtimeMs > GUARD_DEAD_MS) await rm(guard, { force: true });
    return;
  }
  try {
    if (await isStale()) await rm(path, { force: true });
  } finally {
    await rm(guard, { force: true });
  }
}
