import { GraftError, invariant } from '../../../shared/errors.js';
import type { ExportFormat } from '../../../shared/live-reports.js';
import type { Exporter } from './exporter.js';
import { onnxExporter } from './onnx.js';
import { savedModelExporter } from './saved-model.js';
import { tfjsLayersExporter } from './tfjs-layers.js';

/** Every export format, in the order in which they are offered. */
export const EXPORTERS: readonly Exporter[] = [tfjsLayersExporter, onnxExporter, savedModelExporter];

for (const field of ['id', 'mainFile'] as const) {
  invariant(new Set(EXPORTERS.map((exporter) => exporter[field])).size === EXPORTERS.length, `${field}s are unique`);
}

/**
 * Looks a format up.
 *
 * @throws GraftError `invalid-value` listing what there is
 */
export function getExporter(id: string): Exporter {
  const exporter = EXPORTERS.find((candidate) => candidate.id === id);
  if (exporter) return exporter;
  const known = EXPORTERS.map((candidate) => candidate.id).join(', ');
  throw new GraftError('invalid-value', `expected an export format among ${known}, received "${id}"`);
}

/** Describes every format to the user, each with a program that uses what it exports. */
export function listExportFormats(): ExportFormat[] {
  return EXPORTERS.map(({ id, label, description, sample: { language, code } }) => ({
    id,
    label,
    description,
    sample: { language, code },
  }));
}
