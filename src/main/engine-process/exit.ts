import { GraftError } from '../../shared/errors.js';

/** How an engine's process ended. One of `code` and `signal` is set, or neither when it never started. */
export interface EngineExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  /** Whether {@link EngineProcess.stop} or `kill` asked for it. */
  readonly expected: boolean;
  /** The last lines that it wrote. */
  readonly lastLines: readonly string[];
  /** Why it could not be started. */
  readonly startError: Error | null;
}

type NativeCrash = 'SIGFPE' | 'SIGILL' | 'SIGSEGV' | 'SIGBUS' | 'SIGABRT' | 'SIGTRAP';

const NATIVE_CRASHES: Readonly<Record<NativeCrash, string>> = {
  SIGFPE:
    "its native code divided by zero (SIGFPE), which TensorFlow's oneDNN does on virtual machines that hide their cache sizes: set the environment variable TF_ENABLE_ONEDNN_OPTS=0 and try again",
  SIGILL:
    "its native code met an instruction that this processor doesn't have (SIGILL): this build of TensorFlow needs a newer processor (AVX)",
  SIGSEGV:
    'its native code touched memory it must not (SIGSEGV): run `graft doctor`, and `npm run setup` to rebuild TensorFlow',
  SIGBUS: 'its native code could not reach its memory (SIGBUS): look whether the disk or the shared memory is full',
  SIGABRT: 'its native code gave up (SIGABRT), often because memory ran out: try a smaller batch size',
  SIGTRAP: 'a large allocation was refused (SIGTRAP): try a smaller batch size or run the engine with plain Node.js',
};

/** Windows reports a crash as an exit code: an NTSTATUS. */
const WINDOWS_CRASHES: Readonly<Record<number, NativeCrash>> = {
  0xc0000094: 'SIGFPE',
  0xc000001d: 'SIGILL',
  0xc0000005: 'SIGSEGV',
  0xc0000409: 'SIGABRT',
  0x80000003: 'SIGTRAP',
  0xe0000008: 'SIGTRAP',
};

/** A shell in between reports a signal as 128 + its number. */
const SHELL_CRASHES: Readonly<Record<number, NativeCrash>> = {
  132: 'SIGILL',
  133: 'SIGTRAP',
  134: 'SIGABRT',
  135: 'SIGBUS',
  136: 'SIGFPE',
  139: 'SIGSEGV',
};

function isNativeCrash(signal: NodeJS.Signals): signal is NativeCrash & NodeJS.Signals {
  return Object.hasOwn(NATIVE_CRASHES, signal);
}

function describeExit({ code, signal, startError }: EngineExit): string {
  if (startError !== null) return `its process could not be started: ${startError.message}`;
  if (signal === 'SIGKILL') {
    return 'it was killed (SIGKILL), probably because memory ran out: close other programs, or try a smaller batch size or backbone';
  }
  const crash = signal ?? (code === null ? undefined : (WINDOWS_CRASHES[code >>> 0] ?? SHELL_CRASHES[code]));
  if (crash !== undefined && isNativeCrash(crash)) return NATIVE_CRASHES[crash];
  if (signal !== null) return `it was ended by ${signal}`;
  return code === 0
    ? 'it exited without being asked to'
    : `it exited with code ${code}: run \`graft doctor\` to see what is missing`;
}

/**
 * An engine's end as an error of code `engine-crashed`, which says what happened and what to do.
 *
 * @param name what the process is called
 */
export function explainExit(exit: EngineExit, name = 'engine'): GraftError {
  const said =
    exit.lastLines.length === 0 ? '' : `\nIts last words:\n${exit.lastLines.map((line) => `  ${line}`).join('\n')}`;
  return new GraftError('engine-crashed', `The ${name} ended unexpectedly: ${describeExit(exit)}.${said}`, {
    details: { code: exit.code, signal: exit.signal },
    ...(exit.startError === null ? {} : { cause: exit.startError }),
  });
}
