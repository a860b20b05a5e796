import { spawn } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { ROOT } from '../../support/shared-data.js';
import { run } from './load-scripts.js';

const NODE = process.execPath;
const smoke = join(ROOT, 'scripts', 'setup', 'smoke.mjs');
const node24 = process.env['GRAFT_TEST_NODE24'];

/** Whether a process is there; one that has ended and is waited for by nobody does not count. */
async function isRunning(pid: number): Promise<boolean> {
  try {
    process.kill(pid, 0);
  } catch {
    return false;
  }
  const status = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  return !/\) Z /.test(status);
}

describe('run', () => {
  it('gives exit code and output, of both streams', async () => {
    const result = await run([NODE, '-e', 'console.log("out"); console.error("err"); process.exitCode = 3']);
    expect(result.code).toBe(3);
    expect(result.output.split('\n').sort()).toEqual(['err', 'out']);
  });

  it('says 127 for no such command, 124 for one that takes too long', async () => {
    expect((await run(['no-such-command'])).code).toBe(127);
    expect((await run([NODE, '-e', 'setInterval(() => 0, 1000)'], { timeoutMs: 300 })).code).toBe(124);
  });
});

describe.skipIf(process.platform === 'win32')('an interrupted script', () => {
  let folder: string;
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'graft-run-'));
  });
  afterAll(() => rm(folder, { recursive: true, force: true }));

  it.each([
    ['SIGTERM', 143],
    ['SIGINT', 130],
  ] as const)('takes its children along at %s, even those that would not go', async (signal, expected) => {
    const pidFile = join(folder, signal);
    const stubborn = `
      for (const name of ['SIGTERM', 'SIGINT']) process.on(name, () => 0);
      require('node:fs').writeFileSync(${JSON.stringify(pidFile)}, String(process.pid));
      setInterval(() => 0, 1000);`;
    const script = join(folder, `${signal}.mjs`);
    await writeFile(
      script,
      `import { run } from ${JSON.stringify(pathToFileURL(join(ROOT, 'scripts', 'setup', 'run.mjs')).href)};
      // As pyenv has it: a shell around the real command.
      await run(['sh', '-c', '"$0" -e "$1"; true', process.execPath, ${JSON.stringify(stubborn)}]);`,
    );
    const child = spawn(NODE, [script], { stdio: 'ignore' });
    const exit = new Promise<number | null>((resolve) => child.on('close', resolve));
    const pid = await vi.waitFor(
      async () => {
        const text = await readFile(pidFile, 'utf8');
        expect(text).not.toBe('');
        return Number(text);
      },
      { timeout: 30_000 },
    );
    expect(await isRunning(pid)).toBe(true);
    child.kill(signal);
    expect(await exit).toBe(expected);
    await vi.waitFor(async () => expect(await isRunning(pid)).toBe(false), { timeout: 10_000 });
  });
});

describe('TensorFlow as set up', () => {
  const runSmoke = async (node: string): Promise<unknown> => {
    const { code, output } = await run([node, smoke], { timeoutMs: 100_000 });
    expect({ code, output }).toMatchObject({ code: 0 });
    return JSON.parse(output.split('\n').at(-1) ?? '');
  };
  const expected = { version: expect.stringMatching(/^2\.\d+\.\d+/) as unknown, device: expect.any(String) as unknown };

  it('convolves, forward and backward', async () => {
    expect(await runSmoke(NODE)).toEqual(expected);
  });

  it.skipIf(node24 === undefined)('does so on Node 24, which Electron embeds, from the same addon', async () => {
    expect((await run([node24 ?? '', '--version'])).output).toMatch(/^v24\./);
    expect(await runSmoke(node24 ?? '')).toEqual(expected);
  });
});
