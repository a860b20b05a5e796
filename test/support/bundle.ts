import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { build } from 'vite';

/**
 * Bundles a TypeScript file so that a plain Node.js can run it as a process of its own.
 *
 * @returns the bundle's path, in a temporary folder
 */
export async function bundleFixture(file: string): Promise<string> {
  const outDir = mkdtempSync(join(tmpdir(), 'graft-fixture-'));
  const name = basename(file, '.ts');
  await build({
    configFile: false,
    logLevel: 'silent',
    ssr: { noExternal: true },
    build: {
      ssr: file,
      outDir,
      emptyOutDir: false,
      minify: false,
      rollupOptions: { output: { entryFileNames: `${name}.mjs` } },
    },
  });
  return join(outDir, `${name}.mjs`);
}
