import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { GraftError, messageOf } from '../../../shared/errors.js';
import { renameWithRetry } from '../../common/rename.js';
import { projectFolder, projectTrashFolder } from './paths.js';

/** What was removed stays in a trash for so long: 30 days. */
export const TRASH_MS = 30 * 24 * 3600 * 1000;

/** Half deleted, it must not be taken for what can be restored. */
const DOOMED = '.deleting-';

interface Discarded {
  readonly name: string;
  readonly id: string;
  /** When it was removed, in milliseconds since 1970. */
  readonly removedMs: number;
}

/** `<id>~<milliseconds>`: an id has no tilde, and one data set may be opened and removed more than once. */
function parseName(name: string): Discarded | null {
  const [, id, time] = /^([^~.][^~]*)~(\d+)$/.exec(name) ?? [];
  return id === undefined ? null : { name, id, removedMs: Number(time) };
}

async function listDiscarded(): Promise<Discarded[]> {
  const names = await readdir(projectTrashFolder()).catch(() => []);
  return names.flatMap((name) => parseName(name) ?? []);
}

/**
 * Moves a project's folder to the trash as it is: its recipe, its runs, and the runs in its own trash.
 *
 * @throws GraftError `conflict` when another program holds a file in it
 */
export async function discardProject(id: string, nowMs = Date.now()): Promise<void> {
  const folder = projectFolder(id);
  try {
    await mkdir(projectTrashFolder(), { recursive: true });
    const taken = new Set((await listDiscarded()).map(({ name }) => name));
    let removedMs = nowMs;
    while (taken.has(`${id}~${removedMs}`)) removedMs++;
    await renameWithRetry(folder, join(projectTrashFolder(), `${id}~${removedMs}`));
  } catch (cause) {
    const message = `expected to move ${folder} to the trash: ${messageOf(cause)}. Close other programs that have a file of it open, and try again`;
    throw new GraftError('conflict', message, { cause });
  }
}

/**
 * Puts back what was removed last of a project.
 *
 * @throws GraftError `not-found` when there is nothing of it in the trash, `already-exists` when its data set has been
 * opened anew since
 */
export async function restoreProject(id: string): Promise<void> {
  const [latest] = (await listDiscarded()).filter((one) => one.id === id).sort((a, b) => b.removedMs - a.removedMs);
  if (latest === undefined) {
    throw new GraftError(
      'not-found',
      `expected a removed project "${id}" in the trash, but there is none: what has been there for 30 days is gone for good`,
    );
  }
  const folder = projectFolder(id);
  const isTaken = await stat(folder).then(
    () => true,
    () => false,
  );
  if (isTaken) {
    throw new GraftError(
      'already-exists',
      `expected ${folder} to be free, but its pictures were opened again since: take that project off the list first`,
    );
  }
  await renameWithRetry(join(projectTrashFolder(), latest.name), folder);
}

/**
 * The rule: a removed project is deleted for good, runs and all, when the library starts and 30 days have passed since its
 * removal, as told by the time in its folder's name. The pictures are never among it.
 */
export async function purgeProjects(nowMs = Date.now()): Promise<void> {
  const trash = projectTrashFolder();
  for (const name of await readdir(trash).catch(() => [])) {
    const discarded = parseName(name);
    const isDue = discarded !== null && nowMs - discarded.removedMs >= TRASH_MS;
    if (!isDue && !name.startsWith(DOOMED)) continue;
    const doomed = isDue ? join(trash, `${DOOMED}${name}`) : join(trash, name);
    const isDoomed =
      !isDue ||
      (await rename(join(trash, name), doomed).then(
        () => true,
        () => false,
      ));
    if (isDoomed) await rm(doomed, { recursive: true, force: true }).catch(() => undefined);
  }
}
