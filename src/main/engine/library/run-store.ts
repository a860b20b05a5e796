import { mkdir, readdir, readFile, rename, rm, rmdir, stat, utimes } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import * as v from 'valibot';
import { GraftError } from '../../../shared/errors.js';
import type { RunDetail, RunInfo } from '../../../shared/studio.js';
import { systemCode } from '../../common/system-code.js';
import { renameWithRetry } from '../../common/rename.js';
import { writeJsonAtomic } from '../files.js';
import { runningProcess } from '../runs/run-status.js';
import { projectFolder, projectsFolder, runsFolder, trashFolder } from './paths.js';
import { TRASH_MS } from './project-trash.js';
import { createRunReader, type StoredRun } from './read-run.js';
import { slugOf } from './slug.js';
import { createTurn } from './turn.js';

const namesSchema = v.record(v.string(), v.string());
const namesFile = (project: string): string => join(projectFolder(project), 'run-names.json');

/** A run by its project and its folder's name. */
interface RunPlace {
  readonly project: string;
  readonly folder: string;
}

/**
 * Where a run lies. Only folders directly in a project's `runs` are runs of the library.
 *
 * @throws GraftError `not-found`
 */
function placeOf(run: string): RunPlace {
  const folder = basename(run);
  const project = basename(dirname(dirname(run)));
  if (run === join(runsFolder(project), folder) && !folder.startsWith('.')) return { project, folder };
  throw new GraftError(
    'not-found',
    `expected a run of a project, in a folder below ${projectsFolder()}, received ${run}`,
  );
}

const exists = async (path: string): Promise<boolean> =>
  await stat(path).then(
    () => true,
    () => false,
  );

/** Names that the user gave, by folder; a file that is broken names none. */
async function readNames(project: string): Promise<Record<string, string>> {
  try {
    const value: unknown = JSON.parse(await readFile(namesFile(project), 'utf8'));
    return v.is(namesSchema, value) ? value : {};
  } catch {
    return {};
  }
}

const twoDigits = (value: number): string => String(value).padStart(2, '0');

/** `yyyymmdd-hhmmss` in local time. */
function timestamp(now: Date): string {
  const date = [now.getFullYear(), now.getMonth() + 1, now.getDate()].map(twoDigits).join('');
  return `${date}-${[now.getHours(), now.getMinutes(), now.getSeconds()].map(twoDigits).join('')}`;
}

const missing = (run: string): GraftError =>
  new GraftError(
    'not-found',
    `expected a run at ${run}, but there is none: it may have been deleted; list the runs again`,
  );

/** The runs of all projects: folders below `projects/<id>/runs`, and the trash beside them. */
export interface RunStore {
  /** The latest first. */
  list(project: string): Promise<RunInfo[]>;
  /** How many run folders a project has. */
  count(project: string): Promise<number>;
  /** @throws GraftError `not-found` */
  get(run: string): Promise<RunDetail>;
  /** A folder name that no run has, had or was promised; the folder is not made. */
  reserve(project: string, name: string): Promise<string>;
  /** @throws GraftError `not-found` */
  rename(run: string, name: string): Promise<RunInfo>;
  /** Moves a run to the trash. @throws GraftError `not-found`, `engine-busy` while it trains */
  remove(run: string): Promise<void>;
  /** Takes a run back from the trash. @throws GraftError `not-found`, `already-exists` */
  restore(run: string): Promise<RunInfo>;
  /** Resolves when none of a project's runs trains. @throws GraftError `engine-busy` while one does */
  expectIdle(project: string): Promise<void>;
  /** Resolves when changes that were asked for have been made. */
  settled(): Promise<void>;
  /** Deletes for good what has been in the trash for 30 days, and the folders of projects that nothing is left of. */
  purgeTrash(nowMs?: number): Promise<void>;
}

