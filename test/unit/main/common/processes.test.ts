import { spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { isAlive, isStillRunning, ownProcess, processStart } from '../../../../src/main/common/processes.js';

const isTold = (await processStart(process.pid)) !== null;

describe('a process', () => {
  it('lives or does not, whatever its number says', async () => {
    const own = await ownProcess();
    expect(own.pid).toBe(process.pid);
    expect(await isStillRunning(own)).toBe(isTold ? true : null);
    expect(await isStillRunning({ ...own, start: null })).toBeNull();
    expect(await isStillRunning({ ...own, start: 'another boot 5' })).toBe(isTold ? false : null);
    const { pid } = spawnSync(process.execPath, ['-e', '']);
    expect(isAlive(pid)).toBe(false);
    for (const gone of [pid, NaN, 2 ** 22 + 1]) expect(await isStillRunning({ pid: gone, start: null })).toBe(false);
  });

  it.skipIf(!isTold)('has ended when only its number is left', async () => {
    // A program that never asks how the child ended that the shell before it has left.
    const parent = spawn('sh', ['-c', 'sleep 100 & echo $!; exec sleep 100'], { stdio: ['ignore', 'pipe', 'ignore'] });
    try {
      const [line] = (await once(parent.stdout, 'data')) as [Buffer];
      const child = { pid: Number(line.toString()), start: await processStart(Number(line.toString())) };
      await expect.poll(() => readFileSync(`/proc/${parent.pid}/cmdline`, 'utf8')).toMatch(/^sleep/);
      expect(await isStillRunning(child)).toBe(true);
      process.kill(child.pid, 'SIGKILL');
      await expect.poll(() => processStart(child.pid)).toBe('ended');
      expect(isAlive(child.pid)).toBe(true);
      expect(await isStillRunning(child)).toBe(false);
    } finally {
      parent.kill('SIGKILL');
    }
  });
});
