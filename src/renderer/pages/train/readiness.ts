import type { Recipe } from '../../../shared/recipe.js';
import type { BackboneInfo } from '../../../shared/reports.js';
import type { DatasetSummary, EngineState } from '../../../shared/studio.js';
import { formatBytes, formatCount } from '../../format.js';

/** Whether a run can start, and if not, why. */
export type Readiness =
  | { readonly kind: 'ready' }
  /** The weights have to be fetched before. */
  | { readonly kind: 'download'; readonly backbone: BackboneInfo }
  | Blocked;

export interface Blocked {
  readonly kind: 'blocked';
  /** One sentence. */
  readonly why: string;
  /** The same in the few words that the rail has room for. */
  readonly short: string;
  /** Where it can be mended. */
  readonly page: 'data' | null;
}

const blocked = (short: string, why: string, page: 'data' | null = null): Blocked => ({
  kind: 'blocked',
  why,
  short,
  page,
});

/** Bytes of weights in 32-bit floats: what a download is about. */
export const weightsBytes = ({ parameters }: Pick<BackboneInfo, 'parameters'>): number => parameters * 4;

export const weightsSize = (backbone: BackboneInfo): string => `about ${formatBytes(weightsBytes(backbone))}`;

/** What keeps a data set from being trained on; null when nothing does. */
export function findDataGap(summary: DatasetSummary | null): Blocked | null {
  if (summary === null) return blocked('Opening', 'The data set is being opened.');
  if (summary.state === 'failed')
    return blocked('Needs pictures', summary.error?.message ?? "The data set can't be used.", 'data');
  if (summary.state === 'scanning') {
    const { done = 0, total = null } = summary.scan ?? {};
    return blocked(
      'After the scan',
      total === null
        ? 'The pictures are still being looked at.'
        : `The pictures are still being looked at: ${formatCount(done)} of ${formatCount(total)}.`,
    );
  }
  if (summary.state === 'cancelled')
    return blocked(
      'Needs a whole scan',
      'The scan of the pictures was cancelled, so not all of them are known: scan again.',
      'data',
    );
  const trained = summary.classes.filter(({ train }) => train > 0).length;
  if (trained < 2)
    return blocked(
      'Needs two classes',
      `Training needs pictures of at least two classes; there is ${trained === 1 ? 'one' : 'none'}.`,
      'data',
    );
  if (summary.splits.val === 0)
    return blocked('Needs validation pictures', 'There are no validation pictures to measure the model on.', 'data');
  return null;
}

export interface ReadinessFacts {
  readonly recipe: Recipe;
  readonly summary: DatasetSummary | null;
  readonly backbones: readonly BackboneInfo[];
  readonly engine: Pick<EngineState, 'state' | 'message'>;
}

/** Looks at everything that a run needs. */
export function findReadiness({ recipe, summary, backbones, engine }: ReadinessFacts): Readiness {
  const gap = findDataGap(summary);
  if (gap !== null) return gap;
  if (engine.state === 'stopped')
    return blocked('Engine stopped', `The engine has stopped. ${engine.message ?? ''}`.trim());
  if (engine.state !== 'ready' || backbones.length === 0)
    return blocked('Engine is starting', 'The engine is starting.');
  const backbone = backbones.find(({ id }) => id === recipe.backbone.id);
  if (backbone === undefined) return blocked('Needs a backbone', 'Choose a backbone.');
  const hasWeights = backbone.file !== null || recipe.backbone.weightsFile !== null;
  return hasWeights ? { kind: 'ready' } : { kind: 'download', backbone };
}
