import { resolve } from 'node:path';
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
          cli: source('main/cli/index.ts'),
          engine: source('main/engine/index.ts'),
          probe: source('main/engine/compiled/probe.ts'),
          'batch-worker': source('main/engine/dataset/batch-worker.ts'),
        },
        output: { format: 'es', entryFileNames: '[name].js', chunkFileNames: 'chunks/[name]-[hash].js' },
      },
    },
  },
});
