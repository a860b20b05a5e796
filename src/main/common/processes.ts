import { readFile } from 'node:fs/promises';
import { systemCode } from './system-code.js';

/** Whether a process of this number runs on this machine, whoever's it is. */
export function isAlive(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return systemCode(error) === 'EPERM';
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

/** A process, told from others that had its number before or get it later. */
export interface ProcessId {
  readonly pid: number;
  /** By {@link processStart}; null where the system does not say. */
  readonly start: string | null;
}

/** This process. */
export const ownProcess = async (): Promise<ProcessId> => ({
  pid: process.pid,
  start: await processStart(process.pid),
});

/**
 * Whether a process of this machine runs still. Numbers are given again, soon in a container that is started anew.
 *
 * @returns null where one of its number runs, and it can't be told whether it is the same
 */
export async function isStillRunning({ pid, start }: ProcessId): Promise<boolean | null> {
  if (!Number.isSafeInteger(pid) || !isAlive(pid)) return false;
  const now = await processStart(pid);
  return now === null || start === null ? null : now === start;
}
