import { existsSync, readFileSync } from 'node:fs';
import { readdir } from 'node:fs/promises';
import { join, posix, relative, sep } from 'node:path';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';
import { ROOT } from '../support/shared-data.js';

const MAX_LINES = 300;

/** Files below a folder of the repository, with `/` and relative to the root; none where there is no such folder. */
async function listFiles(folder: string, pattern: RegExp): Promise<string[]> {
  const entries = await readdir(join(ROOT, folder), { recursive: true, withFileTypes: true }).catch(() => []);
  return entries
    .filter((entry) => entry.isFile() && pattern.test(entry.name))
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'))
    .sort();
}

const read = (file: string): string => readFileSync(join(ROOT, file), 'utf8');

/** TypeScript of a file: all of it, or a Svelte component's scripts. */
const scriptOf = (file: string, text: string): string =>
  file.endsWith('.svelte')
    ? [...text.matchAll(/<script[^>]*>(.*?)<\/script>/gs)].map((match) => match[1] ?? '').join('\n')
    : text;

const parse = (file: string, text: string): ts.SourceFile =>
  ts.createSourceFile(file, scriptOf(file, text), ts.ScriptTarget.ESNext, true, ts.ScriptKind.TS);

interface Import {
  readonly specifier: string;
  /** Erased by the compiler. */
  readonly isType: boolean;
}

/** Every import and re-export, `import()` of a literal included. */
function importsOf(source: ts.SourceFile): Import[] {
  const found: Import[] = [];
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node) || ts.isExportDeclaration(node)) {
      const isType = ts.isImportDeclaration(node)
        ? node.importClause?.phaseModifier === ts.SyntaxKind.TypeKeyword
        : node.isTypeOnly;
      if (node.moduleSpecifier !== undefined && ts.isStringLiteral(node.moduleSpecifier)) {
        found.push({ specifier: node.moduleSpecifier.text, isType });
      }
    } else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) {
      const [argument] = node.arguments;
      if (argument !== undefined && ts.isStringLiteral(argument))
        found.push({ specifier: argument.text, isType: false });
    } else if (ts.isImportTypeNode(node) && ts.isLiteralTypeNode(node.argument)) {
      if (ts.isStringLiteral(node.argument.literal))
        found.push({ specifier: node.argument.literal.text, isType: true });
    }
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

