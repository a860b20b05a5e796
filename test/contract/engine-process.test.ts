import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fork } from 'node:child_process';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { type EngineOptions, type EngineProcess, startEngine } from '../../src/main/engine-process.js';
import { type EngineExit, explainExit } from '../../src/main/engine-process/exit.js';
import { DRAIN_MS, type LaunchedChild, launchNode } from '../../src/main/engine-process/launch.js';
import { superviseEngine } from '../../src/main/engine-process/supervisor.js';
import type { GraftError } from '../../src/shared/errors.js';
import { createMemoryPorts } from '../../src/shared/port.js';
import { bundleFixture } from '../support/bundle.js';

let entry = '';
let parentEntry = '';
beforeAll(async () => {
  entry = await bundleFixture(join(import.meta.dirname, 'fixtures', 'probe-engine.ts'));
  parentEntry = await bundleFixture(join(import.meta.dirname, 'fixtures', 'probe-parent.ts'));
});
afterAll(() => {
  for (const file of [entry, parentEntry]) rmSync(dirname(file), { recursive: true, force: true });
});

function start(probe: string, options: EngineOptions = {}): { engine: EngineProcess; lines: string[] } {
  const lines: string[] = [];
  const log = (line: string): void => void lines.push(line);
  return { engine: startEngine({ entry, env: { GRAFT_PROBE: probe }, log, ...options }), lines };
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
};

async function untilGone(pid: number): Promise<void> {
  while (isAlive(pid)) await new Promise((resolve) => setTimeout(resolve, 20));
}

const inspect = { path: '/somewhere' };
const forever = { id: 'a', file: '/f' };

