import { readFile } from 'node:fs/promises';

/** Whether a process of this number runs on this machine, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}

/** Place of the start time among what follows the program's name in `/proc/<pid>/stat`. */
const START_FIELD = 19;

/**
 * What tells a process from a later one of the same number: the boot and the moment in it that it started at. Only Linux
 * tells without another program's help.
 *
 * @returns `ended` for one that is left of a process that has ended; null where it can't be told
 */
export async function processStart(pid: number): Promise<string | null> {
  try {
    const [facts, boot] = await Promise.all([
      readFile(`/proc/${pid}/stat`, 'utf8'),
      readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    ]);
    // The name stands in parentheses and may hold anything.
    const fields = facts.slice(facts.lastIndexOf(')') + 2).split(' ');
    const start = fields[START_FIELD];
    if (start === undefined) return null;
    // Killed, but its parent has not asked for it yet: it has a number still, and does nothing any more.
    return fields[0] === 'Z' ? 'ended' : `${boot.trim()} ${start}`;
  } catch {
    return null;
  }
}
