import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { dataFolder } from './places.mjs';

/** What failed is not tried again for so long. */
const REMEMBER_MS = 24 * 3600_000;

/** @param {string} what */
const fileOf = (what) => join(dataFolder(), 'cache', `${what}.json`);

/**
 * Why the last try with this version failed, where that is not long ago.
 *
 * @param {string} text what a failure's file holds
 * @param {string} version
 * @param {number} nowMs
 * @returns {string | null}
 */
export function parseFailure(text, version, nowMs) {
  try {
    /** @type {{ version: unknown, atMs: unknown, why: unknown }} */
    const failure = JSON.parse(text);
    const { atMs, why } = failure;
    const isRecent = typeof atMs === 'number' && nowMs - atMs >= 0 && nowMs - atMs < REMEMBER_MS;
    return failure.version === version && isRecent && typeof why === 'string' ? why : null;
  } catch {
    return null;
  }
}

/**
 * What {@link rememberFailure} was told within the last day.
 *
 * @param {string} what
 * @param {string} version
 */
export const recallFailure = async (what, version) =>
  parseFailure(await readFile(fileOf(what), 'utf8').catch(() => ''), version, Date.now());

/**
 * @param {string} what
 * @param {string} version
 * @param {string} why
 */
export async function rememberFailure(what, version, why) {
  const file = fileOf(what);
  await mkdir(dirname(file), { recursive: true });
  await writeFile(file, JSON.stringify({ version, atMs: Date.now(), why }));
}
