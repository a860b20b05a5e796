import { rmSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { createRecipe } from '../../src/shared/recipe.js';
import { bundleFixture } from '../support/bundle.js';
import { type TestHub, startTestHub } from '../support/hub.js';

let entry = '';
beforeAll(async () => {
  entry = await bundleFixture(join(import.meta.dirname, 'fixtures', 'hub-process.ts'));
});
afterAll(() => rmSync(dirname(entry), { recursive: true, force: true }));

const open: TestHub[] = [];
afterEach(async () => {
  for (const test of open.splice(0)) await test.close();
});
async function start(probe = ''): Promise<TestHub> {
  const test = await startTestHub(entry, { engine: { env: { GRAFT_PROBE: probe } } });
  open.push(test);
  return test;
}

async function startRun({ page, folder, home }: TestHub, name = 'a'): Promise<string> {
  const { run } = await page.call('train.start', { recipe: createRecipe(join(folder, 'data')), out: join(home, name) });
  return run;
}
const die = ({ page }: TestHub, signal: string): Promise<unknown> =>
  page.call('backbones.download', { id: signal }).catch(() => null);
const countOf = ({ events }: TestHub, name: string): number => events.filter((event) => event.name === name).length;

describe('a run in hand', () => {
  it('is the one that is running, in lists and by itself', async () => {
    const test = await start();
    const run = await startRun(test);
    await test.until('runs.changed');
    const list = await test.page.call('runs.list', {});
    expect(list.map(({ status, isResumable }) => [status, isResumable])).toEqual([
      ['running', false],
      ['interrupted', true],
    ]);
    expect((await test.page.call('runs.get', { run })).info.status).toBe('running');
    await expect(test.page.call('runs.delete', { run })).rejects.toMatchObject({ code: 'engine-busy' });
    await test.page.call('train.stop', { run });
    await test.until('train.ended');
    expect((await test.page.call('runs.list', {}))[0]!.status).toBe('interrupted');
    expect(countOf(test, 'runs.changed')).toBe(2);
    await expect(test.page.call('runs.delete', { run })).resolves.toBeNull();
  });

  it('goes on after the engine has died under it, paused if it was', async () => {
    const test = await start();
    const run = await startRun(test);
    await test.page.call('train.pause', { run, isPaused: true });
    await test.until('train.paused');
    await die(test, 'SIGKILL');
    await test.until('train.started', ({ epochsDone }) => epochsDone === 1);
    expect(test.hub.runInHand).toBe(run);
    await expect(test.page.call('train.current', {})).resolves.toEqual({ run });
    expect((await test.page.call('runs.list', {}))[0]!.status).toBe('running');
    const { message } = await test.state('engine', 'ready');
    expect(message).toMatch(/killed \(SIGKILL\).*goes on from its last checkpoint.*smaller batch size/s);
    while (countOf(test, 'train.paused') < 2) await new Promise((resolve) => setTimeout(resolve, 10));
    expect(countOf(test, 'train.failed')).toBe(0);
  });

  it('lets the word of its death be forgotten when it has ended', async () => {
    const test = await start();
    const run = await startRun(test);
    await die(test, 'SIGSEGV');
    await test.until('train.started', ({ epochsDone }) => epochsDone === 1);
    const ready = await test.state('engine', 'ready');
    expect(ready.message).toMatch(/goes on from its last checkpoint\.$/);
    await test.page.call('train.stop', { run });
    await test.until('train.ended');
    expect((await test.state('engine', 'ready')).message).toBeNull();
  });

  it('is left interrupted when the engine dies twice under it', async () => {
    const test = await start('die-on-resume');
    const run = await startRun(test);
    await test.until('train.started');
    await die(test, 'SIGKILL');
    const failed = await test.until('train.failed');
    expect(failed).toMatchObject({ run, error: { code: 'engine-crashed' } });
    expect(failed.error.message).toMatch(/died twice within ten minutes.*left interrupted.*smaller batch size/s);
    expect(test.hub.runInHand).toBeNull();
    expect((await test.state('engine', 'ready')).message).toBe(failed.error.message);
    expect((await test.page.call('runs.list', {}))[0]!.status).toBe('interrupted');
    expect(countOf(test, 'train.failed')).toBe(1);
  });

  it('is left interrupted, with the reason, when it can not be resumed', async () => {
    const test = await start();
    const run = await startRun(test, 'no-checkpoint');
    await test.until('train.started');
    await die(test, 'SIGSEGV');
    const { error } = await test.until('train.failed', (failed) => failed.run === run);
    expect(error.message).toMatch(/could not be taken up again.*there is no checkpoint/);
    expect((await test.state('engine', 'ready')).message).toBe(error.message);
    expect(test.hub.runInHand).toBeNull();
  });

  it('is not taken up again when it was being stopped', async () => {
    const test = await start('die-on-stop');
    const run = await startRun(test);
    await expect(test.page.call('train.stop', { run })).rejects.toMatchObject({ code: 'engine-crashed' });
    const { error } = await test.until('train.failed');
    expect(error.message).toMatch(/was just being ended/);
    await test.state('engine', 'ready');
    await expect(test.page.call('train.current', {})).resolves.toBeNull();
  });

  it('is ended by its own way before the user has the engine restarted', async () => {
    const test = await start();
    await startRun(test);
    const before = (await test.page.call('engine.info', {})).nodeVersion;
    await test.page.call('host.restartEngine', {});
    expect(countOf(test, 'train.ended')).toBe(1);
    expect(countOf(test, 'train.failed')).toBe(0);
    expect((await test.page.call('engine.info', {})).nodeVersion).not.toBe(before);
    await expect(test.page.call('train.current', {})).resolves.toBeNull();
  });

  it('is none when its start was refused or died', async () => {
    const test = await start();
    const recipe = createRecipe(join(test.folder, 'data'));
    const outside = test.page.call('train.start', { recipe, out: join(test.folder, 'other', 'run') });
    await expect(outside).rejects.toMatchObject({ code: 'not-granted' });
    expect(test.hub.runInHand).toBeNull();
    await expect(test.page.call('train.stop', { run: join(test.home, 'a') })).rejects.toMatchObject({
      code: 'not-found',
    });
  });
});
