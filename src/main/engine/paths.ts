import { join } from 'node:path';
import { dataFolder } from '../common/data-folder.js';
import { findProjectRoot } from '../common/project-root.js';

/** Stored backbone weights. */
export const backbonesFolder = (): string => join(dataFolder(), 'backbones');
/** Decoded pixels; a cache. */
export const pixelCacheFolder = (): string => join(dataFolder(), 'cache', 'pixels');
/** Features of frozen backbones; a cache. */
export const featuresFolder = (): string => join(dataFolder(), 'cache', 'features');
/** What a scan learned of files; a cache. */
export const scanCacheFolder = (): string => join(dataFolder(), 'cache', 'scans');
/** Which way of running a backbone works here; a cache. */
export const probesFolder = (): string => join(dataFolder(), 'cache', 'probes');
/** How fast backbones were found to run here; a cache. */
export const speedsFolder = (): string => join(dataFolder(), 'cache', 'speeds');
/** Unpacked archives; a cache. */
export const archivesFolder = (): string => join(dataFolder(), 'cache', 'archives');

/** A built entry, `out/main/<name>.js`. */
export const entryPath = (name: string): string => join(findProjectRoot(), 'out', 'main', `${name}.js`);
