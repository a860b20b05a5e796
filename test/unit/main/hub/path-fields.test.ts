import { describe, expect, it } from 'vitest';
import { PATH_FIELDS, checkPaths } from '../../../../src/main/hub/path-fields.js';
import { METHODS, type MethodName } from '../../../../src/shared/contract.js';
import { path, paths } from '../../../../src/shared/contract/fields.js';
import { recipeFrom } from '../../../../src/shared/parse.js';
import { createRecipe } from '../../../../src/shared/recipe.js';

/** The parts of a valibot schema that lead to its fields. */
interface SchemaParts {
  readonly entries?: Readonly<Record<string, unknown>>;
  readonly options?: readonly unknown[];
  readonly wrapped?: unknown;
  readonly item?: unknown;
}

/** Fields of a schema that hold paths, found by the very objects that the contract writes them with. */
function findPathFields(schema: unknown, way: readonly string[] = []): string[] {
  if (schema === path || schema === paths) return [way.join('.')];
  if (schema === recipeFrom) {
    return [[...way, 'data', 'path'].join('.'), [...way, 'backbone', 'weightsFile'].join('.')];
  }
  if (typeof schema !== 'object' || schema === null) return [];
  const { entries = {}, options = [], wrapped, item } = schema as SchemaParts;
  return [
    ...Object.entries(entries).flatMap(([key, field]) => findPathFields(field, [...way, key])),
    ...[...options, wrapped, item].flatMap((part) => findPathFields(part, way)),
  ];
}

const check = async (given: string): Promise<string> => {
  if (given.startsWith('/secret')) throw new Error(`refused ${given}`);
  return `/real${given}`;
};

describe('PATH_FIELDS', () => {
  const methods = Object.keys(METHODS) as MethodName[];

  it.each(methods)('knows every path of %s', (method) => {
    expect([...(PATH_FIELDS[method] ?? [])].sort()).toEqual(findPathFields(METHODS[method]).sort());
  });

  it('is compared with a walk that sees paths in every place', () => {
    expect(findPathFields(METHODS['run.evaluate'])).toEqual(['run', 'data']);
    expect(findPathFields(METHODS['host.reveal'])).toEqual(['target.path']);
    expect(findPathFields(METHODS['train.start'])).toEqual(['recipe.data.path', 'recipe.backbone.weightsFile', 'out']);
  });
});

describe('checkPaths', () => {
  it('puts each path through the check and leaves the rest', async () => {
    const recipe = createRecipe('/data');
    const checked = await checkPaths('train.start', { recipe, out: '/out' }, check);
    expect(checked).toEqual({ recipe: { ...recipe, data: { ...recipe.data, path: '/real/data' } }, out: '/real/out' });
    expect(recipe.data.path).toBe('/data');
  });

  it('goes into lists and variants, and past null', async () => {
    const predict = { model: '/m', paths: ['/a', '/b'], framing: null };
    expect(await checkPaths('run.predict', predict, check)).toEqual({
      model: '/real/m',
      paths: ['/real/a', '/real/b'],
      framing: null,
    });
    const image = { target: { kind: 'image', image: '/secret' } } as const;
    expect(await checkPaths('host.reveal', image, check)).toEqual(image);
    expect(await checkPaths('host.folders', { path: null }, check)).toEqual({ path: null });
    expect(await checkPaths('engine.info', {}, check)).toEqual({});
  });

  it.each([
    ['run.predict', { model: '/m', paths: ['/a', '/secret'], framing: null }],
    ['host.reveal', { target: { kind: 'path', path: '/secret' } }],
    ['run.evaluate', { run: '/r', data: '/secret', split: 'val' }],
  ] as const)('refuses %s over one path', async (method, params) => {
    await expect(checkPaths(method, params as never, check)).rejects.toThrow('refused /secret');
  });
});
