import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type Framing, FRAMINGS } from '../../../shared/input.js';
import type { SkippedFile } from '../../../shared/reports.js';
import { type CommandContext, EXIT, withEngine } from '../context.js';
import { csvLine } from '../csv.js';
import { formatPercent } from '../format.js';
import type { Output } from '../output.js';
import { resolveGivenPaths } from '../paths.js';

interface PredictOptions {
  readonly framing?: Framing;
  readonly json?: boolean;
  readonly csv?: boolean;
}

/** Lists on stderr what could not be used. */
export function saySkipped(output: Output, skipped: readonly SkippedFile[]): void {
  for (const { path, message } of skipped) output.note(`skipped ${path}: ${message}`);
}

async function predict(
  context: CommandContext,
  given: string,
  givenPaths: readonly string[],
  options: PredictOptions,
): Promise<number> {
  const { host, output } = context;
  const model = resolve(host.cwd, given);
  const paths = resolveGivenPaths(givenPaths, host.cwd);
  const report = await withEngine(context, ({ call }) =>
    call('run.predict', { model, paths: [...paths.absolute], framing: options.framing ?? null }),
  );
  const { classes } = report;
  const images = report.images.map((image) => ({ ...image, path: paths.name(image.path) }));
  const skipped = report.skipped.map((file) => ({ ...file, path: paths.name(file.path) }));
  saySkipped(output, skipped);
  if (options.json === true) {
    output.json({ classes, images, skipped });
  } else if (options.csv === true) {
    output.raw(csvLine(['path', 'predicted', ...classes]));
    for (const { path, predicted, probabilities } of images) {
      output.raw(csvLine([path, predicted, ...classes.map((name) => probabilities[name] ?? 0)]));
    }
  } else if (images.length > 0) {
    output.table(
      [{ header: 'image' }, { header: 'predicted' }, { header: 'probability', align: 'right' }, { header: 'next' }],
      images.map(({ path, predicted, probabilities }) => {
        const next = classes
          .filter((name) => name !== predicted)
          .sort((a, b) => (probabilities[b] ?? 0) - (probabilities[a] ?? 0))[0];
        return [
          path,
          predicted,
          formatPercent(probabilities[predicted] ?? 0),
          next === undefined ? '' : `${next} ${formatPercent(probabilities[next] ?? 0)}`,
        ];
      }),
    );
  }
  if (images.length > 0) return EXIT.done;
  output.note('None of the files could be predicted.');
  return EXIT.failed;
}

/** `graft predict`. */
export function addPredictCommand(program: Command, context: CommandContext): void {
  program
    .command('predict')
    .description('Classify pictures with a run or an exported model.')
    .argument('<model>', "a run's folder, or a folder exported as TensorFlow.js")
    .argument('<path...>', 'pictures or folders of pictures')
    .addOption(
      new Option('--framing <kind>', "how a picture becomes a square, in place of the run's way").choices(FRAMINGS),
    )
    .option('--json', 'one JSON object on stdout, with probabilities and logits')
    .addOption(new Option('--csv', 'a table for spreadsheets on stdout').conflicts('json'))
    .addHelpText(
      'after',
      `
Examples:
  graft predict runs/first photo.jpg
  graft predict runs/first new-photos --csv > predictions.csv`,
    )
    .action(
      context.action((model: string, paths: string[], options: PredictOptions) =>
        predict(context, model, paths, options),
      ),
    );
}
