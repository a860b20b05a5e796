import { realpath } from 'node:fs/promises';
import type { Handlers, HostMethod } from '../../shared/contract.js';
import { GraftError } from '../../shared/errors.js';
import type { HostInfo } from '../../shared/studio.js';
import { GRAFT_VERSION } from '../../shared/version.js';
import { listFolders, makeFolder } from './folders.js';
import type { Grants, HostHandlers } from './types.js';
import type { Uploads } from './uploads.js';

export interface HostSide {
  readonly kind: HostInfo['kind'];
  readonly capabilities: HostInfo['capabilities'];
  readonly exportFolder: string;
  /** What `host.folders` begins with. */
  readonly roots: readonly string[];
  readonly grants: Grants;
  readonly uploads: Uploads;
  readonly own: HostHandlers;
  readonly processes: () => HostInfo['processes'];
  readonly restartEngine: () => Promise<void>;
}

/** Those that are there, real and each once. */
async function realRoots(roots: readonly string[]): Promise<string[]> {
  const real = await Promise.all(roots.map((root) => realpath(root).catch(() => null)));
  return [...new Set(real.filter((root) => root !== null))];
}

/** Answers a host's calls: what all hosts do alike, and {@link HostSide.own}. Paths have been checked before. */
export function createHostHandlers(side: HostSide): Handlers<HostMethod> {
  const needUploads = (): void => {
    if (!side.capabilities.uploads) {
      throw new GraftError('unsupported', 'this app opens files where they are and takes no uploads');
    }
  };
  return {
    ...side.own,
    'host.info': async () => ({
      kind: side.kind,
      graftVersion: GRAFT_VERSION,
      platform: `${process.platform}-${process.arch}`,
      exportFolder: side.exportFolder,
      processes: side.processes(),
      capabilities: side.capabilities,
    }),
    'host.folders': async ({ path }) => await listFolders(path, await realRoots(side.roots), side.grants),
    'host.makeFolder': ({ parent, name }) => makeFolder(parent, name),
    'host.beginUpload': async ({ name }) => {
      needUploads();
      return await side.uploads.begin(name);
    },
    'host.finishUpload': async ({ upload }) => {
      needUploads();
      return await side.uploads.finish(upload);
    },
    'host.restartEngine': async () => {
      await side.restartEngine();
      return null;
    },
  };
}
