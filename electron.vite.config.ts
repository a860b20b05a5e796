import { resolve } from 'node:path';
import { svelte } from '@sveltejs/vite-plugin-svelte';
import { defineConfig } from 'electron-vite';

const source = (path: string): string => resolve(import.meta.dirname, 'src', path);

/** Everything that runs in Node: one bundle an entry, dependencies left to node_modules. */
export default defineConfig({
  main: {
    build: {
      outDir: 'out/main',
      target: 'node20',
      sourcemap: true,
      rolldownOptions: {
        input: {
          index: source('main/index.ts'),
          cli: source('main/cli/index.ts'),
          engine: source('main/engine/index.ts'),
          library: source('main/engine/library/index.ts'),
          probe: source('main/engine/compiled/probe.ts'),
          'card-test': source('main/engine/card-test.ts'),
          'batch-worker': source('main/engine/dataset/batch-worker.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
  preload: {
    build: {
      outDir: 'out/preload',
      rolldownOptions: {
        input: { index: source('preload/index.ts') },
        // A sandboxed preload script is one CommonJS file, whatever the package's type.
        output: { format: 'cjs', entryFileNames: '[name].cjs' },
      },
    },
  },
  renderer: {
    root: source('renderer'),
    plugins: [svelte({ configFile: resolve(import.meta.dirname, 'svelte.config.js') })],
    build: {
      outDir: resolve(import.meta.dirname, 'out/renderer'),
      target: 'chrome120',
      minify: true,
      // A data: address would need a looser content security policy.
      assetsInlineLimit: 0,
      rolldownOptions: { input: { index: source('renderer/index.html') } },
    },
  },
});
