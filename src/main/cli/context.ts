import type { MethodName, ParamsInput, Results } from '../../shared/contract.js';
import { GraftError } from '../../shared/errors.js';
import type { Client } from '../../shared/rpc.js';
import type { EngineConnection, EngineOptions } from '../engine-process.js';
import type { Output } from './output.js';
import type { TextStream } from './progress-bar.js';

/** What the command line needs of its surroundings; tests pass their own. */
export interface CliHost {
  readonly stdout: TextStream;
  readonly stderr: TextStream;
  /** What relative paths are relative to. */
  readonly cwd: string;
  /** Graft's own folder. */
  readonly root: string;
  /** A monotonic clock. */
  nowMs(): number;
  startEngine(options: EngineOptions): EngineConnection;
  /** The user wants to interrupt (Ctrl-C or a polite kill). Returns what stops listening. */
  onInterrupt(listener: () => void): () => void;
}

export const EXIT = { done: 0, failed: 1, wrongUse: 2, interrupted: 130 } as const;

/** What commands share. */
export interface CommandContext {
  readonly host: CliHost;
  readonly output: Output;
  /** Valid once the command line has been parsed. */
  readonly isVerbose: () => boolean;
  /** Wraps a command's work, which returns the exit code, for commander. */
  readonly action: <A extends readonly unknown[]>(
    work: (...args: A) => Promise<number>,
  ) => (...args: A) => Promise<void>;
}

/** A running engine, for as long as one command needs it. */
export interface Session {
  readonly client: Client;
  /** Calls with the progress bar on stderr; an interrupt cancels. */
  call<M extends MethodName>(method: M, params: ParamsInput<M>): Promise<Results[M]>;
  /** Cancels the calls in flight. */
  cancel(): void;
}

/**
 * Starts an engine, works with it and stops it, however the work ends.
 *
 * @param interrupt what the first interrupt does, by default {@link Session.cancel}; the second kills the engine
 * @throws GraftError `cancelled` when the work fails after an interrupt
 */
export async function withEngine<T>(
  { host, output, isVerbose }: CommandContext,
  work: (session: Session) => Promise<T>,
  interrupt: (session: Session) => void = (session) => {
    output.note('Stopping; press Ctrl-C again to end at once.');
    session.cancel();
  },
): Promise<T> {
  const engine = host.startEngine({
    log: (line) => output.note(line),
    env: isVerbose() ? { TF_CPP_MIN_LOG_LEVEL: '0' } : {},
  });
  const controller = new AbortController();
  const session: Session = {
    client: engine.client,
    call: (method, params) =>
      engine.client.call(method, params, {
        signal: controller.signal,
        onProgress: (progress) => output.progress.update(progress),
      }),
    cancel: () => controller.abort(),
  };
  let interrupts = 0;
  const stopListening = host.onInterrupt(() => {
    interrupts++;
    if (interrupts > 1) engine.kill();
    else interrupt(session);
  });
  try {
    return await work(session);
  } catch (error) {
    if (interrupts === 0 || (error instanceof GraftError && error.code === 'cancelled')) throw error;
    throw new GraftError('cancelled', 'Interrupted.', { cause: error });
  } finally {
    output.progress.clear();
    await engine.stop();
    stopListening();
  }
}
