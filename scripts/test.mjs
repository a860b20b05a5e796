// `npm test`: set-up, then every check and test, then a plain count.
import { readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ROOT } from './setup/places.mjs';
import { run } from './setup/run.mjs';
import { say } from './setup/say.mjs';
import { findChromium, findNode24 } from './setup/test-tools.mjs';
import { check } from './check.mjs';
import { runScript, setUp } from './setup.mjs';

/** @typedef {{ numPassedTests: number, numFailedTests: number, numPendingTests: number, numFailedTestSuites: number }} Counts */

await runScript(async () => {
  await setUp();
  const chromium = await findChromium();
  const node24 = await findNode24();
  const failedChecks = await check();

  const report = join(tmpdir(), `graft-tests-${process.pid}.json`);
  const vitest = join(ROOT, 'node_modules', 'vitest', 'vitest.mjs');
  const filters = process.argv.slice(2);
  const { code } = await run(
    [process.execPath, vitest, 'run', '--reporter=default', '--reporter=json', `--outputFile.json=${report}`, ...filters],
    {
      cwd: ROOT,
      show: true,
      env: { ...(chromium ? { CHROMIUM_PATH: chromium } : {}), ...(node24 ? { GRAFT_TEST_NODE24: node24 } : {}) },
    },
  );
  /** @type {Counts} */
  const counts = JSON.parse(
    await readFile(report, 'utf8').catch(() => '{"numPassedTests":0,"numFailedTests":1,"numPendingTests":0}'),
  );
  await rm(report, { force: true });
  // A file that cannot be loaded has no tests to fail, but it has failed.
  const failedFiles = code !== 0 && counts.numFailedTests === 0 ? 1 : 0;
  const failed = counts.numFailedTests + failedFiles + failedChecks.length;
  if (failedChecks.length > 0) say(`failed checks: ${failedChecks.join(', ')}`);
  const skipped = counts.numPendingTests > 0 ? `, ${counts.numPendingTests} skipped` : '';
  say(`${counts.numPassedTests} passed, ${failed} failed${skipped}`);
  return failed === 0 ? 0 : 1;
});
