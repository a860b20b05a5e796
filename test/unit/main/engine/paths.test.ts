import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { afterEach, describe, expect, it, vi } from 'vitest';
import {
  archivesFolder,
  backbonesFolder,
  dataFolder,
  entryPath,
  featuresFolder,
  pixelCacheFolder,
  projectRoot,
  scanCacheFolder,
} from '../../../../src/main/engine/paths.js';
import { ROOT } from '../../../support/shared-data.js';

afterEach(() => vi.unstubAllEnvs());

describe('dataFolder', () => {
  it.each([
    ['GRAFT_HOME before all', { GRAFT_HOME: '/g', XDG_DATA_HOME: '/x', LOCALAPPDATA: 'C:/l' }, 'win32', '/g'],
    ['XDG_DATA_HOME on Linux', { XDG_DATA_HOME: '/x' }, 'linux', join('/x', 'graft')],
    ['the home folder on Linux', {}, 'linux', join('/home/u', '.local', 'share', 'graft')],
    [
      'empty variables as none',
      { GRAFT_HOME: '', XDG_DATA_HOME: '' },
      'linux',
      join('/home/u', '.local', 'share', 'graft'),
    ],
    ['LOCALAPPDATA on Windows', { LOCALAPPDATA: 'C:/l', XDG_DATA_HOME: '/x' }, 'win32', join('C:/l', 'Graft')],
    ['the home folder on Windows', {}, 'win32', join('/home/u', 'AppData', 'Local', 'Graft')],
    [
      'Application Support on a Mac',
      { XDG_DATA_HOME: '/x' },
      'darwin',
      join('/home/u', 'Library', 'Application Support', 'Graft'),
    ],
  ] as const)('takes %s', (_, env, platform, expected) => {
    expect(dataFolder(env, platform, '/home/u')).toBe(expected);
  });

  it('holds stores and caches, each apart', () => {
    vi.stubEnv('GRAFT_HOME', '/g');
    const folders = [backbonesFolder(), pixelCacheFolder(), featuresFolder(), scanCacheFolder(), archivesFolder()];
    expect(new Set(folders).size).toBe(folders.length);
    for (const folder of folders) expect(folder.startsWith(join('/g', '/'))).toBe(true);
  });
});

describe('projectRoot', () => {
  it('is the folder of our package.json', () => {
    expect(projectRoot()).toBe(ROOT);
    expect(existsSync(join(projectRoot(), 'src', 'main', 'engine', 'paths.ts'))).toBe(true);
  });

  it('holds the built entries', () => {
    expect(entryPath('batch-worker')).toBe(join(ROOT, 'out', 'main', 'batch-worker.js'));
  });
});
