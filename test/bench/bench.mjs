// `npm run bench -- …` is `graft bench …`: see its --help.
import { spawn } from 'node:child_process';
import { join } from 'node:path';
import { ROOT } from '../../scripts/setup/places.mjs';

const child = spawn(process.execPath, [join(ROOT, 'bin', 'graft.mjs'), 'bench', ...process.argv.slice(2)], {
  stdio: 'inherit',
});
// Ctrl-C reaches both; the benchmark decides when it has cleared up.
process.on('SIGINT', () => undefined);
process.on('SIGTERM', () => child.kill('SIGTERM'));
child.on('close', (code) => (process.exitCode = code ?? 1));
