import { readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { dataFolder, uploadsFolder } from '../../common/data-folder.js';
import { systemCode } from '../../common/system-code.js';
import { projectsFolder, projectTrashFolder } from './paths.js';
import { TRASH_MS } from './project-trash.js';

/** What a finished upload's folder is called; one that has begun, or is no upload, is none of these. */
const FINISHED = /^[0-9a-f]{24}$/;
/** Half deleted, it must not be taken for what was sent. */
const DOOMED = '.deleting-';

const ownFolder = (): string => uploadsFolder(dataFolder());

async function listUploads(): Promise<string[]> {
  return await readdir(ownFolder()).catch(() => []);
}

/** Whether a folder or file is not there, or is not the one of the two that it was taken for. */
const isNone = (error: unknown): boolean => ['ENOENT', 'ENOTDIR', 'EISDIR'].includes(systemCode(error) ?? '');

async function entriesOf(folder: string): Promise<string[]> {
  return await readdir(folder).catch((error: unknown) => {
    if (isNone(error)) return [];
    throw error;
  });
}

/** Every file that may name an upload: what belongs to projects and to their runs, also in the trash, also when it is broken. */
async function* referrers(): AsyncGenerator<string> {
  for (const parent of [projectsFolder(), projectTrashFolder()]) {
    for (const project of await entriesOf(parent)) {
      const folder = join(parent, project);
      for (const name of await entriesOf(folder)) if (name.endsWith('.json')) yield join(folder, name);
      for (const runs of ['runs', 'trash']) {
        for (const run of await entriesOf(join(folder, runs))) yield join(folder, runs, run, 'recipe.json');
      }
    }
  }
}

/** Ids that nothing refers to. They are random, so that finding one anywhere in a file is finding what it refers to. */
async function withoutReferrer(ids: readonly string[]): Promise<readonly string[]> {
  let left = ids;
  for await (const file of referrers()) {
    if (left.length === 0) break;
    const text = await readFile(file, 'utf8').catch((error: unknown) => {
      if (isNone(error)) return '';
      throw error;
    });
    left = left.filter((id) => !text.includes(id));
  }
  return left;
}

/**
 * The rule: what a page has sent is deleted when the library starts, 30 days have passed since, and neither a project nor a
 * run refers to it, those in the trash included. So a data set goes with its project, once that is gone from the trash, and
 * what was sent but never opened goes after 30 days. Where one of the files that may refer to it can't be read, nothing is.
 *
 * Takes its folder away, so that it can't be opened any more; {@link sweepUploads} deletes it. For whoever has no project
 * opened or restored meanwhile.
 *
 * @throws Error when a file that may refer to an upload can't be read
 */
export async function doomUploads(nowMs = Date.now()): Promise<void> {
  const due: string[] = [];
  for (const id of await listUploads()) {
    if (!FINISHED.test(id)) continue;
    const facts = await stat(join(ownFolder(), id)).catch(() => null);
    if (facts !== null && nowMs - facts.mtimeMs >= TRASH_MS) due.push(id);
  }
  if (due.length === 0) return;
  for (const id of await withoutReferrer(due)) {
    await rename(join(ownFolder(), id), join(ownFolder(), `${DOOMED}${id}`)).catch(() => undefined);
  }
}

/** Deletes what {@link doomUploads} took away, now or before a crash. */
export async function sweepUploads(): Promise<void> {
  for (const name of await listUploads()) {
    if (!name.startsWith(DOOMED)) continue;
    await rm(join(ownFolder(), name), { recursive: true, force: true }).catch(() => undefined);
  }
}
