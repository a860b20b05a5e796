import { GraftError, invariant } from '../../../shared/errors.js';
import type { Exporter } from './exporter.js';
import { tfjsLayersExporter } from './tfjs-layers.js';

/** Every export format, in the order in which they are offered. */
export const EXPORTERS: readonly Exporter[] = [tfjsLayersExporter];

invariant(new Set(EXPORTERS.map(({ id }) => id)).size === EXPORTERS.length, 'exporter ids are unique');

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
