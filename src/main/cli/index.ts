import { Command, CommanderError } from 'commander';
import { GraftError, messageOf } from '../../shared/errors.js';
import { GRAFT_VERSION } from '../../shared/version.js';
import { startEngine } from '../engine-process.js';
import { findProjectRoot } from '../common/project-root.js';
import { addAugmentCommand } from './commands/augment.js';
import { addBackbonesCommand } from './commands/backbones.js';
import { addBenchCommand } from './commands/bench.js';
import { addDatasetCommand } from './commands/dataset.js';
import { addDoctorCommand } from './commands/doctor.js';
import { addEvaluateCommand } from './commands/evaluate.js';
import { addExportCommand } from './commands/export.js';
import { addFeaturesCommand } from './commands/features.js';
import { addPredictCommand } from './commands/predict.js';
import { addServeCommand } from './commands/serve.js';
import { addTrainCommand } from './commands/train.js';
import { type CliHost, type CommandContext, EXIT } from './context.js';
import { type Output, createOutput } from './output.js';
import type { TextStream } from './progress-bar.js';

function createProgram(host: CliHost, output: Output, setExitCode: (code: number) => void): Command {
  const program = new Command('graft')
    .description('Train image classifiers by transfer learning, on your own machine.')
    .version(GRAFT_VERSION)
    .option('--verbose', "show TensorFlow's messages and where an error comes from")
    .exitOverride()
    .configureOutput({
      writeOut: (text) => host.stdout.write(text),
      writeErr: (text) => host.stderr.write(text),
      getOutHelpWidth: () => host.stdout.columns ?? 100,
      getErrHelpWidth: () => host.stderr.columns ?? 100,
    })
    .addHelpText(
      'after',
      `
Examples:
  graft serve
  graft doctor
  graft train --data photos --out runs/first
  graft predict runs/first photo.jpg
  graft export runs/first --out runs/first-tfjs

Exit codes: 0 done, 1 failed, 2 wrong use, 130 interrupted.`,
    );
  const context: CommandContext = {
    host,
    output,
    isVerbose: () => program.opts<{ verbose?: boolean }>().verbose === true,
    action:
      (work) =>
      async (...args) =>
        setExitCode(await work(...args)),
  };
  addDoctorCommand(program, context);
  addBackbonesCommand(program, context);
  addDatasetCommand(program, context);
  addAugmentCommand(program, context);
  addTrainCommand(program, context);
  addEvaluateCommand(program, context);
  addPredictCommand(program, context);
  addFeaturesCommand(program, context);
  addExportCommand(program, context);
  addBenchCommand(program, context);
  addServeCommand(program, context);
  return program;
}

/** Says what went wrong on stderr and picks the exit code. */
function reportFailure(error: unknown, output: Output, verbose: boolean): number {
  if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.wrongUse;
  if (!(error instanceof GraftError)) {
    output.note(`graft: internal error, please report it: ${error instanceof Error ? error.stack : String(error)}`);
    return EXIT.failed;
  }
  output.note(`graft: ${error.message} [${error.code}]`);
  if (verbose) {
    output.note(error.stack ?? '');
    if (error.cause !== undefined) output.note(`caused by: ${messageOf(error.cause)}`);
  }
  if (error.code === 'cancelled') return EXIT.interrupted;
  return error.code === 'usage' ? EXIT.wrongUse : EXIT.failed;
}

/**
 * Runs one command line.
 *
 * @param argv without the program's own name
 * @returns the exit code, see {@link EXIT}
 */
export async function runCli(argv: readonly string[], host: CliHost): Promise<number> {
  const output = createOutput(host.stdout, host.stderr, () => host.nowMs());
  let exitCode: number = EXIT.done;
  const program = createProgram(host, output, (code) => {
    exitCode = code;
  });
  if (argv.length === 0) {
    program.outputHelp();
    return EXIT.done;
  }
  try {
    await program.parseAsync(argv, { from: 'user' });
    return exitCode;
  } catch (error) {
    return reportFailure(error, output, argv.includes('--verbose'));
  }
}

/** A stream that ignores its reader's going away, as `graft … | head` makes it: what is computed must not be lost by it. */
function tolerateBrokenPipe(stream: NodeJS.WriteStream): TextStream {
  let broken = false;
  stream.on('error', (error: NodeJS.ErrnoException) => {
    if (error.code !== 'EPIPE') throw error;
    broken = true;
  });
  return {
    write: (text) => broken || stream.write(text),
    get isTTY() {
      return stream.isTTY;
    },
    get columns() {
      return stream.columns;
    },
  };
}

/** Signals closer together than this are one: who signals a process group often signals its members, too. */
const REPEAT_MS = 500;

/** Passes a call on unless another came just before it. */
export function ignoreRepeats(listener: () => void, nowMs: () => number = () => performance.now()): () => void {
  let lastMs = -Infinity;
  return () => {
    const isRepeat = nowMs() - lastMs < REPEAT_MS;
    lastMs = nowMs();
    if (!isRepeat) listener();
  };
}

/** The program: runs this process's command line and sets its exit code. */
export async function main(): Promise<void> {
  process.exitCode = await runCli(process.argv.slice(2), {
    stdout: tolerateBrokenPipe(process.stdout),
    stderr: tolerateBrokenPipe(process.stderr),
    cwd: process.cwd(),
    root: findProjectRoot(),
    nowMs: () => performance.now(),
    startEngine,
    onInterrupt(listener) {
      const signals = ['SIGINT', 'SIGTERM'] as const;
      const once = ignoreRepeats(listener);
      for (const signal of signals) process.on(signal, once);
      return () => {
        for (const signal of signals) process.off(signal, once);
      };
    },
  });
}