export function createRunStore(): RunStore {
  const reader = createRunReader();
  const turn = createTurn();
  const reserved = new Set<string>();

  const folders = async (project: string): Promise<string[]> => {
    const entries = await readdir(runsFolder(project), { withFileTypes: true }).catch(() => []);
    return entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
  };

  /** What only a look at the engine's claim tells, and the name. */
  const complete = async ({ info }: StoredRun, names: Readonly<Record<string, string>>): Promise<RunInfo> => {
    const folder = basename(info.run);
    const name = Object.hasOwn(names, folder) ? names[folder]! : folder;
    const isOpen = info.status === 'interrupted' || info.isResumable;
    const isRunning = isOpen && (await runningProcess(info.run)) !== null;
    return isRunning ? { ...info, name, status: 'running', isResumable: false } : { ...info, name };
  };

  const find = async (run: string): Promise<StoredRun> => {
    const stored = await reader.read(run);
    if (stored === null) throw missing(run);
    return stored;
  };

  const setName = async ({ project, folder }: RunPlace, name: string): Promise<void> => {
    const names = await readNames(project);
    await mkdir(projectFolder(project), { recursive: true });
    await writeJsonAtomic(namesFile(project), { ...names, [folder]: name });
  };

  const refuseRunning = async (run: string): Promise<void> => {
    if ((await runningProcess(run)) === null) return;
    throw new GraftError('engine-busy', `expected a run that has ended, but ${run} is training: stop it first`);
  };

  const discard = async ({ project, folder }: RunPlace): Promise<void> => {
    await mkdir(trashFolder(project), { recursive: true });
    const target = join(trashFolder(project), folder);
    await renameWithRetry(join(runsFolder(project), folder), target);
    // Its folder's own time says when it was thrown away.
    await utimes(target, new Date(), new Date()).catch(() => undefined);
  };

  return {
    async list(project) {
      const runs = (await folders(project)).map((folder) => join(runsFolder(project), folder));
      const [names, found] = await Promise.all([
        readNames(project),
        Promise.all(runs.map((run) => reader.read(run).catch(() => null))),
      ]);
      reader.keepOnly(runs);
      const infos = await Promise.all(found.filter((one) => one !== null).map((one) => complete(one, names)));
      return infos.sort((a, b) =>
        a.createdAt === b.createdAt ? (a.run < b.run ? 1 : -1) : a.createdAt < b.createdAt ? 1 : -1,
      );
    },
    count: async (project) => (await folders(project)).length,
    async get(run) {
      const { project } = placeOf(run);
      const stored = await find(run);
      return { ...stored, info: await complete(stored, await readNames(project)) };
    },
    reserve: (project, name) =>
      turn.take(async () => {
        const base = `${timestamp(new Date())}-${slugOf(name) || 'run'}`;
        for (let number = 1; ; number++) {
          const folder = number === 1 ? base : `${base}-${number}`;
          const run = join(runsFolder(project), folder);
          const isTaken =
            reserved.has(run) || (await exists(run)) || (await exists(join(trashFolder(project), folder)));
          if (isTaken) continue;
          reserved.add(run);
          if (name.trim() !== '') await setName({ project, folder }, name.trim());
          return run;
        }
      }),
    rename: (run, name) =>
      turn.take(async () => {
        const place = placeOf(run);
        const stored = await find(run);
        await setName(place, name);
        return await complete(stored, { [place.folder]: name });
      }),
    remove: (run) =>
      turn.take(async () => {
        const place = placeOf(run);
        if (!(await exists(run))) throw missing(run);
        await refuseRunning(run);
        await discard(place);
      }),
    restore: (run) =>
      turn.take(async () => {
        const { project, folder } = placeOf(run);
        const from = join(trashFolder(project), folder);
        if (!(await exists(from))) {
          throw new GraftError(
            'not-found',
            `expected a deleted run named ${folder} in the trash, but there is none: what has been there for 30 days is gone for good`,
          );
        }
        if (await exists(run)) {
          throw new GraftError(
            'already-exists',
            `expected ${run} to be free, but a run lies there: rename its folder first`,
          );
        }
        await mkdir(runsFolder(project), { recursive: true });
        await renameWithRetry(from, run);
        return await complete(await find(run), await readNames(project));
      }),
    async expectIdle(project) {
      for (const folder of await folders(project)) await refuseRunning(join(runsFolder(project), folder));
    },
    settled: () => turn.take(async () => undefined),
    async purgeTrash(nowMs = Date.now()) {
      const projects = await readdir(projectsFolder()).catch(() => []);
      for (const project of projects) if (!project.startsWith('.')) await purgeProject(project, nowMs);
    },
  };
}

async function purgeProject(project: string, nowMs: number): Promise<void> {
  for (const folder of await readdir(trashFolder(project)).catch(() => [])) {
    const path = join(trashFolder(project), folder);
    const facts = await stat(path).catch(() => null);
    if (facts === null || nowMs - facts.mtimeMs < TRASH_MS) continue;
    // Under another name first: half deleted, it must not be taken for a run.
    const doomed = join(trashFolder(project), `.deleting-${folder}`);
    const isDoomed = folder.startsWith('.deleting-')
      ? path
      : await rename(path, doomed).then(
          () => doomed,
          () => null,
        );
    if (isDoomed !== null) await rm(isDoomed, { recursive: true, force: true }).catch(() => undefined);
  }
  const left = await readdir(projectFolder(project)).catch(() => ['unreadable']);
  if (left.some((name) => !['runs', 'trash', 'run-names.json'].includes(name))) return;
  // A folder without a project, as older versions left it: it goes once nothing is left in it.
  for (const folder of [trashFolder(project), runsFolder(project)]) {
    const isGone = await rmdir(folder).then(
      () => true,
      (error: unknown) => systemCode(error) === 'ENOENT',
    );
    if (!isGone) return;
  }
  await rm(namesFile(project), { force: true });
  await rmdir(projectFolder(project)).catch(() => undefined);
}
