import { copyFileSync, existsSync, mkdirSync, readFileSync, realpathSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { type EngineProcess, startEngine } from '../../src/main/engine-process.js';
import { superviseEngine } from '../../src/main/engine-process/supervisor.js';
import type { Client } from '../../src/shared/rpc.js';
import type { DatasetSummary } from '../../src/shared/studio.js';
import { isBuilt } from '../support/graft.js';
import { makeFolder, photoBytes, putFile, removeFolder } from '../support/images.js';
import { ROOT } from '../support/shared-data.js';

const entry = join(ROOT, 'out', 'main', 'library.js');
const ALL = { className: null, split: null, problem: null, isExcluded: null, search: '' };

let home: string;
let folder: string;
let lines: string[];
const processes: { stop(): Promise<void> }[] = [];
beforeEach(() => {
  home = realpathSync(makeFolder('library-process-home'));
  folder = realpathSync(makeFolder('library-process'));
  lines = [];
});
afterEach(async () => {
  for (const one of processes.splice(0)) await one.stop();
  removeFolder(home);
  removeFolder(folder);
});

const options = () => ({ entry, env: { GRAFT_HOME: home }, log: (line: string) => void lines.push(line) });

function start(): EngineProcess {
  const library = startEngine(options());
  processes.push(library);
  return library;
}

/** Different files of the same picture: what follows a JPEG's end is not looked at. */
async function putMany(count: number): Promise<void> {
  const picture = await photoBytes(40, 30, 1);
  for (const name of ['ants', 'bees', 'wasps']) mkdirSync(join(folder, name));
  for (let i = 0; i < count; i++) {
    const name = ['ants', 'bees', 'wasps'][i % 3]!;
    writeFileSync(
      join(folder, name, `${String(i).padStart(5, '0')}.jpg`),
      Buffer.concat([picture, Buffer.from(String(i))]),
    );
  }
}

const images = (client: Client, offset: number, limit: number) =>
  client.call('dataset.images', { filter: ALL, offset, limit });

/** Collects summaries until one fits. */
function follow(client: Client): {
  readonly seen: DatasetSummary[];
  until(fits: (summary: DatasetSummary) => boolean): Promise<void>;
} {
  // prettier-ignore
  const seen: DatasetSummary[] = [];
  let check = (): void => undefined;
  client.on('dataset.changed', ({ summary }) => {
    seen.push(summary);
    check();
  });
  return {
    seen,
    until: (fits) =>
      new Promise((resolve) => {
        check = () => {
          if (seen.some(fits)) resolve();
        };
        check();
      }),
  };
}

const isReady = ({ state }: DatasetSummary): boolean => state === 'ready';

describe.runIf(isBuilt())('the library process', () => {
  it('lists pictures before it has looked at them, and tells how it goes on', async () => {
    const count = 1500;
    await putMany(count);
    const { client } = start();
    const { seen, until } = follow(client);
    await client.call('projects.open', { path: folder });
    await until((summary) => summary.images === count);
    const [placed] = seen.filter((summary) => summary.images === count);
    expect(placed).toMatchObject({ state: 'scanning', fingerprint: null, classes: [{ train: 400, val: 100 }, {}, {}] });
    const early = await images(client, 0, 1000);
    expect(early.total).toBe(count);
    expect(early.items.filter(({ hash }) => hash === '').length).toBeGreaterThan(0);
    await until(isReady);
    const done = seen.map(({ scan }) => scan?.done ?? count);
    expect(done).toEqual([...done].sort((a, b) => a - b));
    expect(seen.at(-1)).toMatchObject({ images: count, splits: { train: 1200, val: 300, test: 0 }, problems: [] });
    const last = await images(client, 1490, 1000);
    expect(last.items).toHaveLength(10);
    expect(last.items[9]).toMatchObject({ path: 'wasps/01499.jpg', width: 40, height: 30 });
    expect(new Set((await images(client, 0, 1000)).items.map(({ hash }) => hash)).size).toBe(1000);
  });

  it('keeps project, overlay and what was scanned when it is killed', async () => {
    await putMany(600);
    const clients: Client[] = [];
    let restarted = (): void => undefined;
    const again = new Promise<void>((resolve) => (restarted = resolve));
    const supervisor = superviseEngine({
      ...options(),
      onStart: ({ client }) => {
        if (clients.push(client) === 2) restarted();
      },
      onGiveUp: (error) => lines.push(error.message),
    });
    processes.push(supervisor);
    const [client] = clients;
    const { until } = follow(client!);
    const { recipe } = await client!.call('projects.open', { path: folder });
    await until(({ scan }) => scan !== null && scan.done > 50);
    const edit = { kind: 'exclude' as const, images: ['ants/00000.jpg', 'bees/00001.jpg'] };
    await client!.call('dataset.edit', { edit });
    const changed = { ...recipe, training: { ...recipe.training, epochs: 3 }, data: { ...recipe.data, exclude: edit.images } }; // prettier-ignore
    const project = await client!.call('projects.update', { recipe: changed, revision: 1 });
    process.kill(supervisor.engine!.pid!, 'SIGKILL');
    await again;
    const second = clients[1]!;
    expect(await second.call('projects.current', {})).toEqual(project);
    const { until: untilSecond } = follow(second);
    const now = await second.call('dataset.summary', {});
    if (now?.state === 'scanning') await untilSecond(isReady);
    expect(await second.call('dataset.summary', {})).toMatchObject({ state: 'ready', images: 598, excluded: 2 });
    await second.call('dataset.edit', { edit: { kind: 'include', images: ['bees/00001.jpg'] } });
    expect(await second.call('dataset.summary', {})).toMatchObject({ images: 599, excluded: 1 });
  });

  it('serves pictures while it scans, and lets go of the ones that nobody waits for', async () => {
    await putMany(900);
    const { client } = start();
    await client.call('projects.open', { path: folder });
    const thumbnail = (number: number, signal?: AbortSignal) =>
      client.call(
        'media.thumbnail',
        { source: { kind: 'image', image: `ants/${String(number * 3).padStart(5, '0')}.jpg` }, size: 96 },
        { signal },
      );
    const abort = new AbortController();
    const leaving = Array.from({ length: 60 }, (_, number) => thumbnail(number, abort.signal).catch((error: unknown) => error)); // prettier-ignore
    abort.abort();
    const { file } = await thumbnail(299);
    expect(readFileSync(file).subarray(8, 12).toString('latin1')).toBe('WEBP');
    for (const error of await Promise.all(leaving)) expect(error).toMatchObject({ code: 'cancelled' });
    const { file: pixels } = await client.call('media.pixels', { image: 'bees/00001.jpg', backbone: 'test_tiny' });
    expect(readFileSync(pixels).readUInt32LE(4)).toBe(40);
  });

  it('goes on with a broken project file, and says so', async () => {
    await putMany(9);
    const first = start();
    const { id } = await first.client.call('projects.open', { path: folder });
    await first.stop();
    const file = join(home, 'projects', id, 'project.json');
    copyFileSync(file, join(home, 'copy.json'));
    putFile(file, '{"version": 1, "name"');
    const second = start();
    expect(await second.client.call('projects.current', {})).toBeNull();
    expect(existsSync(file)).toBe(false);
    expect(await second.client.call('projects.open', { path: folder })).toMatchObject({ id, revision: 0 });
    await second.stop();
    expect(lines.join('\n')).toContain('project.json: it is broken');
  });

  it('never loads TensorFlow', () => {
    const seen = new Set<string>();
    const visit = (file: string): void => {
      if (seen.has(file)) return;
      seen.add(file);
      const text = readFileSync(file, 'utf8');
      expect(text, file).not.toMatch(/@tensorflow/);
      for (const [, name] of text.matchAll(/["'](\.\/[^"']+\.js)["']/g)) {
        const path = join(file, '..', name!);
        if (existsSync(path)) visit(path);
      }
    };
    visit(entry);
    expect(seen.size).toBeGreaterThan(1);
  });
});
