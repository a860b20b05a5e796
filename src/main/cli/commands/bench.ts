import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { availableParallelism, tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import { GraftError, messageOf } from '../../../shared/errors.js';
import { GRAFT_VERSION } from '../../../shared/version.js';
import { type Surroundings, withFreshEngine } from '../bench/graft-run.js';
import { describeThisMachine } from '../bench/machine.js';
import {
  type BenchOptions,
  type BenchSize,
  checkOptions,
  collectOption,
  listOption,
  madeCounts,
  rowsOption,
  sizeOf,
} from '../bench/options.js';
import { type BenchPictures, copyPictures, makePictures } from '../bench/pictures.js';
import type { BenchTask } from '../bench/plan.js';
import { findInterpreters } from '../bench/python.js';
import { type BenchReport, type BenchRow, parseReport, ROW_GROUPS, type RowGroup } from '../bench/report.js';
import { measureRow } from '../bench/rounds.js';
import { planRows } from '../bench/rows.js';
import { renderReport } from '../bench/tables.js';
import { openWorkshop, type Workshop } from '../bench/workshop.js';
import { type CommandContext, EXIT } from '../context.js';
import { countOption, positiveFractionOption, wholeNumber } from '../numbers.js';
import { readJsonOption } from '../read-json.js';

/** Size of pictures that are made: a photo's, as the tutorial's data set has them. */
const MADE_SIZE = { width: 500, height: 375 } as const;

function findPictures(
  options: BenchOptions,
  size: BenchSize,
  workshop: Workshop,
  { host, signal }: Surroundings,
  cwd: string,
): Promise<BenchPictures> {
  const target = workshop.reserve('pictures');
  if (options.data !== undefined) return copyPictures(resolve(cwd, options.data), target, size.counts);
  return makePictures(target, { classes: 2, ...madeCounts(size.counts), ...MADE_SIZE }, { root: host.root, signal });
}

/** Rows in which finding out how a network runs best here would count. */
const JOB_GROUPS: readonly RowGroup[] = ['job', 'second-run'];

/** Has the engine find out how the job's backbone runs best, so that no job pays for it. */
async function learnMachine(surroundings: Surroundings, workshop: Workshop, backbone: string): Promise<void> {
  await withFreshEngine(surroundings, { home: workshop.freshHome() }, (client) =>
    client.call('backbones.measure', { id: backbone }),
  ).catch((error: unknown) => {
    // Without weights there is nothing to learn; the rows will say so.
    if (!(error instanceof GraftError) || error.code === 'cancelled') throw error;
  });
}

async function measure(
  context: CommandContext,
  options: BenchOptions,
  surroundings: Surroundings,
): Promise<BenchReport> {
  const { host, output } = context;
  const { root } = host;
  const size = sizeOf(options);
  const folder = mkdtempSync(join(tmpdir(), 'graft-bench-'));
  try {
    const interpreters =
      options.peers === true || options.python !== undefined
        ? await findInterpreters(options.python ?? [], root, surroundings.signal)
        : null;
    if (interpreters?.length === 0)
      output.note('No Python was found, so no peers are measured: name one with --python.');
    const workshop = await openWorkshop(folder, surroundings, interpreters ?? []);
    output.note('Preparing the pictures.');
    const pictures = await findPictures(options, size, workshop, surroundings, host.cwd);
    if (size.groups.some((group) => JOB_GROUPS.includes(group))) {
      await learnMachine(surroundings, workshop, size.jobBackbone);
    }
    const software = new Set([`Graft ${GRAFT_VERSION} with TensorFlow ${workshop.tensorflowVersion}`]);
    const { preset, rounds, epochs, jobEpochs, target, batchSize } = size;
    const task: BenchTask = {
      ...size,
      ...{ workshop, surroundings, pictures, interpreters },
      onSoftware: (name) => software.add(name),
      settings: {
        ...{ preset, rounds, epochs, jobEpochs, target, batchSize },
        data: options.data ?? 'made by the benchmark',
        images: pictures.images,
        threads: availableParallelism(),
      },
    };
    const { rows: plans, profiles: profilePlans } = planRows(task);
    const rows: BenchRow[] = [];
    for (const [index, plan] of plans.entries()) {
      rows.push(
        await measureRow(plan, rounds, (label, subject, round) =>
          output.note(`[${index + 1}/${plans.length}] ${label}: ${subject}${rounds > 1 ? `, round ${round}` : ''}`),
        ),
      );
    }
    const profiles: BenchReport['profiles'] = [];
    for (const plan of options.profile === true ? profilePlans : []) {
      output.note(`Profile: ${plan.label}`);
      const profile = await plan.measure().catch((error: unknown) => {
        if (!(error instanceof GraftError) || error.code === 'cancelled') throw error;
        output.note(`${plan.label}: not profiled: ${messageOf(error)}`);
        return null;
      });
      if (profile !== null) profiles.push({ label: plan.label, profile });
    }
    return {
      ...{ version: 1, graftVersion: GRAFT_VERSION, measuredAt: new Date().toISOString() },
      ...{ machine: describeThisMachine([...software]), settings: task.settings, rows, profiles },
    };
  } finally {
    rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

async function bench(context: CommandContext, options: BenchOptions): Promise<number> {
  const { host, output, isVerbose } = context;
  checkOptions(options);
  const show = (report: BenchReport): void => {
    if (options.json === true) output.json(report);
    else for (const line of renderReport(report, options.markdown === true ? 'markdown' : 'text')) output.line(line);
  };
  if (options.report !== undefined) {
    const readText = (path: string): string => readFileSync(path, 'utf8');
    show(parseReport(readJsonOption('--report', resolve(host.cwd, options.report), readText)));
    return EXIT.done;
  }
  const controller = new AbortController();
  const stopListening = host.onInterrupt(() => controller.abort());
  try {
    const report = await measure(context, options, {
      host,
      signal: controller.signal,
      log: (line) => {
        if (isVerbose()) output.note(line);
      },
    });
    show(report);
    return report.rows.some(({ results }) => results.some(({ subject }) => subject === 'graft'))
      ? EXIT.done
      : EXIT.failed;
  } finally {
    stopListening();
  }
}

/** `graft bench`. */
export function addBenchCommand(program: Command, context: CommandContext): void {
  program
    .command('bench')
    .description(
      'Measure how fast this machine trains, and how much memory that takes; with --peers beside PyTorch and Keras.',
    )
    .option('--data <dir>', 'folder of images: class/… or train|val/class/…; made unless given')
    .option('--peers', 'also time PyTorch and Keras where they are installed: same images, batch, threads and steps')
    .option(
      '--python <command>',
      'peers of this Python, which has torch and torchvision, or tensorflow; may be repeated',
      collectOption,
    )
    .option('--rows <list>', `what to measure: ${ROW_GROUPS.join(',')}`, rowsOption)
    .option('--backbones <list>', 'which networks; the first one also does the jobs', listOption)
    .option('--full', 'all rows, all images, three rounds; more than an hour with --peers')
    .option('--rounds <n>', 'how often; with more than one the median and the range are shown', countOption)
    .option('--epochs <n>', 'epochs of a speed row, of which the last counts', wholeNumber(1))
    .option('--batch <n>', 'images a step', countOption)
    .option('--images <n>', 'training images a class, at most', countOption)
    .option('--many-images <n>', 'images of the row "many"', wholeNumber(10))
    .option('--job-epochs <n>', 'epochs of the jobs', countOption)
    .option('--target <x>', 'validation accuracy that the time to it is told of', positiveFractionOption)
    .option('--profile', 'also say where the time of a training step goes')
    .option('--json', 'one JSON object on stdout')
    .option('--markdown', 'tables in Markdown')
    .option('--report <file>', 'show what an earlier call with --json found, in place of measuring')
    .addHelpText(
      'after',
      `
Examples:
  graft bench
  graft bench --rows frozen,finetune --backbones efficientnet_lite0 --profile
  graft bench --full --data photos --peers --python torch/bin/python --python keras/bin/python --json > bench.json
  graft bench --report bench.json --markdown

Images a second and epochs are of training alone, validation not included. "script" is PyTorch's tutorial as people write it, "tuned" PyTorch
float32 channels-last, compute alone. Close other programs first: what else runs is measured, too.`,
    )
    .action(context.action((options: BenchOptions) => bench(context, options)));
}
