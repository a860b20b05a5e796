// `npm start`: set-up, then Graft. `npm start -- ARGS` is `graft ARGS`.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from './setup/places.mjs';
import { signalCode } from './setup/run.mjs';
import { say } from './setup/say.mjs';
import { runScript, setUp } from './setup.mjs';

/**
 * Runs `graft` as if it had been called itself: same terminal, same signals, same exit code.
 *
 * @param {readonly string[]} args
 * @returns {Promise<number>}
 */
function graft(args) {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [join(ROOT, 'bin', 'graft.mjs'), ...args], { stdio: 'inherit' });
    // Ctrl-C reaches the child by itself; this process has to outlive it.
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', () => child.kill('SIGTERM'));
    child.on('close', (code, signal) => resolve(code ?? (signal === null ? 1 : signalCode(signal))));
  });
}

await runScript(async () => {
  await setUp();
  const args = process.argv.slice(2);
  if (args.length > 0) return await graft(args);
  say('');
  const code = await graft(['doctor']);
  say('\nTrain on a folder that has one folder of pictures for each class:');
  say('  npm start -- train --data FOLDER --out RUN');
  return code;
});
