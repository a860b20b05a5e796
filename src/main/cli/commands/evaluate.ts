import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import type { EvaluationReport } from '../../../shared/reports.js';
import { type CommandContext, EXIT, withEngine } from '../context.js';
import { formatCount, formatInterval, formatPercent } from '../format.js';
import type { Output } from '../output.js';

interface EvaluateOptions {
  readonly data?: string;
  readonly split: 'train' | 'val' | 'test';
  readonly json?: boolean;
}

/** A wider matrix would not fit a terminal; the most frequent confusions say more then. */
const MATRIX_CLASSES = 12;
const LISTED_CONFUSIONS = 15;

function sayConfusion(output: Output, { classes, confusion }: EvaluationReport): void {
  if (classes.length <= MATRIX_CLASSES) {
    output.line('Confusion matrix (rows: true class, columns: predicted):');
    output.table(
      [{ header: '' }, ...classes.map((header) => ({ header, align: 'right' as const }))],
      confusion.map((row, index) => [classes[index]!, ...row.map(String)]),
    );
    return;
  }
  const pairs = confusion
    .flatMap((row, label) => row.map((count, predicted) => ({ label, predicted, count })))
    .filter(({ label, predicted, count }) => label !== predicted && count > 0)
    .sort((a, b) => b.count - a.count);
  output.line(`Most frequent confusions of ${classes.length} classes (the whole matrix: --json):`);
  output.table(
    [{ header: 'true class' }, { header: 'predicted' }, { header: 'images', align: 'right' }],
    pairs
      .slice(0, LISTED_CONFUSIONS)
      .map(({ label, predicted, count }) => [classes[label]!, classes[predicted]!, String(count)]),
  );
}

function sayEvaluation(output: Output, report: EvaluationReport): void {
  const share = (value: number | null): string => (value === null ? '–' : formatPercent(value));
  output.line(
    `Accuracy ${formatPercent(report.accuracy)} (95 % interval ${formatInterval(report.interval)}) ` +
      `on ${formatCount(report.predictions.length, 'image')}, loss ${report.loss.toFixed(4)}`,
  );
  output.line();
  sayConfusion(output, report);
  output.line();
  output.table(
    [
      { header: 'class' },
      { header: 'precision', align: 'right' },
      { header: 'recall', align: 'right' },
      { header: 'F1', align: 'right' },
      { header: 'images', align: 'right' },
    ],
    report.perClass.map(({ name, precision, recall, f1, support }) => [
      name,
      share(precision),
      share(recall),
      share(f1),
      String(support),
    ]),
  );
  if (report.problems.length > 0) {
    output.note(`${formatCount(report.problems.length, 'problem')} in the data: see \`graft dataset inspect\``);
  }
}

async function evaluate(context: CommandContext, given: string, options: EvaluateOptions): Promise<number> {
  const { host, output } = context;
  const run = resolve(host.cwd, given);
  const data = options.data === undefined ? null : resolve(host.cwd, options.data);
  const report = await withEngine(context, ({ call }) => call('run.evaluate', { run, data, split: options.split }));
  if (options.json === true) output.json(report);
  else sayEvaluation(output, report);
  return EXIT.done;
}

/** `graft evaluate`. */
export function addEvaluateCommand(program: Command, context: CommandContext): void {
  program
    .command('evaluate')
    .description("Measure a run's model: accuracy with its interval, confusion matrix, each class.")
    .argument('<run>', "a run's folder")
    .option('--data <dir>', "other images with the same classes, in place of the run's own")
    .addOption(new Option('--split <name>', 'which part').choices(['train', 'val', 'test']).default('val'))
    .option('--json', 'one JSON object on stdout, with the prediction of every image')
    .addHelpText(
      'after',
      '\nExamples:\n  graft evaluate runs/first\n  graft evaluate runs/first --data more-photos --json',
    )
    .action(context.action((run: string, options: EvaluateOptions) => evaluate(context, run, options)));
}
