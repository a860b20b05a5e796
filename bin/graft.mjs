#!/usr/bin/env node
import { existsSync } from 'node:fs';

const bundle = new URL('../out/main/cli.js', import.meta.url);
if (existsSync(bundle)) {
  const { main } = await import(bundle.href);
  await main();
} else {
  console.error(
    'graft: not built yet. Run `npm start` (sets up, builds and starts) or `npm run setup && npm run build`.',
  );
  process.exitCode = 1;
}
