import type { Recipe } from '../../../shared/recipe.js';

/** One setting in which two recipes differ, in words. */
export interface RecipeDifference {
  readonly field: string;
  readonly label: string;
  readonly before: string;
  readonly after: string;
}

const LABELS: Readonly<Record<string, string>> = {
  'data.path': 'Data set',
  'data.valFraction': 'Share for validation',
  'data.splitSeed': 'Seed of the split',
  'data.framing': 'Framing',
  'data.exclude': 'Pictures left out',
  'data.move': 'Pictures moved',
  'data.rename': 'Classes renamed',
  'backbone.id': 'Backbone',
  'backbone.weightsFile': 'Weights file',
  mode: 'Mode',
  'fineTune.stages': 'Stages that train',
  'fineTune.lrDecay': 'Learning rate decay by stage',
  'fineTune.batchNorm': 'Batch norm',
  'augment.steps': 'Augmentation',
  'augment.mix': 'Mixing',
  'training.epochs': 'Epochs',
  'training.batchSize': 'Batch size',
  'training.learningRate': 'Learning rate',
  'training.optimizer': 'Optimizer',
  'training.schedule': 'Schedule',
  'training.warmupEpochs': 'Warm-up epochs',
  'training.labelSmoothing': 'Label smoothing',
  'training.classWeights': 'Class weights',
  'training.dropout': 'Dropout',
  'training.earlyStopping': 'Early stopping',
  'training.views': 'Views a picture',
  'training.seed': 'Seed',
};

/** Fields that say nothing while the mode is not fine-tuning. */
const FINE_TUNE_ONLY = /^fineTune\./;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Settings by path; a group that has a label of its own stays whole. */
function flatten(value: unknown, prefix: string, found: Map<string, unknown>): Map<string, unknown> {
  if (isRecord(value) && LABELS[prefix] === undefined) {
    for (const [key, inner] of Object.entries(value)) flatten(inner, prefix === '' ? key : `${prefix}.${key}`, found);
  } else found.set(prefix, value);
  return found;
}

function formatValue(field: string, value: unknown): string {
  if (value === null || value === undefined) return 'off';
  if (field === 'augment.steps' && Array.isArray(value)) return formatSteps(value);
  if (Array.isArray(value)) return String(value.length);
  if (isRecord(value)) {
    if (field === 'data.move' || field === 'data.rename') return String(Object.keys(value).length);
    return Object.entries(value)
      .map(([key, inner]) => (key === 'kind' ? String(inner) : `${key} ${JSON.stringify(inner)}`))
      .join(', ');
  }
  return typeof value === 'string' ? value : JSON.stringify(value);
}

function formatSteps(steps: readonly unknown[]): string {
  const names = steps.map((step) => (isRecord(step) ? String(step['op']).replaceAll('_', ' ') : ''));
  return names.length === 0 ? 'none' : names.join(', ');
}

/** In what two recipes differ, in the order of the recipe. Steps of the same names with other numbers count as different. */
export function diffRecipes(before: Recipe, after: Recipe): readonly RecipeDifference[] {
  const left = flatten(before, '', new Map());
  const right = flatten(after, '', new Map());
  const isFineTuned = before.mode === 'fine-tune' || after.mode === 'fine-tune';
  return [...new Set([...left.keys(), ...right.keys()])].flatMap((field) => {
    const [a, b] = [left.get(field), right.get(field)];
    if (JSON.stringify(a) === JSON.stringify(b)) return [];
    if (FINE_TUNE_ONLY.test(field) && !isFineTuned) return [];
    const [was, is] = [formatValue(field, a), formatValue(field, b)];
    const hasSameWords = was === is;
    return [{ field, label: LABELS[field] ?? field, before: was, after: hasSameWords ? `${is} (other numbers)` : is }];
  });
}
