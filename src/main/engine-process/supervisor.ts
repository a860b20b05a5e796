import { GraftError } from '../../shared/errors.js';
import { type EngineOptions, type EngineProcess, startEngine } from '../engine-process.js';
import { type EngineExit, explainExit } from './exit.js';

export interface SupervisorOptions extends Omit<EngineOptions, 'onExit'> {
  /** A new engine runs; also called for the first. */
  readonly onStart: (engine: EngineProcess) => void;
  /** The engine died and the budget of restarts is spent. */
  readonly onGiveUp: (error: GraftError) => void;
  readonly onCrash?: (error: GraftError) => void;
  /** Restarts allowed within {@link windowMs}. */
  readonly maxRestarts?: number;
  readonly windowMs?: number;
}

export interface EngineSupervisor {
  /** The engine that runs now; null after giving up or {@link stop}. */
  readonly engine: EngineProcess | null;
  stop(): Promise<void>;
}

/**
 * Keeps an engine running: starts another when it dies, at most three times in ten minutes, so that an engine that
 * can't live does not start for ever.
 *
 * @throws GraftError `not-found` when the engine has not been built
 */
export function superviseEngine(options: SupervisorOptions): EngineSupervisor {
  const { name = 'engine', maxRestarts = 3, windowMs = 10 * 60_000 } = options;
  const restarts: number[] = [];
  let engine: EngineProcess | null = null;
  let isStopped = false;

  const onExit = (exit: EngineExit): void => {
    engine = null;
    // One that died by itself just before it was stopped needs no successor.
    if (exit.expected || isStopped) return;
    const error = explainExit(exit, name);
    options.onCrash?.(error);
    const now = performance.now();
    while (restarts.length > 0 && now - restarts[0]! > windowMs) restarts.shift();
    if (restarts.length >= maxRestarts) {
      options.onGiveUp(
        new GraftError(
          'engine-crashed',
          `The ${name} died ${restarts.length + 1} times within ${Math.round(windowMs / 60_000)} minutes and is not started again. ${error.message}`,
          { details: { ...error.details }, cause: error },
        ),
      );
      return;
    }
    restarts.push(now);
    try {
      start();
    } catch (startError) {
      // Its bundle may be gone by now.
      if (!(startError instanceof GraftError)) throw startError;
      options.onGiveUp(startError);
    }
  };
  const start = (): void => {
    engine = startEngine({ ...options, onExit });
    options.onStart(engine);
  };
  start();

  return {
    get engine() {
      return engine;
    },
    async stop() {
      isStopped = true;
      await engine?.stop();
    },
  };
}
