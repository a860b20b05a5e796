import { describe, expect, it } from 'vitest';
import {
  EVENT_NAMES,
  METHODS,
  type MethodName,
  type ParamsInput,
  isMethodName,
  parseParams,
} from '../../../src/shared/contract.js';
import { createRecipe } from '../../../src/shared/recipe.js';

const recipe = createRecipe('/data');

/** Parameters that each method accepts. */
const VALID: { readonly [M in MethodName]: ParamsInput<M> } = {
  'engine.info': {},
  'backbones.list': {},
  'backbones.download': { id: 'resnet18' },
  'backbones.import': { id: 'resnet18', file: '/f.pth' },
  'dataset.inspect': { path: '/data' },
  'augment.write': { recipe, out: '/out', images: 1, views: 1 },
  'train.start': { recipe, out: '/run' },
  'train.stop': { run: '/run' },
  'run.evaluate': { run: '/run', data: null, split: 'val' },
  'run.predict': { model: '/run', paths: ['/a.jpg'], framing: null },
  'features.compute': { paths: ['/a.jpg'], backbone: 'resnet18', weightsFile: null, framing: 'crop' },
  'run.export': { run: '/run', format: 'tfjs', out: '/out' },
  'backbones.measure': { id: 'resnet18' },
  'augment.risks': { recipe },
  'train.estimate': { recipe },
  'train.resume': { run: '/run' },
  'train.pause': { run: '/run', isPaused: true },
  'train.cancel': { run: '/run' },
  'train.current': {},
  'export.formats': {},
  'projects.list': {},
  'projects.current': {},
  'projects.open': { path: '/data' },
  'projects.openSample': { sample: 'shapes' },
  'projects.close': {},
  'projects.remove': { id: 'p' },
  'projects.restore': { id: 'p' },
  'projects.update': { recipe, revision: 0 },
  'dataset.summary': {},
  'dataset.rescan': {},
  'dataset.cancelScan': {},
  'dataset.images': {
    filter: { className: null, split: 'val', problem: null, isExcluded: false, search: '' },
    offset: 0,
    limit: 1000,
  },
  'dataset.image': { image: 'train/ants/a.jpg' },
  'dataset.problems': { code: null, offset: 0, limit: 100 },
  'dataset.edit': { edit: { kind: 'rename', from: 'ants', to: 'Formicidae' } },
  'dataset.file': { image: 'train/ants/a.jpg' },
  'media.thumbnail': { source: { kind: 'image', image: 'train/ants/a.jpg' }, size: 192 },
  'media.pixels': { image: 'train/ants/a.jpg', backbone: 'resnet18' },
  'runs.list': {},
  'runs.get': { run: '/run' },
  'runs.reserve': { name: 'Run 1' },
  'runs.rename': { run: '/run', name: 'Best so far' },
  'runs.delete': { run: '/run' },
  'runs.restore': { run: '/run' },
  'host.info': {},
  'host.pick': { kind: 'folder', title: 'Pick a folder' },
  'host.folders': { path: null },
  'host.makeFolder': { parent: '/home', name: 'exports' },
  'host.reveal': { target: { kind: 'path', path: '/run' } },
  'host.openLink': { link: 'backbones' },
  'host.beginUpload': { name: 'photos' },
  'host.finishUpload': { upload: 'u1' },
  'host.restartEngine': {},
};
const NAMES = Object.keys(METHODS) as MethodName[];

describe.each(NAMES)('%s', (method) => {
  const valid = VALID[method] as Record<string, unknown>;

  it('accepts its parameters and gives them back', () => {
    expect(parseParams(method, structuredClone(valid))).toEqual(valid);
  });

  it('refuses an unknown key', () => {
    expect(() => parseParams(method, { ...valid, extra: 1 })).toThrow(
      expect.objectContaining({ code: 'invalid-value', message: expect.stringContaining(method) as string }),
    );
  });

  it.each(Object.keys(valid))('refuses to do without %s, and names it', (key) => {
    const { [key]: _, ...rest } = valid;
    expect(() => parseParams(method, rest)).toThrow(
      expect.objectContaining({ code: 'invalid-value', message: expect.stringContaining(key) as string }),
    );
  });

  it.each([null, undefined, 7, 'text', [['array']]])('refuses %j', (params) => {
    expect(() => parseParams(method, params)).toThrow(expect.objectContaining({ code: 'invalid-value' }));
  });
});

describe('the contract', () => {
  it.each(['toString', 'constructor', '__proto__', 'hasOwnProperty', '', 'train', 7, null, undefined, ['train.start']])(
    'knows no method %j',
    (name) => {
      expect(isMethodName(name)).toBe(false);
    },
  );

  it('knows its own methods', () => {
    expect(NAMES.every(isMethodName)).toBe(true);
  });

  it('lists each event once', () => {
    expect(new Set(EVENT_NAMES).size).toBe(EVENT_NAMES.length);
  });

  it('passes on what is wrong inside a recipe', () => {
    const broken = { ...recipe, training: { ...recipe.training, epochs: 0 } };
    expect(() => parseParams('train.start', { recipe: broken, out: '/run' })).toThrow(/training\.epochs/);
  });

  it.each([0, -1, 1.5, '3', NaN])('refuses %j pictures', (images) => {
    const params = { ...VALID['augment.write'], images } as ParamsInput<'augment.write'>;
    expect(() => parseParams('augment.write', params)).toThrow(/images/);
  });

  it('refuses an empty list of paths and an empty path', () => {
    expect(() => parseParams('run.predict', { ...VALID['run.predict'], paths: [] })).toThrow(/paths/);
    expect(() => parseParams('run.predict', { ...VALID['run.predict'], paths: [''] })).toThrow(/paths/);
  });
});
