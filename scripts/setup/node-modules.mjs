import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout } from 'node:timers/promises';
import { ROOT } from './places.mjs';
import { run } from './run.mjs';
import { say } from './say.mjs';

/** npm goes on for a while when its parent has been killed. */
const RETRY_MS = 20_000;

/**
 * @typedef {{ version?: string, optional?: boolean, devOptional?: boolean, peer?: boolean, link?: boolean }} LockedPackage
 * @typedef {Record<string, LockedPackage>} LockedPackages
 */

/**
 * Why installed packages are not those of the lockfile, or null when they are. Optional ones may be absent.
 *
 * @param {LockedPackages} wanted `packages` of package-lock.json
 * @param {LockedPackages | null} installed `packages` of node_modules/.package-lock.json
 */
export function whatDiffers(wanted, installed) {
  if (installed === null) return 'nothing is installed yet';
  for (const [path, { version, optional, devOptional, link }] of Object.entries(wanted)) {
    if (path === '' || link) continue;
    const found = installed[path];
    if (found === undefined && !optional && !devOptional) return `${path.replace('node_modules/', '')} is missing`;
    if (found !== undefined && found.version !== version) {
      return `${path.replace('node_modules/', '')} is ${found.version}, the lockfile has ${version}`;
    }
  }
  return null;
}

/** @param {string} file */
async function readPackages(file) {
  try {
    /** @type {{ packages: LockedPackages }} */
    const { packages } = JSON.parse(await readFile(file, 'utf8'));
    return packages;
  } catch {
    return null;
  }
}

/**
 * What npm complains of first; its last line only names a log.
 *
 * @param {string} output
 */
const firstError = (output) => /^npm (?:error|ERR!) (?!code)(.*)$/m.exec(output)?.[1] ?? 'no reason given';

/** Installs the lockfile's packages where they are not installed. No package's own scripts run. */
export async function setUpNodeModules() {
  const wanted = await readPackages(join(ROOT, 'package-lock.json'));
  if (wanted === null) throw new Error('expected package-lock.json in the repository; restore it with git');
  const why = whatDiffers(wanted, await readPackages(join(ROOT, 'node_modules', '.package-lock.json')));
  if (why === null) {
    say('packages: installed');
    return;
  }
  say(`packages: ${why}; running npm ci (about 500 MB)`);
  const started = Date.now();
  const npmCi = () => run(['npm', 'ci', '--ignore-scripts', '--no-audit', '--no-fund'], { cwd: ROOT });
  let { code, output } = await npmCi();
  if (code !== 0 && /ENOTEMPTY|EEXIST|EBUSY/.test(output)) {
    say(
      `packages: something else is still writing there, perhaps a killed set-up's npm; again in ${RETRY_MS / 1000} s`,
    );
    await setTimeout(RETRY_MS);
    ({ code, output } = await npmCi());
  }
  if (code === 127) throw new Error('expected npm beside Node.js, found none: install Node.js with npm');
  if (code !== 0) throw new Error(`npm ci failed: ${firstError(output)}\n${output.slice(-1500)}`);
  say(`packages: installed in ${Math.round((Date.now() - started) / 1000)} s`);
}
