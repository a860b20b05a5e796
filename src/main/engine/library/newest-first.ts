import { GraftError, throwIfAborted } from '../../../shared/errors.js';

/** Runs a few pieces of work at once, those asked for last first: what a user scrolled past can wait. */
export interface NewestFirst {
  /**
   * Runs work under a key; who asks for the same key while it waits or runs gets the same result.
   *
   * @param signal aborting rejects this caller with `cancelled`; the work is dropped when it has not begun and nobody else
   * waits for it
   */
  run<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T>;
  /** Resolves when nothing waits or runs; null when that is so now. */
  idle(): Promise<void> | null;
}

interface Job {
  readonly key: string;
  readonly work: () => Promise<unknown>;
  readonly waiters: Set<Waiter>;
}

interface Waiter {
  settle(result: Promise<unknown>): void;
}

/** @param concurrency pieces that run at once */
export function createNewestFirst(concurrency: number): NewestFirst {
  /** What has not begun, the newest last. */
  const waiting = new Map<string, Job>();
  const running = new Map<string, Job>();
  let idle: { readonly promise: Promise<void>; resolve(): void } | null = null;

  const isIdle = (): boolean => waiting.size === 0 && running.size === 0;
  const checkIdle = (): void => {
    if (idle === null || !isIdle()) return;
    idle.resolve();
    idle = null;
  };

  const begin = (): void => {
    while (running.size < concurrency && waiting.size > 0) {
      const job = [...waiting.values()].at(-1)!;
      waiting.delete(job.key);
      running.set(job.key, job);
      const result = job.work();
      const finish = (): void => {
        running.delete(job.key);
        for (const waiter of job.waiters) waiter.settle(result);
        begin();
        checkIdle();
      };
      result.then(finish, finish);
    }
  };

  const enter = (key: string, work: () => Promise<unknown>): Job => {
    const begun = running.get(key);
    if (begun !== undefined) return begun;
    const job = waiting.get(key) ?? { key, work, waiters: new Set<Waiter>() };
    waiting.delete(key);
    waiting.set(key, job);
    return job;
  };

  return {
    run<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
      return new Promise<T>((resolve, reject) => {
        throwIfAborted(signal);
        const job = enter(key, work);
        const leave = (): void => {
          job.waiters.delete(waiter);
          if (job.waiters.size === 0 && waiting.get(key) === job) waiting.delete(key);
          reject(new GraftError('cancelled', 'The call was cancelled.'));
          checkIdle();
        };
        const waiter: Waiter = {
          settle(result) {
            signal.removeEventListener('abort', leave);
            resolve(result as Promise<T>);
          },
        };
        job.waiters.add(waiter);
        signal.addEventListener('abort', leave, { once: true });
        begin();
      });
    },
    idle() {
      if (isIdle()) return null;
      if (idle === null) {
        let resolve = (): void => undefined;
        const promise = new Promise<void>((done) => (resolve = done));
        idle = { promise, resolve };
      }
      return idle.promise;
    },
  };
}
