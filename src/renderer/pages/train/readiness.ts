import type { Recipe } from '../../../shared/recipe.js';
import type { BackboneInfo } from '../../../shared/reports.js';
import type { DatasetSummary, EngineState } from '../../../shared/studio.js';
import { formatBytes, formatCount } from '../../format.js';

/** Whether a run can start, and if not, why. */
export type Readiness =
  | { readonly kind: 'ready' }
  /** The weights have to be fetched before. */
  | { readonly kind: 'download'; readonly backbone: BackboneInfo }
  | { readonly kind: 'blocked'; readonly why: string; readonly page: 'data' | null };

const blocked = (why: string, page: 'data' | null = null): Readiness => ({ kind: 'blocked', why, page });

/** Bytes of weights in 32-bit floats: what a download is about. */
export const weightsBytes = ({ parameters }: Pick<BackboneInfo, 'parameters'>): number => parameters * 4;

export const weightsSize = (backbone: BackboneInfo): string => `about ${formatBytes(weightsBytes(backbone))}`;

function readinessOfData(summary: DatasetSummary | null): Readiness | null {
  if (summary === null) return blocked('The data set is being opened.');
  if (summary.state === 'failed') return blocked(summary.error?.message ?? "The data set can't be used.", 'data');
  if (summary.state === 'scanning') {
    const { done = 0, total = null } = summary.scan ?? {};
    return blocked(
      total === null
        ? 'The pictures are still being looked at.'
        : `The pictures are still being looked at: ${formatCount(done)} of ${formatCount(total)}.`,
    );
  }
  if (summary.state === 'cancelled')
    return blocked('The scan of the pictures was cancelled, so not all of them are known: scan again.', 'data');
  const trained = summary.classes.filter(({ train }) => train > 0).length;
  if (trained < 2)
    return blocked(
      `Training needs pictures of at least two classes; there is ${trained === 1 ? 'one' : 'none'}.`,
      'data',
    );
  if (summary.splits.val === 0) return blocked('There are no validation pictures to measure the model on.', 'data');
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
  const ofData = readinessOfData(summary);
  if (ofData !== null) return ofData;
  if (engine.state === 'stopped') return blocked(`The engine has stopped. ${engine.message ?? ''}`.trim());
  if (engine.state !== 'ready' || backbones.length === 0) return blocked('The engine is starting.');
  const backbone = backbones.find(({ id }) => id === recipe.backbone.id);
  if (backbone === undefined) return blocked('Choose a backbone.');
  const hasWeights = backbone.file !== null || recipe.backbone.weightsFile !== null;
  return hasWeights ? { kind: 'ready' } : { kind: 'download', backbone };
}
