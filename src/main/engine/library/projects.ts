import { stat } from 'node:fs/promises';
import type { DatasetEdit, EventName, Events } from '../../../shared/contract.js';
import { GraftError } from '../../../shared/errors.js';
import { createRecipe, type Recipe } from '../../../shared/recipe.js';
import type { Project, RecentProject } from '../../../shared/studio.js';
import { STATUS } from './catalog.js';
import type { Arrangement } from './dataset-view.js';
import { applyEdit, type EditTarget } from './edit.js';
import type { LiveDataset } from './live-dataset.js';
import {
  listProjects,
  projectId,
  projectName,
  readProject,
  readSession,
  resolveDataset,
  type Warn,
  writeProject,
  writeSession,
} from './project-store.js';
import { discardProject, restoreProject } from './project-trash.js';
import type { RunStore } from './run-store.js';
import { createTurn } from './turn.js';
import { doomUploads, sweepUploads } from './upload-purge.js';

/** Emits one of the library's events. */
export type Emit = <E extends EventName>(name: E, data: Events[E]) => void;

export interface ProjectsOptions {
  readonly emit: Emit;
  readonly warn: Warn;
  readonly runs: Pick<RunStore, 'count' | 'expectIdle'>;
  /** Starts the scan of a project's data set. */
  readonly openDataset: (project: Project) => LiveDataset;
}

/** The open project and its data set. */
export interface OpenProject {
  readonly project: Project;
  readonly dataset: LiveDataset;
}

/** The projects on disk and the one that is open. Changes happen one after the other. */
export interface Projects {
  /** Null when none is open. */
  readonly current: OpenProject | null;
  /** @throws GraftError `not-found` when none is open */
  requireOpen(): OpenProject;
  /** Opens the project that was open when the last process ended. */
  reopen(): Promise<void>;
  list(): Promise<RecentProject[]>;
  /** @throws GraftError `not-found`, `dataset-unusable`, `disk-full` */
  open(path: string): Promise<Project>;
  close(): Promise<void>;
  /** Moves a project to the trash. @throws GraftError `not-found`, `engine-busy` while one of its runs trains, `conflict` */
  remove(id: string): Promise<void>;
  /** Takes a project back from the trash. @throws GraftError `not-found`, `already-exists` */
  restore(id: string): Promise<Project>;
  /** Resolves when changes that were asked for have been written, and the scan has ended. */
  shutdown(): Promise<void>;
  /** Deletes uploads that are due, see {@link doomUploads}. */
  purgeUploads(): Promise<void>;
  /** @throws GraftError `conflict` when the recipe has changed since `revision` */
  update(recipe: Recipe, revision: number): Promise<Project>;
  /** @throws GraftError `not-found`, `already-exists` */
  edit(edit: DatasetEdit): Promise<DatasetEdit>;
}

function isSameArrangement(a: Arrangement, b: Arrangement): boolean {
  const textOf = ({ exclude, move, rename, valFraction, splitSeed }: Arrangement): string =>
    JSON.stringify([exclude, move, rename, valFraction, splitSeed]);
  return a === b || textOf(a) === textOf(b);
}

function editTarget({ dataset }: OpenProject): EditTarget {
  const catalog = dataset.view?.catalog;
  return {
    folders: catalog?.folders ?? [],
    folderOf(image) {
      const position = catalog?.positions.get(image);
      if (catalog === undefined || position === undefined || catalog.status[position] === STATUS.hidden)
        return undefined;
      return catalog.folders[catalog.entries[position]!.classIndex];
    },
  };
}

