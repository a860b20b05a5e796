import {
  type CallContext,
  EVENT_NAMES,
  type EventName,
  type Events,
  type MethodName,
  type Params,
  type Results,
} from '../../shared/contract.js';
import { GraftError, toWire } from '../../shared/errors.js';
import { Listeners } from '../../shared/port.js';
import type { Client } from '../../shared/rpc.js';
import type { EngineState } from '../../shared/studio.js';
import type { EngineProcess } from '../engine-process.js';
import type { Launch } from '../engine-process/launch.js';
import { type EngineSupervisor, superviseEngine } from '../engine-process/supervisor.js';
import { IDEMPOTENT_METHODS } from './idempotent.js';

/** How long a call waits for a process that is being started again. */
const WAIT_MS = 30_000;
/** How long a process that is to be started again may take to end by itself. */
const RESTART_STOP_MS = 10_000;

export interface ManagedProcessOptions {
  readonly name: EngineState['process'];
  /** Its bundle. */
  readonly entry: string;
  readonly env: Readonly<Record<string, string>>;
  readonly execPath?: string;
  readonly launch?: Launch;
  /** How long it may take to end, with a run in hand to save. */
  readonly stopTimeoutMs: number;
  readonly log: (line: string) => void;
  /** Resolves once the process works; rejects with why it doesn't, although it lives. */
  readonly probe: (client: Client) => Promise<unknown>;
  /** Brings a process that took a dead one's place up to date; calls wait for it. */
  readonly restore: (client: Client) => Promise<void>;
  readonly onEvent: <E extends EventName>(name: E, data: Events[E]) => void;
  /** It died and is started again. */
  readonly onCrash: (error: GraftError) => void;
  /** It died and is not started again. */
  readonly onGiveUp: (error: GraftError) => void;
  readonly onState: (state: EngineState) => void;
}

/** A process behind the contract that is started again when it dies. */
export interface ManagedProcess {
  readonly state: EngineState;
  /**
   * Calls the process that runs now, or the next one when it is being started.
   *
   * @throws GraftError what the process answers; `engine-crashed` when it dies in between, unless the call can be repeated;
   * `not-found` when it has not been built
   */
  call<M extends MethodName>(method: M, params: Params<M>, context: Partial<CallContext>): Promise<Results[M]>;
  /** What the state says while it is `ready`. */
  setNotice(notice: string | null): void;
  /** Ends it and starts another, also after it was given up. */
  restart(): Promise<void>;
  stop(): Promise<void>;
  kill(): void;
}

interface Life {
  readonly engine: EngineProcess;
  isOver: boolean;
  /** Calls may go to it. */
  opened: Promise<void>;
}

/** Waits for `promise`, but neither beyond the deadline nor an abort. */
async function within(promise: Promise<void>, untilMs: number, signal: AbortSignal | undefined): Promise<void> {
  const limit = new AbortController();
  const timer = setTimeout(() => limit.abort(), Math.max(0, untilMs - performance.now()));
  const either = signal === undefined ? limit.signal : AbortSignal.any([limit.signal, signal]);
  try {
    const ended = new Promise<void>((resolve) => either.addEventListener('abort', () => resolve(), { once: true }));
    await Promise.race([promise, ended]);
  } finally {
    clearTimeout(timer);
    limit.abort();
  }
}

const forward = <E extends EventName>(client: Client, name: E, options: ManagedProcessOptions): void => {
  client.on(name, (data) => options.onEvent(name, data));
};

