import { readFileSync } from 'node:fs';
import { resolve } from 'node:path';
import { type Command, Option } from 'commander';
import { FRAMINGS } from '../../../shared/input.js';
import { type CommandContext, EXIT, withEngine } from '../context.js';
import { formatCount } from '../format.js';
import { countOption, seedOption } from '../numbers.js';
import { AUGMENT_CHOICES } from '../recipe-flags.js';
import { type RecipeOptions, recipeFromOptions } from '../recipe-options.js';

interface AugmentOptions extends Pick<RecipeOptions, 'data' | 'recipe' | 'augment' | 'framing' | 'backbone' | 'seed'> {
  readonly out: string;
  readonly images: number;
  readonly views: number;
  readonly json?: boolean;
}

async function augment(context: CommandContext, options: AugmentOptions): Promise<number> {
  const { host, output } = context;
  // Here `--views` counts pictures to write; in a recipe it would change what training sees.
  const { views, images, out: given, ...rest } = options;
  const recipe = recipeFromOptions(rest, { cwd: host.cwd, readText: (path) => readFileSync(path, 'utf8') });
  const out = resolve(host.cwd, given);
  const report = await withEngine(context, ({ call }) => call('augment.write', { recipe, out, images, views }));
  if (options.json === true) output.json(report);
  else output.line(`${formatCount(report.files.length, 'picture')} and the plan written to ${given}`);
  return EXIT.done;
}

/** `graft augment`. */
export function addAugmentCommand(program: Command, context: CommandContext): void {
  program
    .command('augment')
    .description('Write what the network would see in training as PNGs, with the plan of each.')
    .option('--data <dir>', 'folder or zip of images: class/… or train|val|test/class/…')
    .option(
      '--recipe <file>',
      "take data, augmentation, backbone and seed from a recipe, for example a run's recipe.json",
    )
    .requiredOption('--out <dir>', 'folder for the pictures, new or empty')
    .option('--augment <preset|file>', `augmentation: ${AUGMENT_CHOICES}, or a JSON file`)
    .addOption(new Option('--framing <kind>', 'how a picture becomes a square').choices(FRAMINGS))
    .option('--backbone <id>', 'whose input size and framing to use')
    .option('--images <n>', 'how many training images', countOption, 8)
    .option('--views <n>', 'pictures an image: view 1 is what epoch 1 sees', countOption, 4)
    .option('--seed <n>', "the run's seed", seedOption)
    .option('--json', 'one JSON object on stdout')
    .addHelpText(
      'after',
      `
Examples:
  graft augment --data photos --out preview
  graft augment --data photos --augment strong --images 4 --views 9 --out preview`,
    )
    .action(context.action((options: AugmentOptions) => augment(context, options)));
}
