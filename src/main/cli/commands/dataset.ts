import { resolve } from 'node:path';
import type { Command } from 'commander';
import { type CommandContext, EXIT, withEngine } from '../context.js';
import { formatCount } from '../format.js';

interface InspectOptions {
  readonly json?: boolean;
}

/** Problems beyond this are counted, not listed; `--json` has them all. */
const LISTED_PROBLEMS = 50;

async function inspect(context: CommandContext, dir: string, options: InspectOptions): Promise<number> {
  const { host, output } = context;
  const path = resolve(host.cwd, dir);
  const report = await withEngine(context, ({ call }) => call('dataset.inspect', { path }));
  if (options.json === true) {
    output.json(report);
    return EXIT.done;
  }
  const { layout, classes, problems } = report;
  output.line(
    layout === 'splits' ? 'Layout: train|val|test/class/…' : 'Layout: class/… (a validation set is split off)',
  );
  const total = { name: 'all', train: 0, val: 0, test: 0 };
  for (const { train, val, test } of classes) {
    total.train += train;
    total.val += val;
    total.test += test;
  }
  output.table(
    [
      { header: 'class' },
      { header: 'train', align: 'right' },
      { header: 'val', align: 'right' },
      { header: 'test', align: 'right' },
    ],
    [...classes, total].map(({ name, train, val, test }) => [name, String(train), String(val), String(test)]),
  );
  if (problems.length === 0) return EXIT.done;
  output.line();
  output.line(`${formatCount(problems.length, 'problem')}, ${formatCount(report.excluded, 'file')} left out:`);
  output.table(
    [{ header: 'what' }, { header: 'path' }, { header: 'why' }],
    problems
      .slice(0, LISTED_PROBLEMS)
      .map(({ severity, path: file, message }) => [severity === 'excluded' ? 'left out' : 'warning', file, message]),
  );
  if (problems.length > LISTED_PROBLEMS) output.line(`and ${problems.length - LISTED_PROBLEMS} more: see --json`);
  return EXIT.done;
}

/** `graft dataset inspect`. */
export function addDatasetCommand(program: Command, context: CommandContext): void {
  const dataset = program.command('dataset').description('Look at a folder of images.');
  dataset
    .command('inspect')
    .description('Show the layout, the classes and what is wrong with which file.')
    .argument('<dir>', 'folder or zip of images: class/… or train|val|test/class/…')
    .option('--json', 'one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  graft dataset inspect photos')
    .action(context.action((dir: string, options: InspectOptions) => inspect(context, dir, options)));
}