/** Starts and watches one of the processes behind the pages. */
export function manageProcess(options: ManagedProcessOptions): ManagedProcess {
  const { name } = options;
  const changes = new Listeners<[]>();
  let supervisor: EngineSupervisor | null = null;
  let life: Life | null = null;
  let fatal: GraftError | null = null;
  let notice: string | null = null;
  let hasStarted = false;
  let isClosed = false;
  let restarting: Promise<void> | null = null;
  let state: EngineState = { process: name, state: 'starting', message: null };

  const setState = (next: EngineState['state'], message: string | null): void => {
    if (state.state === next && state.message === message) return;
    state = { process: name, state: next, message };
    options.onState(state);
  };
  const giveUp = (error: GraftError): void => {
    fatal = error;
    setState('stopped', error.message);
    options.onGiveUp(error);
    changes.call();
  };

  const onStart = (engine: EngineProcess): void => {
    const isFirst = !hasStarted;
    const own: Life = { engine, isOver: false, opened: Promise.resolve() };
    life = own;
    hasStarted = true;
    const { client } = engine;
    client.onClose(() => (own.isOver = true));
    for (const event of EVENT_NAMES) forward(client, event, options);
    if (!isFirst)
      own.opened = options.restore(client).catch((error: unknown) => options.log(`${name}: ${toWire(error).message}`));
    options.probe(client).then(
      () => {
        if (!own.isOver) setState('ready', notice);
      },
      (error: unknown) => {
        if (!own.isOver) setState('stopped', toWire(error).message);
      },
    );
    changes.call();
  };

  const start = (): void => {
    fatal = null;
    try {
      supervisor = superviseEngine({
        name,
        entry: options.entry,
        env: options.env,
        ...(options.execPath === undefined ? {} : { execPath: options.execPath }),
        ...(options.launch === undefined ? {} : { launch: options.launch }),
        stopTimeoutMs: options.stopTimeoutMs,
        log: options.log,
        onStart,
        onCrash: (error) => {
          setState('restarting', error.message);
          options.onCrash(error);
        },
        onGiveUp: giveUp,
      });
    } catch (error) {
      if (!(error instanceof GraftError)) throw error;
      giveUp(error);
    }
  };
  start();

  const findLife = async (untilMs: number, signal: AbortSignal | undefined): Promise<Life> => {
    for (;;) {
      if (signal?.aborted) throw new GraftError('cancelled', 'The call was cancelled.');
      if (isClosed) throw new GraftError('disconnected', 'Graft is closing.');
      if (fatal !== null) throw fatal;
      if (performance.now() >= untilMs) {
        throw new GraftError('engine-crashed', `The ${name} is still being started again; try once more in a moment.`);
      }
      const candidate = life;
      if (candidate !== null && !candidate.isOver && candidate.engine.isConnected) {
        await within(candidate.opened, untilMs, signal);
        if (candidate === life && !candidate.isOver && performance.now() < untilMs) return candidate;
      } else {
        let stop = (): void => undefined;
        await within(new Promise<void>((resolve) => (stop = changes.add(resolve))), untilMs, signal);
        stop();
      }
    }
  };

  const restart = async (): Promise<void> => {
    setState('restarting', null);
    if (life !== null) life.isOver = true;
    const engine = supervisor?.engine ?? null;
    const timer = setTimeout(() => engine?.kill(), RESTART_STOP_MS);
    await supervisor?.stop();
    clearTimeout(timer);
    if (!isClosed) start();
  };

  return {
    get state() {
      return state;
    },
    async call(method, params, context) {
      const untilMs = performance.now() + WAIT_MS;
      for (let attempt = 0; ; attempt++) {
        const own = await findLife(untilMs, context.signal);
        try {
          return await own.engine.client.call(method, params, context);
        } catch (error) {
          if (!own.isOver || context.signal?.aborted === true || isClosed) throw error;
          if (attempt === 0 && IDEMPOTENT_METHODS.has(method)) continue;
          if (error instanceof GraftError && error.code !== 'cancelled') throw error;
          throw new GraftError(
            'engine-crashed',
            `The ${name} was started anew before it had answered; try once more.`,
            {
              details: { method },
              cause: error,
            },
          );
        }
      }
    },
    setNotice(next) {
      notice = next;
      if (state.state === 'ready') setState('ready', notice);
    },
    restart() {
      // Asked for twice, one of two new processes would have no owner.
      restarting ??= restart().finally(() => (restarting = null));
      return restarting;
    },
    async stop() {
      isClosed = true;
      if (life !== null) life.isOver = true;
      changes.call();
      await supervisor?.stop();
      setState('stopped', null);
    },
    kill() {
      isClosed = true;
      supervisor?.engine?.kill();
    },
  };
}
