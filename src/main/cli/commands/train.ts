import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { join, resolve } from 'node:path';
import type { Command } from 'commander';
import type { Events } from '../../../shared/contract.js';
import { GraftError, fromWire } from '../../../shared/errors.js';
import { parseRecipe, type Recipe } from '../../../shared/recipe.js';
import type { Client } from '../../../shared/rpc.js';
import { type CommandContext, EXIT, withEngine } from '../context.js';
import { formatInterval, formatPercent, formatSeconds, quoteArgument } from '../format.js';
import { readJsonOption } from '../read-json.js';
import { addRecipeFlags } from '../recipe-flags.js';
import { type RecipeOptions, recipeFromOptions } from '../recipe-options.js';
import { createTrainReport } from './train-report.js';

interface TrainOptions extends RecipeOptions {
  readonly out?: string;
  readonly resume?: string;
  readonly json?: boolean;
}

/** What to train: a run that begins, or one that goes on. */
interface TrainTask {
  readonly method: 'train.start' | 'train.resume';
  readonly recipe: Recipe;
  /** As the user wrote it. */
  readonly named: string;
  /** Absolute. */
  readonly run: string;
}

const readText = (path: string): string => readFileSync(path, 'utf8');

/** @throws GraftError `usage` where options don't go together; what reading the recipe throws */
function taskOf({ resume, json: _json, ...options }: TrainOptions, cwd: string): TrainTask {
  if (resume === undefined) {
    const { out } = options;
    if (out === undefined)
      throw new GraftError('usage', "required option '--out <run>' (or --resume <run>) is missing");
    const run = resolve(cwd, out);
    const recipe = recipeFromOptions(options, { cwd, readText });
    refuseUsedFolder(run);
    return { method: 'train.start', recipe, named: out, run };
  }
  const [other] = Object.keys(options);
  if (other !== undefined) {
    const flag = other.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    throw new GraftError(
      'usage',
      `expected --resume alone, received also --${flag}: a run goes on with its own recipe`,
    );
  }
  const run = resolve(cwd, resume);
  const recipe = parseRecipe(readJsonOption('--resume', join(run, 'recipe.json'), readText));
  return { method: 'train.resume', recipe, named: resume, run };
}

/** Fails before the engine starts, so that a forgotten `--out` costs nothing. */
function refuseUsedFolder(out: string): void {
  if (!existsSync(out)) return;
  if (!statSync(out).isDirectory()) {
    throw new GraftError(
      'already-exists',
      `--out: expected a new folder for the run, but ${out} is a file: choose another`,
    );
  }
  const entries = readdirSync(out).length;
  if (entries > 0) {
    throw new GraftError(
      'already-exists',
      `--out: expected a new or empty folder for the run, but ${out} holds ${entries} entries: choose another, or remove it`,
    );
  }
}

/** Resolves with the run's end. */
function waitForEnd(client: Client): Promise<Events['train.ended']> {
  const ended = new Promise<Events['train.ended']>((resolve, reject) => {
    client.on('train.ended', resolve);
    client.on('train.failed', ({ error }) => reject(fromWire(error)));
    client.onClose(reject);
  });
  // It may fail while the start is still awaited, which then fails as well and is the one that is heard.
  ended.catch(() => undefined);
  return ended;
}

function sayEnd({ output }: CommandContext, ended: Events['train.ended'], out: string): void {
  const { best, seconds, reason } = ended;
  output.line();
  if (reason === 'stopped') output.line('Stopped; the best weights so far are kept.');
  if (reason === 'early-stopping') output.line('Stopped early: the validation loss no longer falls.');
  if (reason === 'diverged')
    output.line('Stopped: the loss is no longer a number. The best weights before that are kept.');
  output.line(
    `Best epoch ${best.epoch}: validation accuracy ${formatPercent(best.val.accuracy)}` +
      ` (95 % interval ${formatInterval(best.interval)}), loss ${best.val.loss.toFixed(4)}`,
  );
  output.line(
    `Took ${formatSeconds(seconds.total)}: preparing ${formatSeconds(seconds.prepare)}, ` +
      `training ${formatSeconds(seconds.train)}, validating ${formatSeconds(seconds.validate)}`,
  );
  const run = quoteArgument(out);
  output.line(`The run is in ${out}`);
  output.line();
  output.line('Next:');
  if (reason === 'stopped') output.line(`  graft train --resume ${run}`);
  output.line(`  graft evaluate ${run}`);
  output.line(`  graft predict ${run} PHOTO…`);
  output.line(`  graft export ${run} --out ${quoteArgument(`${out.replace(/[/\\]+$/, '')}-tfjs`)}`);
}

async function train(context: CommandContext, options: TrainOptions): Promise<number> {
  const { host, output } = context;
  const { method, recipe, named, run } = taskOf(options, host.cwd);

  let stopAsked = false;
  const ended = await withEngine(
    context,
    async (session) => {
      const { client } = session;
      const report = createTrainReport(output, { json: options.json === true, epochs: recipe.training.epochs }, () =>
        host.nowMs(),
      );
      client.on('train.started', (event) => report.started(event));
      client.on('train.progress', ({ progress }) => output.progress.update(progress));
      client.on('train.batch', (event) => report.batch(event));
      client.on('train.epoch', (event) => report.epoch(event));
      client.on('train.ended', (event) => report.ended(event));
      client.on('train.failed', (event) => report.failed(event));
      const end = waitForEnd(client);
      if (method === 'train.start') await session.call(method, { recipe, out: run });
      else await session.call(method, { run });
      return await end;
    },
    (session) => {
      stopAsked = true;
      output.note('Stopping after this batch and keeping the run; press Ctrl-C again to end at once.');
      // Refused where the run has not begun or is over: then nothing is left but the call itself.
      session.client.call('train.stop', { run }).catch(() => session.cancel());
    },
  ).catch((error: unknown) => {
    const isLeft = existsSync(join(run, 'checkpoint'));
    if (method === 'train.start' && isLeft) {
      output.note(`The run can go on from its last checkpoint: graft train --resume ${quoteArgument(named)}`);
    }
    throw error;
  });
  if (options.json !== true) sayEnd(context, ended, named);
  if (ended.reason === 'diverged') return EXIT.failed;
  return ended.reason === 'stopped' && stopAsked ? EXIT.interrupted : EXIT.done;
}

/** `graft train`. */
export function addTrainCommand(program: Command, context: CommandContext): void {
  const command = program
    .command('train')
    .description('Train a classifier on a folder of images.')
    .option('--out <run>', 'folder of the run, new or empty')
    .option('--resume <run>', 'go on with a run that was stopped or interrupted, number for number');
  addRecipeFlags(command)
    .option('--json', 'one JSON object per line on stdout: train.started, train.epoch, train.ended')
    .addHelpText(
      'after',
      `
Examples:
  graft train --data photos --out runs/first
  graft train --data photos --preset tutorial --out runs/tutorial
  graft train --data photos --mode fine-tune --epochs 5 --out runs/tuned
  graft train --recipe runs/first/recipe.json --out runs/again
  graft train --resume runs/first

Ctrl-C stops after the batch in hand and keeps the best weights so far; a second Ctrl-C ends at once. --resume goes on after
either, and after a crash.`,
    )
    .action(context.action((options: TrainOptions) => train(context, options)));
}
