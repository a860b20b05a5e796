import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { GraftError } from '../../../shared/errors.js';
import { parseWith } from '../../../shared/parse.js';
import type { OpenClassifier } from '../insight/predict.js';
import { labelsSchema, preprocessSchema } from './preprocess.js';

/**
 * Reads one of an export's JSON files.
 *
 * @throws GraftError `unreadable-file`
 */
export async function readExportedJson(folder: string, name: string): Promise<unknown> {
  const file = join(folder, name);
  try {
    return JSON.parse(await readFile(file, 'utf8')) as unknown;
  } catch (cause) {
    throw new GraftError('unreadable-file', `expected JSON in ${file}: ${String(cause)}`, { cause });
  }
}

/** What every export says beside its model: the classes, and how pictures become its input. */
export interface ExportDescription extends Pick<OpenClassifier, 'input' | 'framing'> {
  readonly classes: readonly string[];
}

/**
 * Reads `labels.json` and `preprocess.json` of an export.
 *
 * @throws GraftError `unreadable-file`, `invalid-value`
 */
export async function readExportDescription(folder: string): Promise<ExportDescription> {
  const read = async (name: string) => [await readExportedJson(folder, name), join(folder, name)] as const;
  const classes = parseWith(labelsSchema, ...(await read('labels.json')));
  const { input, framing, resize, interpolation, fill } = parseWith(
    preprocessSchema,
    ...(await read('preprocess.json')),
  );
  return {
    classes,
    framing,
    // Normalisation is inside the model; the mean remains as the colour around letterboxed pictures.
    input: { size: input.shape[1], resize, interpolation, mean: fill, std: [1, 1, 1] },
  };
}