describe('startEngine', () => {
  it('starts an engine that answers, and stops it', async () => {
    const exits: EngineExit[] = [];
    const { engine } = start('', { onExit: (exit) => exits.push(exit) });
    await expect(engine.client.call('dataset.inspect', inspect)).resolves.toMatchObject(inspect);
    expect(engine.pid).not.toBe(process.pid);
    await engine.stop();
    expect(isAlive(engine.pid!)).toBe(false);
    expect(exits).toMatchObject([{ code: 0, signal: null, expected: true }]);
  });

  it('hears of the end of an engine that it stopped by its output, not by a timer', async () => {
    const setTimer = globalThis.setTimeout;
    const late = vi.fn();
    const spy = vi.spyOn(globalThis, 'setTimeout').mockImplementation(((then: () => void, ms?: number) =>
      setTimer(() => {
        if (ms === DRAIN_MS) late();
        then();
      }, ms)) as typeof setTimeout);
    try {
      const { engine } = start('');
      await engine.client.call('dataset.inspect', inspect);
      await engine.stop();
      await expect(engine.exited).resolves.toMatchObject({ code: 0 });
      expect(spy).toHaveBeenCalledWith(expect.any(Function), DRAIN_MS);
      expect(late).not.toHaveBeenCalled();
    } finally {
      spy.mockRestore();
    }
  });

  it('hands what the engine prints to the log, and sets its environment', async () => {
    const { engine, lines } = start('print');
    await engine.client.call('dataset.inspect', inspect);
    await engine.stop();
    expect(lines.sort()).toEqual([
      'stderr',
      `stdout ${process.env['TF_CPP_MIN_LOG_LEVEL'] ?? '2'} ${process.env['UV_THREADPOOL_SIZE'] ?? '4'}`,
    ]);
  });

  it('kills an engine that does not stop', async () => {
    const { engine } = start('stay', { stopTimeoutMs: 200 });
    await engine.client.call('dataset.inspect', inspect);
    await engine.stop();
    await expect(engine.exited).resolves.toMatchObject({ code: null, signal: 'SIGKILL', expected: true });
  });

  it.each([
    ['exit=3', /exited with code 3.*graft doctor/, { code: 3, signal: null }],
    ['exit=0', /exited without being asked/, { code: 0, signal: null }],
    ['exit=136', /divided by zero.*TF_ENABLE_ONEDNN_OPTS=0/, { code: 136, signal: null }],
    ['signal=SIGKILL', /memory ran out.*smaller batch size/, { code: null, signal: 'SIGKILL' }],
    ['signal=SIGFPE', /divided by zero.*TF_ENABLE_ONEDNN_OPTS=0/, { code: null, signal: 'SIGFPE' }],
    ['signal=SIGILL', /newer processor/, { code: null, signal: 'SIGILL' }],
    ['signal=SIGSEGV', /SIGSEGV/, { code: null, signal: 'SIGSEGV' }],
    ['signal=SIGTERM', /ended by SIGTERM/, { code: null, signal: 'SIGTERM' }],
  ] as const)('says what happened to an engine that dies by %s', async (probe, message, details) => {
    const { engine } = start(probe);
    const call = engine.client.call('dataset.inspect', inspect);
    await expect(call).rejects.toMatchObject({ code: 'engine-crashed', details });
    await expect(call).rejects.toThrow(message);
  });

  it("quotes the engine's last words", async () => {
    const { engine } = start('exit=1');
    await expect(engine.client.call('dataset.inspect', inspect)).rejects.toThrow(
      /last words:\n {2}the probe exits now/,
    );
  });

  it('says so when the process cannot be started', async () => {
    const { engine } = start('', { execPath: join(dirname(entry), 'no-such-node') });
    await expect(engine.client.call('dataset.inspect', inspect)).rejects.toThrow(/could not be started.*ENOENT/);
    await engine.stop();
  });

  it('says so when the system starts no process at all', () => {
    const launch = (): never => {
      throw new Error('spawn ENOMEM');
    };
    expect(() => start('', { launch })).toThrowError(
      expect.objectContaining({
        code: 'engine-crashed',
        message: 'The engine could not be started: spawn ENOMEM. Close other programs, and start Graft again.',
      }),
    );
  });

  it('says what to do when the engine has not been built', () => {
    expect(() => startEngine({ entry: join(dirname(entry), 'missing.js') })).toThrow(
      /has not been built: run `npm run build`/,
    );
  });

  it('rejects calls in flight when it is killed', async () => {
    const { engine } = start('');
    await engine.client.call('dataset.inspect', inspect);
    const call = engine.client.call('backbones.import', forever);
    engine.kill();
    await expect(call).rejects.toMatchObject({ code: 'engine-crashed' });
    await engine.stop();
  });

  it('leaves no engine behind when its parent is killed', async () => {
    const parent = fork(parentEntry, [entry], { execArgv: [], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
    const pid = await new Promise<number>((resolve) => parent.once('message', (message) => resolve(message as number)));
    expect(isAlive(pid)).toBe(true);
    parent.kill('SIGKILL');
    await untilGone(pid);
    expect(isAlive(pid)).toBe(false);
  });
});

describe('explainExit', () => {
  const exit = { code: null, signal: null, expected: false, lastLines: [], startError: null };
  it("reads Windows' crash codes, which Node reports as signed or unsigned", () => {
    expect(explainExit({ ...exit, code: 0xc0000005 }).message).toMatch(/SIGSEGV/);
    expect(explainExit({ ...exit, code: 0xc0000005 | 0 }).message).toMatch(/SIGSEGV/);
    expect(explainExit({ ...exit, code: 0xc000001d }).message).toMatch(/newer processor/);
  });
});

describe('superviseEngine', () => {
  it('restarts an engine that dies, until the budget is spent', async () => {
    const pids = new Set<number>();
    const crashes: GraftError[] = [];
    const error = await new Promise<GraftError>((resolve) => {
      superviseEngine({
        entry,
        env: { GRAFT_PROBE: 'signal=SIGSEGV' },
        log: () => undefined,
        onStart: (engine) => pids.add(engine.pid!),
        onCrash: (crash) => crashes.push(crash),
        onGiveUp: resolve,
      });
    });
    expect(pids.size).toBe(4);
    expect(crashes).toHaveLength(4);
    expect(error).toMatchObject({ code: 'engine-crashed', details: { signal: 'SIGSEGV' } });
    expect(error.message).toMatch(/died 4 times within 10 minutes/);
  });

  it('gives up, and says which process it is, when the system starts no other', async () => {
    let launches = 0;
    const error = await new Promise<GraftError>((resolve) => {
      superviseEngine({
        ...{ entry, name: 'library', env: { GRAFT_PROBE: 'exit=1' } },
        log: () => undefined,
        launch: (...given) => {
          if (launches++ > 0) throw new Error('spawn EAGAIN');
          return launchNode(...given);
        },
        onStart: () => undefined,
        onCrash: (crash) => expect(crash.message).toMatch(/^The library ended unexpectedly: it exited with code 1/),
        onGiveUp: resolve,
      });
    });
    expect(error.message).toMatch(/^The library could not be started: spawn EAGAIN/);
    expect(launches).toBe(2);
  });

  it('forgets restarts that are older than the window', async () => {
    let starts = 0;
    const supervisor = superviseEngine({
      entry,
      env: { GRAFT_PROBE: 'exit=1' },
      log: () => undefined,
      windowMs: 0,
      maxRestarts: 1,
      onStart: () => starts++,
      onGiveUp: () => expect.unreachable('each crash lies outside the window of the next'),
    });
    while (starts < 4) await new Promise((resolve) => setTimeout(resolve, 20));
    await supervisor.stop();
    expect(supervisor.engine).toBeNull();
  });

  it('starts no other for one that died just as it was stopped', async () => {
    let starts = 0;
    let die = (): void => undefined;
    const launch = (): LaunchedChild => ({
      ...{ pid: 1, isConnected: true, outputs: [], channel: createMemoryPorts()[0], kill: () => undefined },
      ended: new Promise((resolve) => (die = () => resolve({ code: 1, signal: null, startError: null }))),
    });
    const supervisor = superviseEngine({
      ...{ entry, launch, log: () => undefined },
      onStart: () => starts++,
      onGiveUp: () => expect.unreachable('it was stopped'),
    });
    die();
    // Its end is known, but not told yet.
    await Promise.resolve();
    await supervisor.stop();
    await new Promise((resolve) => setImmediate(resolve));
    expect(starts).toBe(1);
  });

  it('gives callers the new engine and does not restart one that it stopped', async () => {
    let starts = 0;
    const supervisor = superviseEngine({
      entry,
      env: {},
      log: () => undefined,
      onStart: () => starts++,
      onGiveUp: () => expect.unreachable('one crash is within the budget'),
    });
    await supervisor.engine!.client.call('dataset.inspect', inspect);
    const first = supervisor.engine!;
    process.kill(first.pid!, 'SIGKILL');
    await first.exited;
    while (supervisor.engine === null || supervisor.engine === first)
      await new Promise((resolve) => setImmediate(resolve));
    await expect(supervisor.engine.client.call('dataset.inspect', inspect)).resolves.toMatchObject(inspect);
    await supervisor.stop();
    expect(supervisor.engine).toBeNull();
    expect(starts).toBe(2);
  });
});
