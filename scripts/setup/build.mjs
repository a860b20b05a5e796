import { createHash } from 'node:crypto';
import { existsSync } from 'node:fs';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ROOT } from './places.mjs';
import { run } from './run.mjs';
import { say } from './say.mjs';

const MARKER = join(ROOT, 'out', '.sources');
/** What `bin/graft.mjs` imports: gone when someone has emptied `out/`. */
const ENTRY = join(ROOT, 'out', 'main', 'cli.js');
const CONFIGURATION = ['package.json', 'package-lock.json', 'electron.vite.config.ts', 'svelte.config.js'];

/** One hash over everything that the build reads. */
async function hashSources() {
  const names = await readdir(join(ROOT, 'src'), { recursive: true, withFileTypes: true });
  const files = names.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  const hash = createHash('sha256');
  for (const file of [...files.sort(), ...CONFIGURATION.map((name) => join(ROOT, name))]) {
    hash.update(`${file.slice(ROOT.length)}\0`).update(await readFile(file));
  }
  return hash.digest('hex');
}

/** Builds `out/` where the sources have changed. */
export async function setUpBuild() {
  const sources = await hashSources();
  if (existsSync(ENTRY) && (await readFile(MARKER, 'utf8').catch(() => '')) === sources) {
    say('build: up to date');
    return;
  }
  say('build: building');
  // Interrupted, the build leaves half of the old and half of the new.
  await rm(MARKER, { force: true });
  const vite = join(ROOT, 'node_modules', 'electron-vite', 'bin', 'electron-vite.js');
  const { code, output } = await run([process.execPath, vite, 'build'], { cwd: ROOT });
  if (code !== 0) throw new Error(`the build failed:\n${output.slice(-3000)}`);
  await writeFile(MARKER, sources);
}
