import { createHash } from 'node:crypto';
import { mkdir, readFile, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { GraftError } from '../../../shared/errors.js';
import { systemCode } from '../../common/system-code.js';
import { sha256OfFile, withFileLock, writeFileAtomic, writeJsonAtomic } from '../files.js';
import type { WeightMap } from '../graph/types.js';
import { backbonesFolder } from '../paths.js';
import { readCheckpoint } from './checkpoint.js';
import { loadWeights, type LoadTarget } from './load.js';
import { encodeSafetensors } from './safetensors.js';
import type { BackboneDefinition } from './types.js';

/** What is noted beside stored weights. */
const recordSchema = v.object({
  sha256: v.string(),
  source: v.string(),
  storedAt: v.string(),
});

const weightsFile = (id: string): string => join(backbonesFolder(), `${id}.safetensors`);
const recordFile = (id: string): string => join(backbonesFolder(), `${id}.json`);

const targetOf = (definition: BackboneDefinition): LoadTarget => ({
  id: definition.id,
  params: definition.build().params,
  ignore: definition.ignore,
});

/** Where a backbone's weights are stored, or null when they are not. */
export async function storedFile(id: string): Promise<string | null> {
  const file = weightsFile(id);
  return (await stat(file).catch(() => null)) === null ? null : file;
}

/** Runs `work` while no other process of the user's changes the stored weights of a backbone. */
export async function withStoreLock<T>(id: string, work: () => Promise<T>, signal?: AbortSignal): Promise<T> {
  return await withFileLock(join(backbonesFolder(), `${id}.lock`), work, signal ? { signal } : {});
}

/**
 * Loads a checkpoint into a backbone's parameters and stores it as safetensors in the user's data folder. For callers that
 * hold the store's lock.
 *
 * @param source where it came from, for the record
 * @throws GraftError `weights-mismatch`, `weights-unreadable`, `unsafe-file`, `not-found`, `disk-full`
 */
export async function storeCheckpoint(definition: BackboneDefinition, file: string, source: string): Promise<string> {
  const { id } = definition;
  const weights = loadWeights(targetOf(definition), await readCheckpoint(file));
  const sourceSha256 = await sha256OfFile(file);
  const bytes = encodeSafetensors(weights, { format: 'pt', source, sourceSha256 });
  await mkdir(backbonesFolder(), { recursive: true });
  // The old record goes first: if all ends here, no record is better than one of other bytes.
  await rm(recordFile(id), { force: true });
  await writeFileAtomic(weightsFile(id), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  await writeJsonAtomic(recordFile(id), { sha256, source, storedAt: new Date().toISOString() });
  return weightsFile(id);
}

/**
 * Imports a checkpoint of the user's by {@link storeCheckpoint}, in place of what is stored.
 *
 * @param file safetensors, or torch's `.pth` in either format
 */
export async function importBackbone(definition: BackboneDefinition, file: string): Promise<string> {
  return await withStoreLock(definition.id, () => storeCheckpoint(definition, file, file));
}

/** Whether stored weights are the bytes that were stored. */
async function isIntact(id: string, file: string): Promise<boolean> {
  const text = await readFile(recordFile(id), 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  });
  // A file put there by hand has no record; strict loading still checks its names and shapes.
  if (text === null) return true;
  let record: unknown;
  try {
    record = JSON.parse(text);
  } catch {
    return false;
  }
  return v.is(recordSchema, record) && record.sha256 === (await sha256OfFile(file));
}

/** Where a backbone's weights are stored as they were stored, or null. */
export async function findIntact(id: string): Promise<string | null> {
  const file = await storedFile(id);
  return file !== null && (await isIntact(id, file)) ? file : null;
}

/**
 * Reads a backbone's weights: from a checkpoint that is given, else from the store.
 *
 * @throws GraftError `weights-missing` when they are not stored, saying how to get them; `checksum-mismatch` when what is
 * stored has changed; what reading and loading throw
 */
export async function openBackboneWeights(
  definition: BackboneDefinition,
  options: { readonly weightsFile: string | null },
): Promise<WeightMap> {
  const { id } = definition;
  let file = options.weightsFile;
  if (file === null) {
    file = await storedFile(id);
    if (file === null) {
      throw new GraftError(
        'weights-missing',
        `expected the weights of ${definition.label} on this machine, but they are not there: run "graft backbones download ${id}", or "graft backbones import ${id} FILE" with a file you have`,
        { details: { id } },
      );
    }
    if (!(await isIntact(id, file))) {
      throw new GraftError(
        'checksum-mismatch',
        `expected the weights that were stored for ${id}, but ${file} has changed: run "graft backbones download ${id}" to get them again`,
      );
    }
  }
  return loadWeights(targetOf(definition), await readCheckpoint(file));
}
