// Times Graft's training epochs against the tutorial's PyTorch script, alternating in one call, and prints ratios.
//
//   npm run bench -- --data FOLDER --python PYTHON [--rounds 2] [--rows resnet18/freeze,mobilenet_v2/fine-tune]
//
// PYTHON needs torch and torchvision. Weights are fresh ones: speed does not depend on their values.
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ROOT } from '../../scripts/setup/places.mjs';
import { run } from '../../scripts/setup/run.mjs';

const ROWS = ['resnet18/freeze', 'mobilenet_v2/freeze', 'resnet18/fine-tune', 'mobilenet_v2/fine-tune'];

const { values } = parseArgs({
  options: {
    data: { type: 'string' },
    python: { type: 'string' },
    rounds: { type: 'string', default: '2' },
    rows: { type: 'string', default: ROWS.join() },
  },
});
if (values.data === undefined || values.python === undefined) {
  process.stderr.write('usage: npm run bench -- --data FOLDER --python PYTHON [--rounds N] [--rows MODEL/MODE,…]\n');
  process.exit(2);
}
const { data, python } = values;
const work = mkdtempSync(join(tmpdir(), 'graft-bench-'));

/**
 * Runs a command and returns what its JSON lines say of the last epoch, when caches are warm.
 *
 * @param {readonly string[]} command
 * @returns {Promise<number>} images a second
 */
function lastEpoch(command) {
  return new Promise((resolve, reject) => {
    const [file = '', ...args] = command;
    const child = spawn(file, args, { stdio: ['ignore', 'pipe', 'pipe'], cwd: ROOT });
    let output = '';
    let said = '';
    child.stdout.on('data', (chunk) => (output += chunk));
    child.stderr.on('data', (chunk) => (said = (said + chunk).slice(-2000)));
    child.on('error', reject);
    child.on('close', (code) => {
      if (code !== 0) return reject(new Error(`${command.join(' ')}: ${said}`));
      const epochs = output
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .filter((line) => typeof line.imagesPerSecond === 'number' && line.event !== 'train.batch');
      resolve(epochs.at(-1).imagesPerSecond);
    });
  });
}

/** @param {readonly number[]} numbers */
const median = (numbers) => [...numbers].sort((a, b) => a - b)[Math.floor((numbers.length - 1) / 2)] ?? NaN;

let runs = 0;
try {
  const rows = [];
  for (const row of values.rows.split(',')) {
    const [model = '', mode = ''] = row.split('/');
    const weights = join(work, `${model}.safetensors`);
    const { code, output } = await run([python, join(ROOT, 'test', 'bench', 'weights.py'), model, weights]);
    if (code !== 0) throw new Error(output);
    const graft = () => [
      ...[process.execPath, join(ROOT, 'bin', 'graft.mjs'), 'train', '--json', '--preset', 'tutorial'],
      ...['--data', data, '--backbone', model, '--weights', weights, '--mode', mode],
      ...['--epochs', '2', '--lr', '0.001', '--out', join(work, `run-${runs++}`)],
    ];
    const peer = [python, join(ROOT, 'test', 'bench', 'peer.py'), data, '--model', model, '--mode', mode];
    /** @type {number[]} */
    const ours = [];
    /** @type {number[]} */
    const theirs = [];
    for (let round = 0; round < Number(values.rounds); round++) {
      ours.push(await lastEpoch(graft()));
      theirs.push(await lastEpoch(peer));
    }
    const line = { row, graft: median(ours), script: median(theirs) };
    rows.push(line);
    process.stderr.write(`${JSON.stringify(line)}\n`);
  }
  process.stdout.write(`${cpus()[0]?.model}, ${cpus().length} cores; training images a second, batch 16, 224 px\n\n`);
  process.stdout.write('| | Graft | PyTorch script | ratio |\n|---|---|---|---|\n');
  for (const { row, graft, script } of rows) {
    process.stdout.write(`| ${row} | ${graft.toFixed(1)} | ${script.toFixed(1)} | ${(graft / script).toFixed(2)} |\n`);
  }
} finally {
  rmSync(work, { recursive: true, force: true });
}
