import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type CommandContext, EXIT, withEngine } from '../context.js';
import { formatBytes } from '../format.js';

interface ExportOptions {
  readonly out: string;
  readonly format: string;
  readonly json?: boolean;
}

async function exportRun(context: CommandContext, given: string, options: ExportOptions): Promise<number> {
  const { host, output } = context;
  const params = { run: resolve(host.cwd, given), format: options.format, out: resolve(host.cwd, options.out) };
  const report = await withEngine(context, ({ call }) => call('run.export', params));
  if (options.json === true) {
    output.json(report);
    return EXIT.done;
  }
  output.table(
    [{ header: 'file' }, { header: 'size', align: 'right' }],
    report.files.map(({ path, sizeBytes }) => [path, formatBytes(sizeBytes)]),
  );
  const { selfTest } = report;
  output.line();
  output.line(
    `Self-test passed: the files, loaded again, give the run's probabilities on ${selfTest.image} ` +
      `within ${selfTest.maxDifference.toExponential(1)} (allowed ${selfTest.tolerance.toExponential(0)}).`,
  );
  output.line(`Exported as ${report.format} to ${options.out}`);
  return EXIT.done;
}

/** `graft export`. */
export function addExportCommand(program: Command, context: CommandContext): void {
  program
    .command('export')
    .description("Write a run's model in a format for use elsewhere, and test the files.")
    .argument('<run>', "a run's folder")
    .requiredOption('--out <dir>', 'folder for the files, new or empty')
    .option('--format <name>', 'tfjs (TensorFlow.js), onnx, or saved-model (TensorFlow)', 'tfjs')
    .option('--json', 'one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  graft export runs/first --out runs/first-tfjs')
    .action(context.action((run: string, options: ExportOptions) => exportRun(context, run, options)));
}
