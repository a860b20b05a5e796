import { existsSync, readFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { dataFolderAt } from '../../shared/data-folder.js';
import { invariant } from '../../shared/errors.js';

/** Where Graft keeps what is the user's: {@link dataFolderAt} for this process. */
export function dataFolder(
  env: NodeJS.ProcessEnv = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): string {
  return dataFolderAt({ env, platform, home, join });
}

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

/** Folder of the `package.json` named "graft" above this file, in the sources, in the build and in a packaged app alike. */
export function projectRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  for (;;) {
    const file = join(folder, 'package.json');
    if (existsSync(file)) {
      const parsed: unknown = JSON.parse(readFileSync(file, 'utf8'));
      if (typeof parsed === 'object' && parsed !== null && 'name' in parsed && parsed.name === 'graft') return folder;
    }
    const parent = dirname(folder);
    invariant(parent !== folder, 'the engine lies inside the project "graft"');
    folder = parent;
  }
}

/** A built entry, `out/main/<name>.js`. */
export const entryPath = (name: string): string => join(projectRoot(), 'out', 'main', `${name}.js`);
