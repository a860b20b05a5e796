import { createRequire } from 'node:module';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'vite';
import { ROOT } from './shared-data.js';

/**
 * Bundles a file of `src/main/engine/dataset` into a folder, so that a thread or a process of its own can run it. sharp
 * stays where it is installed.
 *
 * @param name without its ending
 * @returns the bundle's path
 */
export async function bundleEngineFile(name: string, outDir: string): Promise<string> {
  const sharpUrl = pathToFileURL(createRequire(import.meta.url).resolve('sharp')).href;
  await build({
    configFile: false,
    logLevel: 'silent',
    ssr: { noExternal: true, external: ['sharp'] },
    build: {
      ssr: join(ROOT, 'src', 'main', 'engine', 'dataset', `${name}.ts`),
      outDir,
      emptyOutDir: false,
      minify: false,
      rollupOptions: { external: ['sharp'], output: { entryFileNames: `${name}.mjs`, paths: { sharp: sharpUrl } } },
    },
  });
  return join(outDir, `${name}.mjs`);
}
