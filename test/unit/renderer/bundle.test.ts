import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { ROOT } from '../../support/shared-data.js';

const PAGE = join(ROOT, 'out', 'renderer');
/** What the page may fetch before its first view works, in bytes of minified, uncompressed code. */
const FIRST_VIEW_BYTES = 270_000;
/** All code of all pages, the preview's worker among it. */
const ALL_BYTES = 660_000;

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

it('shows its first view with little code, and has little in all', () => {
  const html = join(PAGE, 'index.html');
  expect(existsSync(html), 'run "npm run build" before this test').toBe(true);
  const entry = /<script[^>]+src="\.?\/?([^"]+)"/.exec(readFileSync(html, 'utf8'))?.[1];
  const assets = readdirSync(join(PAGE, 'assets'));
  const chunk = (name: string): string =>
    join(
      PAGE,
      'assets',
      assets.find((asset) => asset.startsWith(`${name}-`) && asset.endsWith('.js'))!,
    );
  const files = withImports(join(PAGE, entry!));
  for (const name of ['browser', 'DataPage']) withImports(chunk(name), files);
  // The reading of imports finds what the bundler has split off.
  expect(files.size).toBeGreaterThan(5);
  expect(sizeOf(files)).toBeLessThan(FIRST_VIEW_BYTES);
  // The charts come with the pages that draw them.
  expect([...files].filter((file) => /line-chart/.test(file))).toEqual([]);
  const code = assets.filter((asset) => asset.endsWith('.js')).map((asset) => join(PAGE, 'assets', asset));
  expect(sizeOf(code)).toBeLessThan(ALL_BYTES);
});
