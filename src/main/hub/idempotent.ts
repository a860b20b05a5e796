import type { MethodName } from '../../shared/contract.js';

/** Calls that may be made once more on a new process when the old one died before it answered: they change nothing. */
export const IDEMPOTENT_METHODS: ReadonlySet<MethodName> = new Set<MethodName>([
  'engine.info',
  'backbones.list',
  'export.formats',
  'train.current',
  'train.estimate',
  'dataset.inspect',
  'dataset.summary',
  'dataset.images',
  'dataset.image',
  'dataset.problems',
  'dataset.file',
  'projects.list',
  'projects.current',
  'runs.list',
  'runs.get',
  'media.thumbnail',
  'media.pixels',
]);
