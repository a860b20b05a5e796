// `npm test`: set-up, then every check and test, then a plain count.
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { ROOT } from './setup/places.mjs';
import { run } from './setup/run.mjs';
import { say } from './setup/say.mjs';
import { findChromium, findNode24 } from './setup/test-tools.mjs';
import { check } from './check.mjs';
import { runScript, setUp } from './setup.mjs';

/** @typedef {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numTodoTests: number, testResults: { status: string, assertionResults: unknown[] }[] }} Report */

/**
 * The closing line, and how many failed.
 *
 * @param {Report | null} report vitest's JSON, null when there is none
 * @param {number} code vitest's exit code
 * @param {number} failedChecks
 */
export function countTests(report, code, failedChecks) {
  const passed = report?.numPassedTests ?? 0;
  const skipped = (report?.numPendingTests ?? 0) + (report?.numTodoTests ?? 0);
  // A file that cannot be loaded has no tests to fail, but it has failed.
  const failedFiles = (report?.testResults ?? []).filter(
    ({ status, assertionResults }) => status === 'failed' && assertionResults.length === 0,
  ).length;
  const failedTests = (report?.numFailedTests ?? 0) + failedFiles;
  // An error outside all tests shows in the exit code only.
  const failed = (failedTests === 0 && (code !== 0 || report === null) ? 1 : failedTests) + failedChecks;
  return { line: `${passed} passed, ${failed} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`, failed };
}

/**
 * @param {string} file
 * @returns {Promise<Report | null>}
 */
async function readReport(file) {
  try {
    return JSON.parse(await readFile(file, 'utf8'));
  } catch {
    return null;
  } finally {
    await rm(file, { force: true });
  }
}

/** @returns {Promise<number>} the exit code */
async function main() {
  await setUp();
  const chromium = await findChromium();
  const node24 = await findNode24();
  const failedChecks = await check();

  const file = join(tmpdir(), `graft-tests-${process.pid}.json`);
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const { code } = await run(
    [
      ...[process.execPath, vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${file}`],
      ...process.argv.slice(2),
    ],
    {
      cwd: ROOT,
      show: true,
      env: { ...(chromium ? { CHROMIUM_PATH: chromium } : {}), ...(node24 ? { GRAFT_TEST_NODE24: node24 } : {}) },
    },
  );
  const { line, failed } = countTests(await readReport(file), code, failedChecks.length);
  if (failedChecks.length > 0) say(`failed checks: ${failedChecks.join(', ')}`);
  say(line);
  return failed === 0 ? 0 : 1;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) await runScript(main);
