import type { WireError } from '../../../shared/errors.js';
import type { Recipe } from '../../../shared/recipe.js';
import { formatSmall } from '../../format.js';

/** Something to do about a run that failed, as a button. */
export interface Remedy {
  readonly label: string;
  /** `retry` starts a new run from the changed recipe; `resume` goes on with the old one; the others only lead there. */
  readonly action: 'retry' | 'resume' | 'set-up' | 'data';
  readonly change: (recipe: Recipe) => Recipe;
}

const unchanged = (recipe: Recipe): Recipe => recipe;
/** A rate that diverged is seldom too high by less. */
const RATE_CUT = 5;

const withTraining =
  (part: Partial<Recipe['training']>) =>
  (recipe: Recipe): Recipe => ({
    ...recipe,
    training: { ...recipe.training, ...part },
  });

function smallerBatch({ training }: Recipe): Remedy[] {
  if (training.batchSize < 2) return [];
  const batchSize = Math.floor(training.batchSize / 2);
  return [{ label: `Use batch ${batchSize} and try again`, action: 'retry', change: withTraining({ batchSize }) }];
}

/** A retry with a fifth of the learning rate. */
export function lowerRate({ training }: Recipe): Remedy {
  const learningRate = Number((training.learningRate / RATE_CUT).toPrecision(2));
  return {
    label: `Use learning rate ${formatSmall(learningRate)} and try again`,
    action: 'retry',
    change: withTraining({ learningRate }),
  };
}

/** What can be done about a failure, the most promising first. */
export function remediesFor(error: WireError, recipe: Recipe, isResumable: boolean): readonly Remedy[] {
  const resume: Remedy[] = isResumable ? [{ label: 'Resume the run', action: 'resume', change: unchanged }] : [];
  const again: Remedy = { label: 'Try again', action: 'retry', change: unchanged };
  switch (error.code) {
    case 'out-of-memory':
      return [...smallerBatch(recipe), { label: 'Choose a smaller backbone', action: 'set-up', change: unchanged }];
    case 'engine-crashed':
      return [...resume, ...smallerBatch(recipe)];
    case 'diverged':
      return [lowerRate(recipe)];
    case 'dataset-unusable':
    case 'unreadable-file':
      return [{ label: 'Look at the data', action: 'data', change: unchanged }];
    case 'weights-missing':
    case 'weights-unreadable':
    case 'weights-mismatch':
    case 'unknown-backbone':
    case 'invalid-value':
      return [{ label: 'Change the settings', action: 'set-up', change: unchanged }];
    default:
      return [...resume, again];
  }
}
