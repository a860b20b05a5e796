// Processor time of processes, as Linux counts it.
import { readFileSync, readdirSync } from 'node:fs';

/** Units of utime and stime in /proc: fixed by the kernel's interface. */
const TICKS_A_SECOND = 100;

/** @returns {readonly { pid: number, parent: number, seconds: number, command: string }[]} */
function processes() {
  return readdirSync('/proc')
    .filter((name) => /^\d+$/.test(name))
    .flatMap((name) => {
      try {
        const stat = readFileSync(`/proc/${name}/stat`, 'utf8');
        const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
        const command = readFileSync(`/proc/${name}/cmdline`, 'utf8').replaceAll('\0', ' ');
        const seconds = (Number(fields[11]) + Number(fields[12])) / TICKS_A_SECOND;
        return [{ pid: Number(name), parent: Number(fields[1]), seconds, command }];
      } catch {
        // It has ended since the folder was read.
        return [];
      }
    });
}

/** A process and all that descend from it. @param {ReturnType<typeof processes>} all @param {number} root */
function familyOf(all, root) {
  const family = new Set([root]);
  for (let size = 0; size !== family.size;) {
    size = family.size;
    for (const { pid, parent } of all) if (family.has(parent)) family.add(pid);
  }
  return family;
}

/**
 * Process ids of a process's descendants; none where there is no /proc.
 *
 * @param {number} root
 * @param {(command: string) => boolean} isAsked by the command line
 * @returns {readonly number[]}
 */
export function processesOf(root, isAsked) {
  if (process.platform !== 'linux') return [];
  const all = processes();
  const family = familyOf(all, root);
  return all.filter(({ pid, command }) => pid !== root && family.has(pid) && isAsked(command)).map(({ pid }) => pid);
}

/**
 * Seconds of processor time that a process's descendants have used, summed by the name that `nameOf` gives their command
 * lines; null where there is no /proc. What has ended is not counted.
 *
 * @param {number} root
 * @param {(command: string) => string | null} nameOf null for what is not counted
 * @returns {Record<string, number> | null}
 */
export function cpuSeconds(root, nameOf) {
  if (process.platform !== 'linux') return null;
  const all = processes();
  const family = familyOf(all, root);
  const sums = {};
  for (const { pid, seconds, command } of all) {
    const name = pid !== root && family.has(pid) ? nameOf(command) : null;
    if (name !== null) sums[name] = (sums[name] ?? 0) + seconds;
  }
  return sums;
}
