import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import {
  archivesFolder,
  backbonesFolder,
  entryPath,
  featuresFolder,
  pixelCacheFolder,
  scanCacheFolder,
} from '../../../../src/main/engine/paths.js';
import { ROOT } from '../../../support/shared-data.js';

afterEach(() => vi.unstubAllEnvs());

it('stores and caches lie in the data folder, each apart', () => {
  vi.stubEnv('GRAFT_HOME', '/g');
  const folders = [backbonesFolder(), pixelCacheFolder(), featuresFolder(), scanCacheFolder(), archivesFolder()];
  expect(new Set(folders).size).toBe(folders.length);
  for (const folder of folders) expect(folder.startsWith(join('/g', '/'))).toBe(true);
});

it('built entries lie in the project', () => {
  expect(entryPath('batch-worker')).toBe(join(ROOT, 'out', 'main', 'batch-worker.js'));
});
