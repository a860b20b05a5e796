import type { EventName, Events } from '../../shared/contract.js';
import { GraftError, messageOf, toWire } from '../../shared/errors.js';
import type { Client } from '../../shared/rpc.js';

/** A run whose engine dies twice within this time is left alone. */
const WINDOW_MS = 10 * 60_000;

const MEMORY_SIGNALS: readonly unknown[] = ['SIGKILL', 'SIGABRT', 'SIGTRAP'];
/** The same as a shell's or Windows' exit codes. */
const MEMORY_CODES: readonly unknown[] = [133, 134, 137, 0x80000003, 0xc0000409, 0xe0000008];
const MEMORY_ADVICE = 'Memory probably ran out: a smaller batch size or backbone needs less.';

/** Whether a crash looks like memory that ran out. */
export function looksLikeMemory(error: GraftError): boolean {
  const { code, signal } = error.details ?? {};
  return MEMORY_SIGNALS.includes(signal) || (typeof code === 'number' && MEMORY_CODES.includes(code >>> 0));
}

interface HandledRun {
  readonly run: string;
  /** The engine has taken it on. */
  isAccepted: boolean;
  isPaused: boolean;
  /** The user has asked for its end. */
  isEnding: boolean;
}

export interface RunKeeperOptions {
  readonly emit: <E extends EventName>(name: E, data: Events[E]) => void;
  /** What there is to say of the last crash while the engine works again; null for nothing. */
  readonly onNotice: (notice: string | null) => void;
  readonly nowMs?: () => number;
}

/** Knows the run in hand by what the engine says, and takes it up again when the engine dies. */
export interface RunKeeper {
  readonly run: string | null;
  onEvent<E extends EventName>(name: E, data: Events[E]): void;
  /** Makes a call that starts or resumes `run`. */
  starting<T>(run: string, call: () => Promise<T>): Promise<T>;
  /** Makes a call that ends `run`. */
  ending<T>(run: string, call: () => Promise<T>): Promise<T>;
  /** The engine died; another is started. */
  onCrash(error: GraftError): void;
  /** The engine is gone for good, or was ended by the user. */
  abandon(error: GraftError): void;
  /** Takes the run up again on a new engine. */
  restore(client: Client): Promise<void>;
  /** Resolves when no run is in hand. */
  idle(): Promise<void>;
}

export function createRunKeeper({ emit, onNotice, nowMs = () => performance.now() }: RunKeeperOptions): RunKeeper {
  let handled: HandledRun | null = null;
  let waiting: (() => void)[] = [];
  const deaths = new Map<string, number>();

  const release = (): void => {
    handled = null;
    for (const resolve of waiting.splice(0)) resolve();
  };
  const take = (run: string): HandledRun => {
    if (handled?.run !== run) handled = { run, isAccepted: false, isPaused: false, isEnding: false };
    if (!handled.isAccepted) {
      handled.isAccepted = true;
      emit('runs.changed', { run });
    }
    return handled;
  };
  /** The run stays on disk as it is; pages hear that it no longer trains. */
  const leave = (run: string, error: GraftError): void => {
    release();
    emit('train.failed', { run, error: toWire(error) });
    emit('runs.changed', { run });
  };

  return {
    get run() {
      return handled?.isAccepted === true ? handled.run : null;
    },
    onEvent(name, data) {
      if (!name.startsWith('train.') || !('run' in data)) return;
      const { run } = data;
      if (name === 'train.ended' || name === 'train.failed' || name === 'train.cancelled') {
        if (handled?.run === run) release();
        if (name !== 'train.failed') onNotice(null);
        emit('runs.changed', { run });
        return;
      }
      const own = take(run);
      if ('isPaused' in data) own.isPaused = data.isPaused;
    },
    async starting(run, call) {
      const claim: HandledRun | null =
        handled === null ? { run, isAccepted: false, isPaused: false, isEnding: false } : null;
      if (claim !== null) handled = claim;
      try {
        const result = await call();
        // A run that failed at once is over before its start is answered.
        if (handled?.run === run) take(run);
        onNotice(null);
        return result;
      } catch (error) {
        if (claim !== null && handled === claim && !claim.isAccepted) release();
        throw error;
      }
    },
    async ending(run, call) {
      const own = handled?.run === run ? handled : null;
      if (own !== null) own.isEnding = true;
      try {
        return await call();
      } catch (error) {
        if (own !== null) own.isEnding = false;
        throw error;
      }
    },
    onCrash(error) {
      if (handled === null) return;
      const { run, isAccepted, isEnding } = handled;
      if (!isAccepted) {
        release();
        return;
      }
      const [why = ''] = error.message.split('\n');
      const advice = looksLikeMemory(error) ? ` ${MEMORY_ADVICE}` : '';
      const now = nowMs();
      const last = deaths.get(run);
      deaths.set(run, now);
      if (!isEnding && (last === undefined || now - last > WINDOW_MS)) {
        onNotice(`${why} The run goes on from its last checkpoint.${advice}`);
        return;
      }
      const left = isEnding
        ? 'The run was just being ended; what its last checkpoint holds is kept.'
        : 'It died twice within ten minutes in the same run, which is left interrupted; it can be resumed by hand.';
      const notice = `${why} ${left}${advice}`;
      onNotice(notice);
      leave(run, new GraftError('engine-crashed', notice, { cause: error, details: { ...error.details } }));
    },
    abandon(error) {
      if (handled === null) return;
      const { run, isAccepted } = handled;
      if (isAccepted) leave(run, error);
      else release();
    },
    async restore(client) {
      const own = handled;
      if (own === null || !own.isAccepted) return;
      try {
        await client.call('train.resume', { run: own.run });
        if (own.isPaused) await client.call('train.pause', { run: own.run, isPaused: true });
      } catch (error) {
        // Another crash has dealt with it already.
        if (handled !== own || (error instanceof GraftError && error.code === 'engine-crashed')) return;
        const notice = `The run could not be taken up again after the engine died: ${messageOf(error)}`;
        onNotice(notice);
        leave(own.run, new GraftError('engine-crashed', notice, { cause: error }));
      }
    },
    async idle() {
      if (handled !== null) await new Promise<void>((resolve) => (waiting = [...waiting, resolve]));
    },
  };
}
