import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { promisify } from 'node:util';
import { GraftError } from '../../shared/errors.js';

/** A Node.js that Graft's processes run on: 20.19, 22.12, or 24 and newer. */
export function isUsableVersion(version: string): boolean {
  const match = /^v?(\d+)\.(\d+)\./.exec(version.trim());
  const [major, minor] = [Number(match?.[1]), Number(match?.[2])];
  return major >= 24 || (major === 22 && minor >= 12) || (major === 20 && minor >= 19);
}

/**
 * Finds a Node.js to run the engine with instead of Electron's own, whose allocator refuses blocks of more than 2 GiB.
 *
 * @param env `GRAFT_NODE` names one; otherwise the first usable one in `PATH` is taken
 * @throws GraftError `not-found` when there is none
 */
export async function findNode(env: NodeJS.ProcessEnv, platform: NodeJS.Platform = process.platform): Promise<string> {
  const name = platform === 'win32' ? 'node.exe' : 'node';
  const candidates = env['GRAFT_NODE']
    ? [env['GRAFT_NODE']]
    : (env['PATH'] ?? '').split(delimiter).map((folder) => join(folder, name));
  const seen: string[] = [];
  for (const file of candidates.filter((candidate) => existsSync(candidate))) {
    const version = await promisify(execFile)(file, ['--version'], { timeout: 10_000 }).then(
      ({ stdout }) => stdout.trim(),
      () => 'which does not start',
    );
    if (isUsableVersion(version)) return file;
    seen.push(`${file} (${version})`);
  }
  throw new GraftError(
    'not-found',
    `expected Node.js 20.19, 22.12, or 24 and newer to run the engine with, found ${seen.join(', ') || 'none'}: ` +
      'install it, name it in the environment variable GRAFT_NODE, or set GRAFT_ENGINE=electron',
  );
}
