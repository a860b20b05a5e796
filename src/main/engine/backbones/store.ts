import { mkdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import * as v from 'valibot';
import { GraftError } from '../../../shared/errors.js';
import { sha256OfFile, systemCode, writeFileAtomic, writeJsonAtomic } from '../files.js';
import type { WeightMap } from '../graph/types.js';
import { backbonesFolder } from '../paths.js';
import { readCheckpoint } from './checkpoint.js';
import { loadWeights, type LoadTarget } from './load.js';
import { encodeSafetensors } from './safetensors.js';
import type { BackboneDefinition } from './types.js';

const recordSchema = v.strictObject({
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

/**
 * Loads a checkpoint into a backbone's parameters and stores it as safetensors in the user's data folder.
 *
 * @param file safetensors, or torch's `.pth` in either format
 * @param source where it came from, for the record
 * @throws GraftError `weights-mismatch`, `weights-unreadable`, `unsafe-file`, `not-found`, `disk-full`
 */
export async function importBackbone(
  definition: BackboneDefinition,
  file: string,
  source: string = file,
): Promise<string> {
  const weights = loadWeights(targetOf(definition), await readCheckpoint(file));
  await mkdir(backbonesFolder(), { recursive: true });
  const stored = weightsFile(definition.id);
  await writeFileAtomic(stored, encodeSafetensors(weights, { format: 'pt', source }));
  await writeJsonAtomic(recordFile(definition.id), {
    sha256: await sha256OfFile(stored),
    source,
    storedAt: new Date().toISOString(),
  } satisfies v.InferOutput<typeof recordSchema>);
  return stored;
}

/** Refuses stored weights that are not the bytes that were stored. */
async function verifyStored(id: string, file: string): Promise<void> {
  const text = await readFile(recordFile(id), 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return null;
    throw error;
  });
  // A file put there by hand has no record; strict loading still checks its names and shapes.
  if (text === null) return;
  const record: unknown = JSON.parse(text);
  const sha256 = await sha256OfFile(file);
  if (!v.is(recordSchema, record) || record.sha256 !== sha256) {
    throw new GraftError(
      'checksum-mismatch',
      `expected the weights that were stored for ${id}, but ${file} has changed: delete it and run "graft backbones download ${id}"`,
    );
  }
}

/**
 * Reads a backbone's weights: from a checkpoint that is given, else from the store.
 *
 * @throws GraftError `weights-missing` when they are not stored, saying how to get them; `checksum-mismatch`; what reading
 * and loading throw
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
    await verifyStored(id, file);
  }
  return loadWeights(targetOf(definition), await readCheckpoint(file));
}
