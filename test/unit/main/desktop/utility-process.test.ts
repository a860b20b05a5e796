import { spawnSync } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createUtilityLaunch, readExitCode } from '../../../../src/main/desktop/utility-process.js';
import { type EngineOptions, type EngineProcess, startEngine } from '../../../../src/main/engine-process.js';
import { explainExit } from '../../../../src/main/engine-process/exit.js';
import { createParentPort } from '../../../../src/main/engine/host-port.js';
import { bundleFixture } from '../../../support/bundle.js';
import { createFakeElectron } from '../../../support/fake-electron.js';
import { FakeUtilityProcess } from '../../../support/fake-electron/utility-process.js';

let entry = '';
beforeAll(async () => {
  entry = await bundleFixture(join(import.meta.dirname, 'fixtures', 'utility-probe.ts'));
  // What the engine's entry may run lies beside it.
  writeFileSync(
    join(dirname(entry), 'probe.js'),
    `const [what, value] = process.argv.slice(2);
    if (what === 'die') process.kill(process.pid, value);
    else if (what === 'hang') setInterval(() => {}, 1000);
    else { console.log(what + value); process.exit(what === 'exit' ? Number(value) : 0); }`,
  );
});
afterAll(() => rmSync(dirname(entry), { recursive: true, force: true }));

const launch = createUtilityLaunch(createFakeElectron().electron, 'Probe');

function start(options: EngineOptions = {}): { engine: EngineProcess; lines: string[] } {
  const lines: string[] = [];
  return { engine: startEngine({ entry, launch, log: (line) => lines.push(line), ...options }), lines };
}

describe('an engine in a utility process', () => {
  it('answers, is asked to end, and ends', async () => {
    const { engine, lines } = start();
    await expect(engine.client.call('dataset.inspect', { path: '/data' })).resolves.toMatchObject({ path: '/data' });
    expect(engine.pid).not.toBe(process.pid);
    expect(engine.isConnected).toBe(true);
    await engine.stop();
    expect(engine.isConnected).toBe(false);
    await expect(engine.exited).resolves.toMatchObject({ code: 0, signal: null, expected: true });
    expect(lines.sort()).toEqual(['asked to end', 'the probe runs']);
  });

  it('has the whole environment from its start', async () => {
    const { engine } = start({ env: { GRAFT_PROBE: '' } });
    await engine.client.call('dataset.inspect', { path: '/data' });
    await engine.stop();
    expect(FakeUtilityProcess.started.at(-1)!.options).toMatchObject({
      serviceName: 'Probe',
      env: { UV_THREADPOOL_SIZE: expect.any(String) as unknown, GRAFT_PROBE: '', PATH: process.env['PATH'] },
    });
  });

  it('is killed when it does not end', async () => {
    const { engine } = start({ env: { GRAFT_PROBE: 'stay' }, stopTimeoutMs: 200 });
    await engine.client.call('dataset.inspect', { path: '/data' });
    await engine.stop();
    await expect(engine.exited).resolves.toMatchObject({ signal: 'SIGKILL', expected: true });
  });

  it.each([
    ['run:say:hello', 'probe: sayhello'],
    ['run:exit:3', 'probe failed: it ended with 3'],
    ['run:die:SIGSEGV', 'probe failed: it ended with 11'],
    ['run:hang', 'probe failed: it took longer than 2 s'],
  ])('has the app run a probe for it: %s', async (probe, expected) => {
    const { engine, lines } = start({ env: { GRAFT_PROBE: probe } });
    while (!lines.some((line) => line.startsWith('probe'))) await new Promise((resolve) => setTimeout(resolve, 10));
    await engine.stop();
    expect(lines).toContain(expected);
  });

  it('is heard to its last word', async () => {
    const { engine, lines } = start({ env: { GRAFT_PROBE: 'words' } });
    await engine.exited;
    expect(lines.at(-1)).toBe('word 199');
    expect(lines).toHaveLength(201);
  });

  it('fails calls in flight when it dies, and says how', async () => {
    const { engine } = start();
    await engine.client.call('dataset.inspect', { path: '/data' });
    const call = engine.client.call('backbones.import', { id: 'a', file: '/f' });
    process.kill(engine.pid!, 'SIGTRAP');
    await expect(call).rejects.toMatchObject({ code: 'engine-crashed', details: { signal: 'SIGTRAP' } });
    await expect(call).rejects.toThrow(/large allocation was refused.*plain Node\.js/);
    await engine.stop();
  });
});

describe('readExitCode', () => {
  it.each([
    [0, { code: 0, signal: null }],
    [1, { code: 1, signal: null }],
    [2, { code: 2, signal: null }],
    [5, { code: null, signal: 'SIGTRAP' }],
    [5 | 0x80, { code: null, signal: 'SIGTRAP' }],
    [9, { code: null, signal: 'SIGKILL' }],
    [11 | 0x80, { code: null, signal: 'SIGSEGV' }],
  ])('reads %i off Windows', (code, expected) => expect(readExitCode(code, 'linux')).toMatchObject(expected));

  it("leaves Windows' codes to be explained", () => {
    const end = readExitCode(0x80000003, 'win32');
    expect(end).toMatchObject({ code: 0x80000003, signal: null });
    expect(explainExit({ ...end, expected: false, lastLines: [] }).message).toMatch(/large allocation/);
  });
});

describe('createParentPort', () => {
  it('closes once, on the message that stands for the end, and is silent then', () => {
    const sent: unknown[] = [];
    let tell: (event: { data: unknown }) => void = () => undefined;
    const port = createParentPort({
      on: (_name, listener) => (tell = listener),
      off: () => undefined,
      postMessage: (message) => sent.push(message),
    });
    const heard: unknown[] = [];
    let closes = 0;
    port.onMessage((message) => heard.push(message));
    port.onClose(() => closes++);
    port.send({ a: 1 });
    tell({ data: { b: 2 } });
    tell({ data: null });
    tell({ data: null });
    tell({ data: { c: 3 } });
    port.send({ d: 4 });
    port.close();
    expect({ sent, heard, closes }).toEqual({ sent: [{ a: 1 }], heard: [{ b: 2 }], closes: 1 });
  });
});

describe('an entry that is started by hand', () => {
  it('has no host', () => {
    expect(spawnSync(process.execPath, [entry], { timeout: 20_000 }).status).toBe(2);
  });
});
