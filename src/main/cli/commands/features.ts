import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { type Framing, FRAMINGS } from '../../../shared/input.js';
import { type CommandContext, EXIT, withEngine } from '../context.js';
import { resolveGivenPaths } from '../paths.js';
import { saySkipped } from './predict.js';

interface FeaturesOptions {
  readonly backbone: string;
  readonly weights?: string;
  readonly framing: Framing;
  readonly json?: boolean;
}

/** Values shown of a vector of hundreds. */
const SHOWN_VALUES = 6;

async function features(
  context: CommandContext,
  givenPaths: readonly string[],
  options: FeaturesOptions,
): Promise<number> {
  const { host, output } = context;
  const paths = resolveGivenPaths(givenPaths, host.cwd);
  const report = await withEngine(context, ({ call }) =>
    call('features.compute', {
      paths: [...paths.absolute],
      backbone: options.backbone,
      weightsFile: options.weights === undefined ? null : resolve(host.cwd, options.weights),
      framing: options.framing,
    }),
  );
  const images = report.images.map((image) => ({ ...image, path: paths.name(image.path) }));
  const skipped = report.skipped.map((file) => ({ ...file, path: paths.name(file.path) }));
  saySkipped(output, skipped);
  if (options.json === true) {
    output.json({ ...report, images, skipped });
  } else if (images.length > 0) {
    output.line(
      `${report.dimension} features an image by ${report.backbone}; the first ${SHOWN_VALUES} (all: --json):`,
    );
    output.table(
      [{ header: 'image' }, ...Array.from({ length: SHOWN_VALUES }, () => ({ header: '', align: 'right' as const }))],
      images.map(({ path, features: values }) => [
        path,
        ...values.slice(0, SHOWN_VALUES).map((value) => value.toFixed(4)),
      ]),
    );
  }
  if (images.length > 0) return EXIT.done;
  output.note('Features could be computed of none of the files.');
  return EXIT.failed;
}

/** `graft features`. */
export function addFeaturesCommand(program: Command, context: CommandContext): void {
  program
    .command('features')
    .description("Compute a pretrained network's features of pictures, for use elsewhere.")
    .argument('<path...>', 'pictures or folders of pictures')
    .requiredOption('--backbone <id>', 'see `graft backbones list`')
    .option('--weights <file>', "checkpoint to use in place of the backbone's stored one")
    .addOption(new Option('--framing <kind>', 'how a picture becomes a square').choices(FRAMINGS).default('crop'))
    .option('--json', 'one JSON object on stdout, with every value')
    .addHelpText('after', '\nExample:\n  graft features photos --backbone resnet18 --json > features.json')
    .action(context.action((paths: string[], options: FeaturesOptions) => features(context, paths, options)));
}
