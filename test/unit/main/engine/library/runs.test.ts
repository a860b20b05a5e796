import { appendFileSync, existsSync, mkdirSync, readFileSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { createRunStore } from '../../../../../src/main/engine/library/run-store.js';
import { appendMetrics } from '../../../../../src/main/engine/runs/metrics-log.js';
import { createRunFolder, writeSummary } from '../../../../../src/main/engine/runs/run-folder.js';
import { claimRun, writeFailure } from '../../../../../src/main/engine/runs/run-status.js';
import { createRecipe } from '../../../../../src/shared/recipe.js';
import type { EpochMetrics, RunSummary } from '../../../../../src/shared/reports.js';
import { makeFolder, photoBytes, putFile, removeFolder } from '../../../../support/images.js';
import { openLibrary, type TestLibrary } from '../../../../support/library.js';

let home: string;
let folder: string;
let library: TestLibrary;
let project: string;
beforeEach(async () => {
  home = makeFolder('runs-home');
  folder = makeFolder('runs');
  vi.stubEnv('GRAFT_HOME', home);
  for (const name of ['a/1.jpg', 'a/2.jpg', 'b/1.jpg', 'b/2.jpg']) {
    putFile(join(folder, name), await photoBytes(30, 30, name.charCodeAt(0) + name.charCodeAt(2)));
  }
  library = openLibrary();
  project = (await library.call('projects.open', { path: folder })).id;
});
afterEach(async () => {
  await library.close();
  vi.unstubAllEnvs();
  removeFolder(home);
  removeFolder(folder);
});

const epoch = (number: number, accuracy: number): EpochMetrics => ({
  epoch: number,
  epochs: 10,
  train: { loss: 1 / number, accuracy },
  val: { loss: 1 / number, accuracy },
  lr: 0.01,
  imagesPerSecond: 50,
  seconds: { train: 1, validate: 1, wait: 0 },
});

const summaryOf = (startedAt: string): RunSummary => ({
  graftVersion: '0.1.0',
  startedAt,
  reason: 'completed',
  backbone: 'resnet18',
  mode: 'freeze',
  classes: ['a', 'b'],
  images: { train: 2, val: 2, excluded: 0 },
  datasetFingerprint: 'f',
  epochs: 2,
  best: { epoch: 2, val: { loss: 0.5, accuracy: 0.8 }, interval: [0.5, 0.9] },
  last: { epoch: 2, train: { loss: 0.5, accuracy: 0.8 }, val: { loss: 0.5, accuracy: 0.8 } },
  seconds: { prepare: 1, train: 2, validate: 1, total: 4 },
  device: 'cpu',
  tensorflow: '2.9.1',
  peakMemoryBytes: 1e8,
});

/** A run as the engine leaves it after some epochs. */
async function makeRun(name: string, accuracies: readonly number[]): Promise<string> {
  const { run } = await library.call('runs.reserve', { name });
  await createRunFolder(run, createRecipe(folder));
  for (const [index, accuracy] of accuracies.entries()) await appendMetrics(run, epoch(index + 1, accuracy));
  return run;
}

const list = () => library.call('runs.list', {});

describe('runs', () => {
  it('get folder names that say when and what, each once', async () => {
    const reserve = async (name: string) => (await library.call('runs.reserve', { name })).run;
    const runs = await Promise.all(
      ['First try!', 'First try!', '螞蟻 vs. bees', '../../x', '  ', 'a'.repeat(300)].map(reserve),
    );
    expect(new Set(runs).size).toBe(runs.length);
    for (const run of runs) expect(dirname(run)).toBe(join(home, 'projects', project, 'runs'));
    const names = runs.map((run) => basename(run).replace(/^\d{8}-\d{6}-/, ''));
    expect(names.slice(2)).toEqual(['螞蟻-vs-bees', 'x', 'run', 'a'.repeat(40)]);
    expect(names[0]).toBe('first-try');
    expect(names[1]).toMatch(/^first-try(-2)?$/);
    expect(existsSync(runs[0]!)).toBe(false);
    expect(await list()).toEqual([]);
  });

  it('are listed as their folders show them', async () => {
    const done = await makeRun('Done', [0.5, 0.8]);
    await writeSummary(done, summaryOf('2001-02-03T04:05:06.000Z'));
    writeFileSync(join(done, 'exports.json'), JSON.stringify([{ format: 'tfjs', out: '/out', at: '2001-02-03' }]));
    const torn = await makeRun('Torn', [0.7, 0.9, 0.8]);
    // Gone on from a checkpoint after epoch 1, then torn by a crash.
    await appendMetrics(torn, epoch(2, 0.6));
    appendFileSync(join(torn, 'metrics.ndjson'), '{"epoch": 3, "epo');
    const failed = await makeRun('Failed', []);
    await writeFailure(failed, { code: 'out-of-memory', message: 'too much' });
    writeFileSync(join(failed, 'summary.json'), '{"reason": "com');
    mkdirSync(join(home, 'projects', project, 'runs', 'nothing'));

    const infos = await list();
    expect(infos.map(({ name }) => name).at(-1)).toBe('Done');
    const byName = new Map(infos.map((info) => [info.name, info]));
    expect(byName.size).toBe(3);
    expect(byName.get('Done')).toMatchObject({
      run: done,
      createdAt: '2001-02-03T04:05:06.000Z',
      status: 'completed',
      isResumable: false,
      error: null,
      epochsPlanned: 10,
      accuracies: [0.5, 0.8],
      best: { epoch: 2 },
      seconds: 4,
      exports: [{ format: 'tfjs', out: '/out' }],
    });
    expect(byName.get('Torn')).toMatchObject({
      status: 'interrupted',
      accuracies: [0.7, 0.6],
      best: { epoch: 1, val: { accuracy: 0.7 } },
      seconds: null,
    });
    expect(byName.get('Failed')).toMatchObject({ status: 'failed', error: { code: 'out-of-memory' }, best: null });
    expect(await library.call('runs.get', { run: done })).toMatchObject({
      info: { name: 'Done' },
      recipe: { data: { path: folder } },
      epochs: [{ epoch: 1 }, { epoch: 2 }],
      summary: { tensorflow: '2.9.1' },
    });
  });

  it('are read again when they have changed, and known to train while a process holds them', async () => {
    const run = await makeRun('x', [0.5]);
    expect(await list()).toMatchObject([{ accuracies: [0.5], status: 'interrupted' }]);
    await appendMetrics(run, epoch(2, 0.75));
    const release = await claimRun(run);
    expect(await list()).toMatchObject([{ accuracies: [0.5, 0.75], status: 'running' }]);
    await expect(library.call('runs.delete', { run })).rejects.toMatchObject({ code: 'engine-busy' });
    await expect(library.call('projects.remove', { id: project })).rejects.toMatchObject({ code: 'engine-busy' });
    await release();
    await writeSummary(run, summaryOf('2001-02-03T04:05:06.000Z'));
    expect(await list()).toMatchObject([{ status: 'completed' }]);
  });

  it('are renamed, deleted and taken back', async () => {
    const run = await makeRun('One', [0.5]);
    expect(await library.call('runs.rename', { run, name: '  Uno ' })).toMatchObject({ run, name: 'Uno' });
    await library.call('runs.delete', { run });
    expect([existsSync(run), await list()]).toEqual([false, []]);
    await expect(library.call('runs.delete', { run })).rejects.toMatchObject({ code: 'not-found' });
    expect(await library.call('runs.restore', { run })).toMatchObject({ run, name: 'Uno', accuracies: [0.5] });
    await expect(library.call('runs.restore', { run })).rejects.toMatchObject({ code: 'not-found' });
    expect(library.events.filter(({ name }) => name === 'runs.changed').map(({ data }) => data)).toEqual([
      { run },
      { run },
      { run },
    ]);
    const elsewhere = [
      folder,
      join(home, 'projects', project),
      join(home, 'projects', project, 'runs', '..', 'x'),
      `${run}/..`,
    ];
    for (const other of elsewhere) {
      for (const method of ['runs.get', 'runs.delete', 'runs.restore'] as const) {
        await expect(library.call(method, { run: other })).rejects.toMatchObject({ code: 'not-found' });
      }
      await expect(library.call('runs.rename', { run: other, name: 'x' })).rejects.toMatchObject({ code: 'not-found' });
    }
  });

  it('leave the trash after 30 days, and the last of them a folder that is no project any more', async () => {
    const [old, young] = [await makeRun('old', [0.5]), await makeRun('young', [0.5])];
    const content = readFileSync(join(old, 'metrics.ndjson'), 'utf8');
    for (const run of [old, young]) await library.call('runs.delete', { run });
    const trash = join(home, 'projects', project, 'trash');
    expect(readFileSync(join(trash, basename(old), 'metrics.ndjson'), 'utf8')).toBe(content);
    const store = createRunStore();
    const days = (count: number): Date => new Date(Date.now() - count * 86_400_000);
    utimesSync(join(trash, basename(old)), days(31), days(31));
    utimesSync(join(trash, basename(young)), days(29), days(29));
    await store.purgeTrash();
    expect([old, young].map((run) => existsSync(join(trash, basename(run))))).toEqual([false, true]);
    expect(await library.call('runs.restore', { run: young })).toMatchObject({ name: 'young' });
    await library.call('runs.delete', { run: young });
    rmSync(join(home, 'projects', project, 'project.json'));
    await store.purgeTrash(Date.now() + 31 * 86_400_000);
    expect(existsSync(join(home, 'projects', project))).toBe(false);
  });

  it('need an open project to be reserved', async () => {
    await library.call('projects.close', {});
    await expect(library.call('runs.reserve', { name: 'x' })).rejects.toMatchObject({ code: 'not-found' });
    expect(await list()).toEqual([]);
    rmSync(folder, { recursive: true });
  });
});
