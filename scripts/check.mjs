// Types, lint and format.
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './setup/places.mjs';
import { run } from './setup/run.mjs';
import { say } from './setup/say.mjs';

/** @type {readonly (readonly [name: string, command: readonly string[]])[]} */
const CHECKS = [
  ['types', ['typescript/bin/tsc', '-p', '.']],
  ['types of tests', ['typescript/bin/tsc', '-p', 'test']],
  ['types of shared', ['typescript/bin/tsc', '-p', 'tsconfig.shared.json']],
  [
    'types of the page',
    [
      'svelte-check/bin/svelte-check',
      '--tsconfig',
      'src/renderer/tsconfig.json',
      '--fail-on-warnings',
      '--output',
      'human',
    ],
  ],
  ['types of the preload', ['typescript/bin/tsc', '-p', 'src/preload']],
  ['types of scripts', ['typescript/bin/tsc', '-p', 'scripts']],
  ['lint', ['eslint/bin/eslint.js', '.', '--max-warnings=0']],
  ['format', ['prettier/bin/prettier.cjs', '--check', '--log-level=warn', '.']],
];

/**
 * Runs every check and shows what the failing ones say.
 *
 * @returns {Promise<string[]>} names of those that failed
 */
export async function check() {
  /** @type {string[]} */
  const failed = [];
  for (const [name, [tool, ...args]] of CHECKS) {
    const started = Date.now();
    const { code, output } = await run([process.execPath, join(ROOT, 'node_modules', tool ?? ''), ...args], {
      cwd: ROOT,
    });
    say(`check ${name}: ${code === 0 ? 'ok' : 'FAILED'} (${((Date.now() - started) / 1000).toFixed(1)} s)`);
    if (code === 0) continue;
    say(output);
    failed.push(name);
  }
  return failed;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) {
  process.exitCode = (await check()).length === 0 ? 0 : 1;
}
