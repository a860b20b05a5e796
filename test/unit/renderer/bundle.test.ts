import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../support/shared-data.js';

const PAGE = join(ROOT, 'out', 'renderer');
/** What the page may fetch before its first view works, in bytes of minified, uncompressed code. */
const FIRST_VIEW_BYTES = 270_000;
/** What any one page may fetch when it is opened by itself, with the charts or the worker that it comes to use. */
const ANY_VIEW_BYTES = 450_000;
/** All code of all pages, the preview's worker among it. */
const ALL_BYTES = 660_000;
/** Code that pages fetch when they first need it. */
const LATER: Readonly<Record<string, readonly string[]>> = {
  DataPage: [],
  AugmentPage: ['preview-worker'],
  TrainPage: ['line-chart-view'],
  EvaluatePage: ['line-chart-view'],
  ExportPage: [],
  RunsPage: ['line-chart-view'],
};

const STATIC_IMPORT = /(?:\bfrom|\bimport)\s*["'](\.\/[^"']+\.js)["']/g;

/** A module and everything that it imports before it runs. */
function withImports(file: string, found = new Set<string>()): Set<string> {
  if (found.has(file)) return found;
  found.add(file);
  for (const [, specifier] of readFileSync(file, 'utf8').matchAll(STATIC_IMPORT)) {
    withImports(join(dirname(file), specifier!), found);
  }
  return found;
}

const sizeOf = (files: Iterable<string>): number =>
  [...files].reduce((sum, file) => sum + readFileSync(file).length, 0);

const assets = existsSync(PAGE) ? readdirSync(join(PAGE, 'assets')) : [];
const chunk = (name: string): string => {
  const asset = assets.find((one) => one.startsWith(`${name}-`) && one.endsWith('.js'));
  expect(asset, `a built ${name}: run "npm run build" before this test`).toBeDefined();
  return join(PAGE, 'assets', asset!);
};
/** All that is fetched for these, before anything is asked for later. */
function fetched(names: readonly string[]): Set<string> {
  const entry = /<script[^>]+src="\.?\/?([^"]+)"/.exec(readFileSync(join(PAGE, 'index.html'), 'utf8'))?.[1];
  const files = withImports(join(PAGE, entry!));
  for (const name of ['browser', ...names]) withImports(chunk(name), files);
  return files;
}

it('shows its first view with little code, and has little in all', () => {
  const files = fetched(['DataPage']);
  // The reading of imports finds what the bundler has split off.
  expect(files.size).toBeGreaterThan(5);
  expect(sizeOf(files)).toBeLessThan(FIRST_VIEW_BYTES);
  // The charts come with the pages that draw them.
  expect([...files].filter((file) => /line-chart/.test(file))).toEqual([]);
  const code = assets.filter((asset) => asset.endsWith('.js')).map((asset) => join(PAGE, 'assets', asset));
  expect(sizeOf(code)).toBeLessThan(ALL_BYTES);
});

it('knows every page', () => {
  const pages = assets.flatMap((asset) => /^(\w+Page)-.*\.js$/.exec(asset)?.[1] ?? []);
  expect(pages.sort()).toEqual(Object.keys(LATER).sort());
});

it.each(Object.entries(LATER))('opens %s by itself with less than the bound', (page, later) => {
  expect(sizeOf(fetched([page, ...later]))).toBeLessThan(ANY_VIEW_BYTES);
});
