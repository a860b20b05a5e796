import { join } from 'node:path';
import { dataFolder } from '../../common/data-folder.js';

/** One folder a project, by its id. */
export const projectsFolder = (): string => join(dataFolder(), 'projects');
/** Sample data sets. */
export const samplesFolder = (): string => join(dataFolder(), 'samples');
/** Re-encoded small pictures; a cache. */
export const thumbnailsFolder = (): string => join(dataFolder(), 'cache', 'thumbnails');
/** Source pixels that found no room in the cache of training; a cache of their own. */
export const shownPixelsFolder = (): string => join(dataFolder(), 'cache', 'shown-pixels');
/** Which project is open, kept over restarts. */
export const sessionFile = (): string => join(dataFolder(), 'session.json');

/** Projects that were removed; beside the others, so that a move is a rename. */
export const projectTrashFolder = (): string => join(projectsFolder(), '.trash');

export const projectFolder = (id: string): string => join(projectsFolder(), id);
export const runsFolder = (id: string): string => join(projectFolder(id), 'runs');
export const trashFolder = (id: string): string => join(projectFolder(id), 'trash');
