import type { MethodName, Params } from '../../shared/contract.js';

/** Where a call's parameters hold paths of this machine, by method; a test compares it with the contract's schemas. */
export const PATH_FIELDS: { readonly [M in MethodName]?: readonly string[] } = {
  'backbones.import': ['file'],
  'dataset.inspect': ['path'],
  'augment.write': ['recipe.data.path', 'recipe.backbone.weightsFile', 'out'],
  'augment.risks': ['recipe.data.path', 'recipe.backbone.weightsFile'],
  'train.estimate': ['recipe.data.path', 'recipe.backbone.weightsFile'],
  'train.start': ['recipe.data.path', 'recipe.backbone.weightsFile', 'out'],
  'train.resume': ['run'],
  'train.pause': ['run'],
  'train.stop': ['run'],
  'train.cancel': ['run'],
  'run.evaluate': ['run', 'data'],
  'run.predict': ['model', 'paths'],
  'features.compute': ['paths', 'weightsFile'],
  'run.export': ['run', 'out'],
  'projects.open': ['path'],
  'projects.update': ['recipe.data.path', 'recipe.backbone.weightsFile'],
  'media.thumbnail': ['source.file'],
  'runs.get': ['run'],
  'runs.rename': ['run'],
  'runs.delete': ['run'],
  'runs.restore': ['run'],
  'host.folders': ['path'],
  'host.makeFolder': ['parent'],
  'host.reveal': ['target.path'],
};

type CheckPath = (path: string) => Promise<string>;

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

async function checkAt(value: unknown, keys: readonly string[], check: CheckPath): Promise<unknown> {
  const [key, ...rest] = keys;
  if (key === undefined) {
    if (typeof value === 'string') return await check(value);
    if (Array.isArray(value)) return await Promise.all(value.map((item) => checkAt(item, [], check)));
    return value;
  }
  // A variant without the field, or null, names no path.
  if (!isRecord(value) || !Object.hasOwn(value, key)) return value;
  return { ...value, [key]: await checkAt(value[key], rest, check) };
}

/**
 * The parameters with every path put through `check`, which may refuse it; what it returns takes the path's place.
 *
 * @throws GraftError what `check` throws
 */
export async function checkPaths<M extends MethodName>(
  method: M,
  params: Params<M>,
  check: CheckPath,
): Promise<Params<M>> {
  let checked: unknown = params;
  for (const field of PATH_FIELDS[method] ?? []) checked = await checkAt(checked, field.split('.'), check);
  return checked as Params<M>;
}
