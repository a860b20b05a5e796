import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, realpath, rename, stat } from 'node:fs/promises';
import { basename, join } from 'node:path';
import * as v from 'valibot';
import { GraftError, messageOf } from '../../../shared/errors.js';
import { createRecipe, parseRecipe, type Recipe } from '../../../shared/recipe.js';
import type { Project } from '../../../shared/studio.js';
import { systemCode } from '../../common/system-code.js';
import { writeJsonAtomic } from '../files.js';
import { projectFolder, projectsFolder, sessionFile } from './paths.js';
import { slugOf } from './slug.js';

/** `project.json`, without its recipe, which has a reader of its own. */
const projectSchema = v.looseObject({
  version: v.literal(1),
  name: v.pipe(v.string(), v.minLength(1)),
  path: v.pipe(v.string(), v.minLength(1)),
  openedAt: v.string(),
  revision: v.pipe(v.number(), v.integer(), v.minValue(0)),
  recipe: v.unknown(),
});

/** A project's folder name: what an id must look like before it becomes part of a path. */
const ID = /^[\p{L}\p{N}][\p{L}\p{M}\p{N}-]{0,80}$/u;
const ID_HASH_DIGITS = 12;

const projectFile = (id: string): string => join(projectFolder(id), 'project.json');

/** Told of files of ours that could not be read and what was done. */
export type Warn = (message: string) => void;

/** The folder's or archive's name, as a project is called. */
export const projectName = (path: string): string => basename(path).replace(/\.zip$/i, '') || path;

/** The id of a data set's project: readable, and the same for the same real path. */
export function projectId(path: string): string {
  const hash = createHash('sha256').update(path).digest('hex').slice(0, ID_HASH_DIGITS);
  return [slugOf(projectName(path)), hash].filter((part) => part !== '').join('-');
}

/**
 * The real path of a folder or zip archive that shall be opened.
 *
 * @throws GraftError `not-found`, `dataset-unusable`
 */
export async function resolveDataset(path: string): Promise<string> {
  const facts = await stat(path).catch((cause: unknown) => {
    const message = `expected a folder or a zip archive at ${path}, but there is nothing that can be read: ${messageOf(cause)}`;
    throw new GraftError('not-found', message, { cause });
  });
  if (!facts.isDirectory() && !(facts.isFile() && /\.zip$/i.test(path))) {
    throw new GraftError(
      'dataset-unusable',
      `expected a folder or a zip archive, received ${path}: choose the folder that holds one folder of pictures for each class`,
    );
  }
  return await realpath(path);
}

async function readJson(file: string): Promise<unknown> {
  const text = await readFile(file, 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  });
  return text === null ? undefined : (JSON.parse(text) as unknown);
}

/** The stored recipe, or a fresh one where it can't be read; the data's path is always the project's. */
function recipeOf(value: unknown, path: string, file: string, warn: Warn): Recipe {
  try {
    const recipe = parseRecipe(value);
    return { ...recipe, data: { ...recipe.data, path } };
  } catch (error) {
    if (!(error instanceof GraftError)) throw error;
    warn(`${file}: its recipe cannot be read and was replaced by a fresh one: ${error.message}`);
    return createRecipe(path);
  }
}

/** A project as its file says, before anybody has asked whether it is whole. */
async function parseProject(id: string, warn: Warn): Promise<Project | null> {
  const file = projectFile(id);
  const value = await readJson(file);
  if (value === undefined) return null;
  const { name, path, openedAt, revision, recipe } = v.parse(projectSchema, value);
  return { id, name, path, openedAt, revision, recipe: recipeOf(recipe, path, file, warn) };
}

/**
 * Reads a project. A file that is broken is set aside under another name, with a warning; its runs stay.
 *
 * @returns null when there is none that can be read
 */
export async function readProject(id: string, warn: Warn): Promise<Project | null> {
  if (!ID.test(id)) return null;
  const file = projectFile(id);
  try {
    return await parseProject(id, warn);
  } catch (error) {
    const isBroken = error instanceof SyntaxError || v.isValiError(error);
    if (!isBroken) {
      warn(`${file}: it cannot be read: ${messageOf(error)}`);
      return null;
    }
    const aside = join(projectFolder(id), `project.broken-${Date.now()}.json`);
    const isAside = await rename(file, aside).then(
      () => true,
      () => false,
    );
    warn(`${file}: it is broken (${messageOf(error)})${isAside ? ` and was set aside as ${aside}` : ''}`);
    return null;
  }
}

/**
 * Writes a project, whole or not at all.
 *
 * @throws GraftError `disk-full`
 */
export async function writeProject(project: Project): Promise<void> {
  const { id, ...rest } = project;
  await mkdir(projectFolder(id), { recursive: true });
  await writeJsonAtomic(projectFile(id), { version: 1, ...rest });
}

/** Every project that can be read, the one opened last first. */
export async function listProjects(warn: Warn): Promise<Project[]> {
  const names = await readdir(projectsFolder()).catch(() => []);
  const found = await Promise.all(names.map((id) => readProject(id, warn)));
  return found
    .filter((project) => project !== null)
    .sort((a, b) => (a.openedAt === b.openedAt ? (a.id < b.id ? -1 : 1) : a.openedAt < b.openedAt ? 1 : -1));
}

const sessionSchema = v.looseObject({ project: v.nullable(v.string()) });

/** The id of the project that was open when the session ended, or null. */
export async function readSession(warn: Warn): Promise<string | null> {
  try {
    const value = await readJson(sessionFile());
    return value === undefined ? null : v.parse(sessionSchema, value).project;
  } catch (error) {
    warn(`${sessionFile()}: it is broken, so no project is opened: ${messageOf(error)}`);
    return null;
  }
}

/** Remembers which project is open. */
export async function writeSession(project: string | null): Promise<void> {
  await mkdir(join(sessionFile(), '..'), { recursive: true });
  await writeJsonAtomic(sessionFile(), { project });
}
