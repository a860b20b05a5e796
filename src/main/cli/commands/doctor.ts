import type { Command } from 'commander';
import { GraftError, messageOf } from '../../../shared/errors.js';
import { createRecipe } from '../../../shared/recipe.js';
import type { BackboneInfo, EngineInfo } from '../../../shared/reports.js';
import { type CommandContext, EXIT, withEngine } from '../context.js';
import { formatBytes } from '../format.js';
import { type Check, checkInstallation } from '../installation.js';

interface DoctorOptions {
  readonly json?: boolean;
}

/** What a running engine says of itself, or why it doesn't run. */
type EngineState =
  { readonly info: EngineInfo; readonly backbones: readonly BackboneInfo[] } | { readonly failure: string };

async function askEngine(context: CommandContext): Promise<EngineState> {
  try {
    return await withEngine(context, async ({ call }) => ({
      info: await call('engine.info', {}),
      backbones: await call('backbones.list', {}),
    }));
  } catch (error) {
    if (error instanceof GraftError && error.code === 'cancelled') throw error;
    return { failure: messageOf(error) };
  }
}

/** What it takes to train on a graphics card; null where nothing is known to be in the way. */
function howToUseCard({ device: { missingLibraries, cardFailed }, platform }: EngineInfo): string | null {
  if (cardFailed)
    return 'bring the driver and the CUDA libraries to versions that go together: Graft then tests the card again';
  if (missingLibraries.length === 0) return null;
  if (missingLibraries.includes('libcuda.so.1'))
    return 'to train on an NVIDIA card install its driver, then run `npm run setup`';
  return platform === 'linux-x64'
    ? 'to train on the graphics card run `npm run setup`, which fetches TensorFlow with CUDA'
    : `to train on the graphics card install ${missingLibraries.join(', ')}`;
}

function checkEngine(state: EngineState): Check[] {
  if ('failure' in state) {
    const remedy = 'see the message; `npm run setup` repairs TensorFlow, `npm run build` the engine';
    return [{ name: 'engine start', ok: false, required: true, found: state.failure, remedy }];
  }
  const { info, backbones } = state;
  const { id } = createRecipe('.').backbone;
  const file = backbones.find((backbone) => backbone.id === id)?.file ?? null;
  const native = info.tensorflow.backend === 'tensorflow';
  const deviceRemedy = howToUseCard(info);
  return [
    {
      name: 'TensorFlow',
      ok: native,
      required: true,
      found: `${info.tensorflow.version}, backend ${info.tensorflow.backend}`,
      remedy: native ? null : 'TensorFlow.js fell back to plain JavaScript: run `npm run setup`',
    },
    {
      name: 'device',
      ok: deviceRemedy === null,
      required: false,
      found: `${info.device.kind}: ${info.device.reason}`,
      remedy: deviceRemedy,
    },
    {
      name: 'default backbone',
      ok: file !== null,
      required: true,
      found: file === null ? `the weights of ${id} are not stored` : `${id} at ${file}`,
      remedy: file === null ? `run \`graft backbones download ${id}\`` : null,
    },
  ];
}

async function doctor(context: CommandContext, options: DoctorOptions): Promise<number> {
  const { host, output } = context;
  const state = await askEngine(context);
  const checks = [...checkInstallation(host.root, process.versions.node), ...checkEngine(state)];
  const ok = checks.every((check) => check.ok || !check.required);
  const info = 'info' in state ? state.info : null;
  if (options.json === true) {
    output.json({ ok, checks, engine: info });
    return ok ? EXIT.done : EXIT.failed;
  }
  for (const { name, ok: fine, required, found, remedy } of checks) {
    output.line(`${fine ? 'ok     ' : required ? 'MISSING' : 'note   '}  ${name}: ${found}`);
    if (remedy !== null) output.line(`         → ${remedy}`);
  }
  if (info !== null) {
    output.line();
    output.line(
      `Graft ${info.graftVersion} on ${info.platform}, ${info.cores} cores, ${formatBytes(info.memoryBytes)}`,
    );
    output.line(`Data folder: ${info.dataFolder}`);
    output.line(`Image formats: ${info.imageFormats.join(', ')}`);
  }
  output.line();
  output.line(ok ? 'Everything that Graft needs is there.' : 'Something that Graft needs is missing, see above.');
  return ok ? EXIT.done : EXIT.failed;
}

/** `graft doctor`. */
export function addDoctorCommand(program: Command, context: CommandContext): void {
  program
    .command('doctor')
    .description('Check what Graft needs: Node.js, the engine, TensorFlow, the default backbone.')
    .option('--json', 'one JSON object on stdout')
    .addHelpText('after', '\nExample:\n  graft doctor')
    .action(context.action((options: DoctorOptions) => doctor(context, options)));
}