/** Who may import whom; CONTRIBUTING.md says what each folder is for. */
const AREAS: readonly {
  readonly name: string;
  readonly folder: RegExp;
  /** Files of ours, the area's own among them. */
  readonly files: RegExp;
  readonly packages: RegExp;
}[] = [
  { name: 'shared', folder: /^src\/shared\//, files: /^src\/shared\//, packages: /^valibot$/ },
  {
    name: 'common',
    folder: /^src\/main\/common\//,
    files: /^src\/(shared|main\/common)\//,
    packages: /^node:/,
  },
  {
    name: 'engine',
    folder: /^src\/main\/engine\//,
    files: /^src\/(shared|main\/(engine|common))\//,
    packages: /^(node:.*|@tensorflow\/tfjs-node-gpu|sharp|valibot|yauzl|yazl|protobufjs(\/.*)?)$/,
  },
  {
    name: 'engine process',
    folder: /^src\/main\/engine-process(\.ts$|\/)/,
    files: /^src\/(shared\/|main\/common\/|main\/engine-process(\.ts$|\/))/,
    packages: /^(node:.*|valibot)$/,
  },
  {
    name: 'hub',
    folder: /^src\/main\/hub\//,
    files: /^src\/(shared\/|main\/(hub|common)\/|main\/engine-process(\.ts$|\/))/,
    packages: /^(node:.*|valibot)$/,
  },
  {
    name: 'command line',
    folder: /^src\/main\/cli\//,
    files: /^src\/(shared\/|main\/(cli|server|hub|common)\/|main\/engine-process(\.ts$|\/))/,
    packages: /^(node:.*|commander|valibot)$/,
  },
  {
    name: 'browser host',
    folder: /^src\/main\/server\//,
    files: /^src\/(shared\/|main\/(server|hub|common)\/|main\/engine-process(\.ts$|\/))/,
    packages: /^(node:.*|ws|valibot)$/,
  },
  {
    name: 'desktop',
    folder: /^src\/main\/(desktop\/|index\.ts$)/,
    files: /^src\/(shared\/|main\/(desktop|hub|common)\/|main\/engine-process(\.ts$|\/))/,
    packages: /^(node:.*|electron|valibot)$/,
  },
  { name: 'preload', folder: /^src\/preload\//, files: /^src\/(shared|preload)\//, packages: /^electron$/ },
  {
    name: 'renderer',
    folder: /^src\/renderer\//,
    files: /^src\/(shared|renderer)\//,
    packages: /^(?!node:|electron$|@tensorflow\/|sharp$|commander$)/,
  },
];

/** What is wrong with one import, or null. */
function judge(file: string, { specifier, isType }: Import, files: ReadonlySet<string>): string | null {
  const area = AREAS.find(({ folder }) => folder.test(file));
  if (area === undefined) return `${file} lies in no area that may import`;
  if (!specifier.startsWith('.')) {
    return area.packages.test(specifier) ? null : `${file} (${area.name}) imports ${specifier}`;
  }
  const target = posix.join(posix.dirname(file), specifier);
  const source = target.replace(/\.js$/, '.ts');
  if (!files.has(source) && !/\.(css|json)$/.test(target)) return `${file} imports ${specifier}, which is not there`;
  if (!area.files.test(source)) return `${file} (${area.name}) imports ${source}`;
  if (area.name === 'preload' && !isType && !source.startsWith('src/preload/')) {
    return `${file} (preload) imports more than types from ${source}`;
  }
  return null;
}

const sources = (await listFiles('src', /\.(ts|svelte)$/)).filter((file) => !file.endsWith('.d.ts'));
const parsed = new Map(sources.map((file) => [file, parse(file, read(file))]));
const known: ReadonlySet<string> = new Set(sources);

/** Circles of imports that run, each once, as `a → b → a`. */
function findCycles(graph: ReadonlyMap<string, readonly string[]>): string[] {
  const cycles: string[] = [];
  const done = new Set<string>();
  const walk = (file: string, way: readonly string[]): void => {
    const start = way.indexOf(file);
    if (start >= 0) cycles.push([...way.slice(start), file].join(' → '));
    if (start >= 0 || done.has(file)) return;
    for (const next of graph.get(file) ?? []) walk(next, [...way, file]);
    done.add(file);
  };
  for (const file of graph.keys()) walk(file, []);
  return cycles;
}

/** Places where a node of the tree offends, as `file:line`. */
function findNodes(file: string, source: ts.SourceFile, offends: (node: ts.Node) => boolean): string[] {
  const places: string[] = [];
  const visit = (node: ts.Node): void => {
    if (offends(node)) places.push(`${file}:${source.getLineAndCharacterOfPosition(node.getStart()).line + 1}`);
    ts.forEachChild(node, visit);
  };
  visit(source);
  return places;
}

const isProperty = (node: ts.Node, object: RegExp, property: RegExp): boolean =>
  ts.isPropertyAccessExpression(node) && object.test(node.expression.getText()) && property.test(node.name.text);

const isMathRandom = (node: ts.Node): boolean => isProperty(node, /^Math$/, /^random$/);
const isSkippingOthers = (node: ts.Node): boolean =>
  isProperty(node, /^(it|test|describe)(\.\w+)*$/, /^(only|todo|skip|fails)$/);

/** Folders that the map in CONTRIBUTING.md names: those of a line, and indented below it those inside. */
function mappedFolders(map: string): string[] {
  let parent = '';
  return map.split('\n').flatMap((line) => {
    const [, indent = '', names = ''] = /^ {4}( *)((?:[\w.-]+\/)+(?: +[\w-]+\/)*)(?= |$)/.exec(line) ?? [];
    const folders = names.split(/ +/).filter((name) => name !== '');
    if (indent === '') parent = folders[0] ?? '';
    return folders.map((name) => (indent === '' ? name : `${parent}${name}`).replace(/\/$/, ''));
  });
}

it('CONTRIBUTING.md maps every folder of the sources, and none that is not there', async () => {
  const [, map = ''] = /^## Layout\n\n((?: {4}.*\n)+)/m.exec(read('CONTRIBUTING.md')) ?? [];
  const mapped = mappedFolders(map);
  const all = await readdir(join(ROOT, 'src'), { recursive: true, withFileTypes: true });
  const found = all
    .filter((entry) => entry.isDirectory())
    .map((entry) => relative(ROOT, join(entry.parentPath, entry.name)).split(sep).join('/'))
    // Areas, and what is directly in the three that have parts.
    .filter((folder) => /^src\/((main\/)?[\w-]+|(main\/engine|shared|renderer)\/[\w-]+)$/.test(folder));
  const missing = found.filter((folder) => !mapped.includes(folder) && !['src/main', 'src/preload'].includes(folder));
  const gone = mapped.filter((folder) => !existsSync(join(ROOT, folder)));
  expect({ missing, gone, isMap: mapped.length > 20 }).toEqual({ missing: [], gone: [], isMap: true });
});

describe('the import graph', () => {
  it('has the engine, the command line and what they share', () => {
    for (const folder of ['src/shared/', 'src/main/engine/', 'src/main/cli/']) {
      expect(sources.filter((file) => file.startsWith(folder)).length).toBeGreaterThan(5);
    }
  });

  it('keeps every folder to what it may import', () => {
    const wrong = [...parsed].flatMap(([file, source]) =>
      importsOf(source).flatMap((one) => judge(file, one, known) ?? []),
    );
    expect(wrong).toEqual([]);
  });

  it('has no circles among imports that run', () => {
    const graph = new Map(
      [...parsed].map(([file, source]) => [
        file,
        importsOf(source)
          .filter(({ specifier, isType }) => specifier.startsWith('.') && !isType)
          .map(({ specifier }) => posix.join(posix.dirname(file), specifier).replace(/\.js$/, '.ts')),
      ]),
    );
    expect(findCycles(graph)).toEqual([]);
  });

  it.each([
    ['src/shared/a.ts', "import { b } from '../main/cli/b.js'"],
    ['src/shared/a.ts', "import { join } from 'node:path'"],
    ['src/shared/a.ts', "import type * as tf from '@tensorflow/tfjs-node-gpu'"],
    ['src/main/common/a.ts', "import { b } from '../engine/b.js'"],
    ['src/main/common/a.ts', "import { b } from '../hub/b.js'"],
    ['src/main/common/a.ts', "import * as v from 'valibot'"],
    ['src/main/engine/a.ts', "import { app } from 'electron'"],
    ['src/main/engine/a.ts', "export * from '../cli/b.js'"],
    ['src/main/cli/a.ts', "const b = await import('../engine/b.js')"],
    ['src/main/cli/a.ts', "type B = import('../engine/b.js').B"],
    ['src/main/cli/a.ts', "import tf from '@tensorflow/tfjs-node-gpu'"],
    ['src/preload/a.ts', "import { b } from '../shared/b.js'"],
    ['src/renderer/a.ts', "import { join } from 'node:path'"],
    ['src/elsewhere/a.ts', "import { b } from '../shared/b.js'"],
    ['src/shared/a.ts', "import { b } from './missing.js'"],
  ])('catches %s with %s', (file, text) => {
    const files = new Set(['cli', 'hub', 'engine'].map((name) => `src/main/${name}/b.ts`)).add('src/shared/b.ts');
    expect(importsOf(parse(file, text)).map((one) => judge(file, one, files))).toEqual([expect.any(String)]);
  });

  it('lets the rest pass, and finds a circle', () => {
    const [one] = importsOf(parse('src/preload/a.ts', "import type { B } from '../shared/b.js'"));
    expect(one && judge('src/preload/a.ts', one, new Set(['src/shared/b.ts']))).toBeNull();
    expect(findCycles(new Map([['a', ['b']], ['b', ['c', 'a']], ['c', []]]))).toEqual(['a → b → a']); // prettier-ignore
  });
});

describe('the sources', async () => {
  const tests = await listFiles('test', /\.ts$/);
  const scripts = (await Promise.all(['scripts', 'bin'].map((folder) => listFiles(folder, /\.mjs$/)))).flat();

  it(`has no file over ${MAX_LINES} lines`, () => {
    const long = [...sources, ...tests, ...scripts].filter(
      (file) => read(file).trimEnd().split('\n').length > MAX_LINES,
    );
    expect(long).toEqual([]);
  });

  it('has no "any" and silences no compiler', () => {
    const all = [...parsed, ...tests.map((file) => [file, parse(file, read(file))] as const)];
    const untyped = all.flatMap(([file, source]) =>
      findNodes(file, source, (node) => node.kind === ts.SyntaxKind.AnyKeyword),
    );
    const silenced = all.flatMap(([file]) => (/@ts-(ignore|nocheck|expect-error)\b/.test(read(file)) ? [file] : []));
    expect({ untyped, silenced }).toEqual({ untyped: [], silenced: [] });
  });

  it('draws from seeded streams only', () => {
    expect([...parsed].flatMap(([file, source]) => findNodes(file, source, isMathRandom))).toEqual([]);
    expect(findNodes('a.ts', parse('a.ts', '\nMath.random()'), isMathRandom)).toEqual(['a.ts:2']);
  });

  it('has no test that is set aside, and none that sets the others aside', () => {
    const aside = tests.flatMap((file) => findNodes(file, parse(file, read(file)), isSkippingOthers));
    expect(aside).toEqual([]);
    expect(findNodes('a.ts', parse('a.ts', 'it.only("", f); it.skipIf(x)("", f)'), isSkippingOthers)).toHaveLength(1);
  });
});
