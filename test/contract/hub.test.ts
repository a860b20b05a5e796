import { existsSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { Readable } from 'node:stream';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isAlive } from '../../src/main/common/processes.js';
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
async function start(
  ...options: Parameters<typeof startTestHub> extends [string, ...infer R] ? R : never
): Promise<TestHub> {
  const test = await startTestHub(entry, ...options);
  open.push(test);
  return test;
}

const pidOf = async ({ page }: TestHub): Promise<string> => (await page.call('engine.info', {})).nodeVersion;
const startRun = async ({ page, folder, home }: TestHub, name = 'a'): Promise<string> =>
  (await page.call('train.start', { recipe: createRecipe(join(folder, 'data')), out: join(home, name) })).run;

describe('the hub', () => {
  it('puts both processes and itself behind one contract', async () => {
    const test = await start();
    const info = await test.page.call('host.info', {});
    expect(info).toMatchObject({ kind: 'browser', exportFolder: join(test.folder, 'exports') });
    expect(info.processes.map(({ process }) => process)).toEqual(['engine', 'library']);
    await expect(test.page.call('projects.current', {})).resolves.toBeNull();
    await expect(
      test.page.call('backbones.import', { id: 'x', file: join(test.folder, 'data', 'x.pth') }),
    ).resolves.toEqual({ file: join(test.folder, 'data', 'x.pth') });
    expect(await test.state('engine', 'ready')).toMatchObject({ message: null });
    expect(await test.state('library', 'ready')).toMatchObject({ message: null });
  });

  it('says what to do where there can be no data folder', async () => {
    const { folder } = await start();
    const dataFolder = join(folder, 'file', 'home');
    writeFileSync(join(folder, 'file'), '');
    await expect(start({ dataFolder })).rejects.toMatchObject({
      code: 'unreadable-file',
      message: expect.stringMatching(
        /expected a folder for Graft's data at .*home, but.*ENOTDIR.*GRAFT_HOME/,
      ) as string,
    });
  });

  it('leaves nothing of an upload that nobody can finish any more', async () => {
    const { hub, page, home } = await start();
    const { upload } = await page.call('host.beginUpload', { name: 'photos' });
    await hub.receiveUpload(upload, 'a/1.jpg', Readable.from([Buffer.from('x')]));
    expect(readdirSync(join(home, 'uploads'))).toEqual([`${upload}.part`]);
    await hub.close();
    expect(readdirSync(join(home, 'uploads'))).toEqual([]);
  });

  it('gives both processes the same real data folder', async () => {
    const test = await start();
    expect((await test.page.call('engine.info', {})).platform).toBe(test.home);
  });

  it('keeps from pages what only hosts call', async () => {
    const { hub, page } = await start();
    const thumbnail = { source: { kind: 'image', image: 'a.jpg' }, size: 96 } as const;
    await expect(page.call('media.thumbnail', thumbnail)).rejects.toMatchObject({ code: 'unknown-method' });
    await expect(hub.client.call('media.thumbnail', thumbnail)).resolves.toHaveProperty('file');
  });

  it('lets pages name granted paths only, and projects that were opened before', async () => {
    const { page, folder } = await start();
    const inspect = (path: string) => page.call('dataset.inspect', { path });
    await expect(inspect(join(folder, 'data', 'x'))).resolves.toEqual({ path: join(folder, 'data', 'x') });
    await expect(inspect(join(folder, 'other'))).rejects.toMatchObject({ code: 'not-granted' });
    await expect(inspect(`${join(folder, 'data')}/../other`)).rejects.toMatchObject({ code: 'not-granted' });
    await expect(inspect(join(folder, 'known'))).resolves.toEqual({ path: join(folder, 'known') });
    const recipe = createRecipe(join(folder, 'data'));
    const weightsFile = join(folder, 'other', 'w.pth');
    const hidden = { ...recipe, backbone: { ...recipe.backbone, weightsFile } };
    await expect(page.call('train.estimate', { recipe: hidden })).rejects.toMatchObject({ code: 'not-granted' });
  });

  it('repeats a call that changes nothing when its process dies, and no other', async () => {
    const test = await start();
    const first = await pidOf(test);
    await expect(test.page.call('backbones.list', {})).resolves.toEqual([]);
    expect(await pidOf(test)).not.toBe(first);
    const killed = test.page.call('backbones.download', { id: 'SIGSEGV' });
    await expect(killed).rejects.toMatchObject({ code: 'engine-crashed' });
    await expect(killed).rejects.toThrow(/SIGSEGV/);
  });

  it("lets a call wait for the process that takes the dead one's place", async () => {
    const test = await start();
    const first = await pidOf(test);
    const waiting = test.page.call('backbones.download', { id: 'wait' });
    waiting.catch(() => undefined);
    process.kill(Number(first), 'SIGKILL');
    await test.until('host.engine', ({ state }) => state === 'restarting');
    const call = test.page.call('dataset.inspect', { path: join(test.folder, 'data') });
    await expect(call).resolves.toEqual({ path: join(test.folder, 'data') });
    await expect(waiting).rejects.toMatchObject({ code: 'engine-crashed' });
    const { message } = await test.until('host.engine', ({ state }) => state === 'restarting');
    expect(message).toMatch(/killed \(SIGKILL\), probably because memory ran out/);
    expect((await test.state('engine', 'ready')).message).toBeNull();
  });

  it('gives up after too many deaths, says so, and starts anew when asked', async () => {
    const test = await start();
    for (let death = 0; death < 4; death++) {
      await expect(test.page.call('backbones.download', { id: 'SIGSEGV' })).rejects.toMatchObject({
        code: 'engine-crashed',
      });
    }
    expect((await test.state('engine', 'stopped')).message).toMatch(/died 4 times within 10 minutes/);
    await expect(pidOf(test)).rejects.toMatchObject({ code: 'engine-crashed' });
    await test.page.call('host.restartEngine', {});
    await expect(pidOf(test)).resolves.toMatch(/^\d+$/);
    expect(await test.state('engine', 'ready')).toMatchObject({ message: null });
  });

  it('says what is missing when a process has not been built, and serves the other', async () => {
    const test = await start({ library: { entry: join(dirname(entry), 'missing.js') } });
    expect((await test.state('library', 'stopped')).message).toMatch(/has not been built/);
    await expect(test.page.call('projects.list', {})).rejects.toMatchObject({ code: 'not-found' });
    await expect(pidOf(test)).resolves.toMatch(/^\d+$/);
  });

  it("opens the current project again in a library that took a dead one's place", async () => {
    const test = await start();
    const path = join(test.folder, 'data');
    await test.page.call('projects.open', { path });
    const big = { source: { kind: 'image', image: 'a.jpg' }, size: 1024 } as const;
    await expect(test.hub.client.call('media.thumbnail', big)).rejects.toMatchObject({ code: 'engine-crashed' });
    await expect(test.page.call('projects.current', {})).resolves.toMatchObject({ path });
  });

  it('tells every page, and a page that goes stops nothing', async () => {
    const test = await start();
    const second = test.openPage();
    const heard = new Promise<string>((resolve) => second.on('train.started', ({ run }) => resolve(run)));
    const run = await startRun(test);
    expect(await heard).toBe(run);
    test.page.close();
    await expect(second.call('train.current', {})).resolves.toEqual({ run });
    expect(test.hub.runInHand).toBe(run);
  });

  it('finds pictures by address', async () => {
    const { hub, home, folder } = await start();
    const media = (address: string) => hub.media(new URL(address, 'http://h'));
    const file = join(home, 'thumbnail.webp');
    const webp = { file, contentType: 'image/webp' };
    expect(await media('/media/thumbnail?image=a%2Fb.jpg&size=192')).toEqual({ ...webp, isImmutable: false });
    expect(readFileSync(file, 'utf8')).toBe('a/b.jpg');
    expect(await media('/media/thumbnail?image=a&size=96&v=ff')).toEqual({ ...webp, isImmutable: true });
    const inside = encodeURIComponent(join(folder, 'data', 'x.jpg'));
    expect(await media(`/media/thumbnail?file=${inside}&size=96`)).toEqual({ ...webp, isImmutable: false });
    await expect(media('/media/thumbnail?file=%2Fetc%2Fpasswd&size=96')).rejects.toMatchObject({ code: 'not-granted' });
    for (const wrong of ['?image=a&size=97', '?image=a', '?image=a&file=b&size=96', '?image=a&image=b&size=96', '']) {
      await expect(media(`/media/thumbnail${wrong}`)).rejects.toMatchObject({ code: 'invalid-value' });
    }
    expect(await media('/media/pixels?image=a&backbone=b')).toMatchObject({ contentType: 'application/octet-stream' });
    expect(await media('/media/other')).toBeNull();
  });

  it('has a run saved when it closes', async () => {
    const test = await start();
    const run = await startRun(test);
    await test.hub.close();
    expect(readFileSync(join(test.home, 'saved'), 'utf8')).toBe(run);
  });

  it('saves nothing when it is closed at once', async () => {
    const test = await start();
    await startRun(test);
    await test.hub.close({ atOnce: true });
    expect(existsSync(join(test.home, 'saved'))).toBe(false);
  });

  it('is restarted once when two pages ask for it together', async () => {
    const test = await start();
    await pidOf(test);
    const second = test.openPage();
    await Promise.all([test.page.call('host.restartEngine', {}), second.call('host.restartEngine', {})]);
    const now = await pidOf(test);
    const pids = new Set(readFileSync(join(test.home, 'pids'), 'utf8').trim().split('\n'));
    expect([...pids].filter((pid) => isAlive(Number(pid)))).toEqual([now]);
  });

  it('refuses a data folder that another works in, and leaves it to the next when it closes', async () => {
    const test = await start();
    await expect(start({ dataFolder: test.home })).rejects.toMatchObject({
      code: 'conflict',
      details: { pid: process.pid },
    });
    await expect(pidOf(test)).resolves.toMatch(/^\d+$/);
    await test.hub.close();
    const next = await start({ dataFolder: test.home });
    await expect(pidOf(next)).resolves.toMatch(/^\d+$/);
  });
});