export function createProjects({ emit, warn, runs, openDataset }: ProjectsOptions): Projects {
  let current: OpenProject | null = null;
  const turn = createTurn();

  const requireOpen = (): OpenProject => {
    if (current !== null) return current;
    throw new GraftError('not-found', 'expected an open project, but there is none: open a folder of pictures first');
  };

  const show = (project: Project): void => {
    const dataset = openDataset(project);
    current = { project, dataset };
    emit('projects.changed', { project });
    emit('dataset.changed', { summary: dataset.summary });
  };

  const leave = async (): Promise<void> => {
    if (current === null) return;
    const { dataset } = current;
    current = null;
    await dataset.close();
  };

  /** Writes first: what could not be written has not happened. */
  const change = async (open: OpenProject, recipe: Recipe): Promise<Project> => {
    const project: Project = { ...open.project, recipe, revision: open.project.revision + 1 };
    await writeProject(project);
    current = { ...open, project };
    emit('projects.changed', { project });
    if (!isSameArrangement(open.project.recipe.data, recipe.data)) open.dataset.arrange(recipe.data);
    return project;
  };

  return {
    get current() {
      return current;
    },
    requireOpen,
    reopen: () =>
      turn.take(async () => {
        const id = await readSession(warn);
        const project = id === null ? null : await readProject(id, warn);
        if (project !== null) show(project);
      }),
    list: async () => {
      const projects = await listProjects(warn);
      return await Promise.all(
        projects.map(async ({ id, name, path, openedAt }) => ({
          id,
          name,
          path,
          openedAt,
          runs: await runs.count(id),
          isMissing: await stat(path).then(
            () => false,
            () => true,
          ),
        })),
      );
    },
    open: (path) =>
      turn.take(async () => {
        const real = await resolveDataset(path);
        const id = projectId(real);
        const stored = current?.project.id === id ? current.project : await readProject(id, warn);
        const fresh = { id, name: projectName(real), path: real, revision: 0, recipe: createRecipe(real) };
        const project: Project = { ...(stored ?? fresh), openedAt: new Date().toISOString() };
        await writeProject(project);
        await writeSession(id);
        if (current?.project.id === id) {
          current = { ...current, project };
          emit('projects.changed', { project });
          current.dataset.rescan();
        } else {
          await leave();
          show(project);
        }
        return project;
      }),
    close: () =>
      turn.take(async () => {
        await writeSession(null);
        if (current === null) return;
        await leave();
        emit('projects.changed', { project: null });
      }),
    remove: (id) =>
      turn.take(async () => {
        const project = await readProject(id, warn);
        if (project === null) {
          throw new GraftError(
            'not-found',
            `expected a project, received "${id}", which is none: list the projects again`,
          );
        }
        await runs.expectIdle(id);
        await discardProject(id);
        if (current?.project.id === id) {
          await leave();
          emit('projects.changed', { project: null });
          // A session that names what is gone opens nothing.
          await writeSession(null).catch((error: unknown) =>
            warn(`the session could not be written: ${String(error)}`),
          );
        }
        emit('projects.listed', {});
      }),
    restore: (id) =>
      turn.take(async () => {
        await restoreProject(id);
        const project = await readProject(id, warn);
        if (project === null) {
          throw new GraftError(
            'not-found',
            `expected the project "${id}" to be whole, but its file cannot be read: open its folder of pictures again, its runs are kept`,
          );
        }
        emit('projects.listed', {});
        return project;
      }),
    shutdown: () => turn.take(async () => await current?.dataset.close()),
    async purgeUploads() {
      // No project may begin to refer to one meanwhile; what takes long comes after.
      await turn.take(() => doomUploads());
      await sweepUploads();
    },
    update: (recipe, revision) =>
      turn.take(async () => {
        const open = requireOpen();
        if (revision !== open.project.revision) {
          throw new GraftError(
            'conflict',
            `expected a change of revision ${open.project.revision} of the recipe, received one of revision ${revision}: it was changed elsewhere in the meantime; load it again`,
            { details: { revision: open.project.revision } },
          );
        }
        // A recipe from elsewhere may name its own data; a project keeps its.
        return await change(open, { ...recipe, data: { ...recipe.data, path: open.project.path } });
      }),
    edit: (edit) =>
      turn.take(async () => {
        const open = requireOpen();
        const { recipe, undo } = applyEdit(open.project.recipe, edit, editTarget(open));
        if (recipe !== open.project.recipe) await change(open, recipe);
        return undo;
      }),
  };
}
