import { describe, expect, it } from 'vitest';
import { findReadiness, type ReadinessFacts } from '../../../../../src/renderer/pages/train/readiness.js';
import { createRecipe } from '../../../../../src/shared/recipe.js';
import type { BackboneInfo } from '../../../../../src/shared/reports.js';
import type { DatasetSummary } from '../../../../../src/shared/studio.js';

const recipe = createRecipe('/photos');
const backbone: BackboneInfo = {
  id: recipe.backbone.id,
  label: 'EfficientNet-Lite2',
  paper: '',
  licence: 'Apache-2.0',
  imageNetAccuracy: 0.776,
  parameters: 6e6,
  multiplyAdds: 8e8,
  input: { size: 260, resize: 297, interpolation: 'bicubic', mean: [127, 127, 127], std: [128, 128, 128] },
  featureSize: 1280,
  stages: ['stem', 'top'],
  file: '/weights',
  source: '',
  imagesPerSecond: null,
};
const classOf = (name: string, train: number, val: number) => ({
  name,
  folder: name,
  train,
  val,
  test: 0,
  excluded: 0,
});
const summary: DatasetSummary = {
  project: 'p',
  revision: 1,
  state: 'ready',
  scan: null,
  error: null,
  layout: 'classes',
  hasOwnSplit: false,
  classes: [classOf('ants', 40, 10), classOf('bees', 40, 10)],
  images: 100,
  excluded: 0,
  splits: { train: 80, val: 20, test: 0 },
  problems: [],
  fingerprint: 'f',
};
const facts: ReadinessFacts = { recipe, summary, backbones: [backbone], engine: { state: 'ready', message: null } };
const whyNot = (changed: Partial<ReadinessFacts>): string => {
  const readiness = findReadiness({ ...facts, ...changed });
  return readiness.kind === 'blocked' ? readiness.why : readiness.kind;
};

describe('findReadiness', () => {
  it('is ready with data, weights and an engine', () => {
    expect(findReadiness(facts)).toEqual({ kind: 'ready' });
  });

  it('waits for a scan and says how far it is', () => {
    const scan = { done: 120, total: 4000, secondsLeft: null };
    expect(whyNot({ summary: { ...summary, state: 'scanning', scan } })).toContain('120 of 4,000');
    expect(whyNot({ summary: null })).toContain('opened');
  });

  it('does not train on what a cancelled scan has found', () => {
    const scan = { done: 120, total: 4000, secondsLeft: null };
    expect(whyNot({ summary: { ...summary, state: 'cancelled', scan } })).toContain('scan again');
  });

  it('says what is wrong with the data', () => {
    const error = { code: 'dataset-unusable', message: 'expected folders, received files' } as const;
    expect(whyNot({ summary: { ...summary, state: 'failed', error } })).toBe(error.message);
    expect(whyNot({ summary: { ...summary, classes: [classOf('ants', 40, 10)] } })).toContain('there is one');
    expect(whyNot({ summary: { ...summary, splits: { train: 80, val: 0, test: 0 } } })).toContain('validation');
  });

  it('waits for the engine', () => {
    expect(whyNot({ engine: { state: 'starting', message: null } })).toContain('starting');
    expect(whyNot({ engine: { state: 'stopped', message: 'It died twice.' } })).toContain('It died twice.');
    expect(whyNot({ backbones: [] })).toContain('starting');
  });

  it('downloads weights that are missing, unless a file is named', () => {
    const missing = { ...backbone, file: null };
    expect(findReadiness({ ...facts, backbones: [missing] })).toEqual({ kind: 'download', backbone: missing });
    const own = { ...recipe, backbone: { ...recipe.backbone, weightsFile: '/w.pth' } };
    expect(findReadiness({ ...facts, recipe: own, backbones: [missing] }).kind).toBe('ready');
    expect(whyNot({ recipe: { ...recipe, backbone: { id: 'other', weightsFile: null } } })).toContain('Choose');
  });
});
