import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { fromWire, GraftError, messageOf } from '../../../shared/errors.js';
import { entryPath } from '../paths.js';
import type { WorkerReply, WorkerRequest, WorkerSettings } from './batch-worker.js';
import { type BatchJob, type BatchTimes, makeBatch } from './make-batch.js';
import { installSimdKernels } from '../../../shared/simd/simd-kernels.js';
import { openSourcePixels } from './source-pixels.js';

/** Makes batches, in workers or right here. */
export interface BatchPool {
  /** @throws GraftError `unreadable-file`, `engine-crashed` when a worker has ended, `cancelled` when the pool is closed */
  run(job: BatchJob): Promise<Uint8Array>;
  /** Of all batches that are done, over all workers. */
  readonly times: Readonly<BatchTimes>;
  /** Ends the workers; what they had in hand is cancelled. */
  close(): Promise<void>;
}

const MAX_WORKERS = 4;
/** A worker that is asked to end gets so long to finish the decodes that it has in flight. */
const CLOSE_TIMEOUT_MS = 10_000;

/** Workers beside the engine's own thread. */
export const defaultWorkers = (): number => Math.max(1, Math.min(MAX_WORKERS, availableParallelism() - 1));

const closedError = (): GraftError => new GraftError('cancelled', 'The source of batches has been closed.');

/** A pool in the engine's own thread: what the build's worker does, for tests and where the build is missing. */
function createInlinePool(settings: WorkerSettings): BatchPool {
  installSimdKernels();
  const pixels = openSourcePixels(settings.cache, settings.memoryBytes);
  const closing = new AbortController();
  const times: BatchTimes = { decodeMs: 0, augmentMs: 0 };
  let previous: Promise<unknown> = Promise.resolve();
  return {
    times,
    run: (job) => {
      const batch = previous.then(() => {
        if (closing.signal.aborted) throw closedError();
        return makeBatch(job, settings, pixels, times, closing.signal);
      });
      previous = batch.catch(() => undefined);
      return batch;
    },
    close: async () => {
      closing.abort();
      await previous;
    },
  };
}

interface Pending {
  readonly resolve: (batch: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

/** One worker and what it has in hand. */
interface Lane {
  readonly load: number;
  run(id: number, job: BatchJob): Promise<Uint8Array>;
  close(): Promise<void>;
}

function createLane(file: string, settings: WorkerSettings, times: BatchTimes): Lane {
  const worker = new Worker(file, { workerData: settings });
  const pending = new Map<number, Pending>();
  let ended: GraftError | null = null;
  const exited = new Promise<void>((resolve) => void worker.once('exit', () => resolve()));
  const end = (error: GraftError): void => {
    ended ??= error;
    for (const job of pending.values()) job.reject(ended);
    pending.clear();
  };
  const settle = (id: number): Pending | undefined => {
    const job = pending.get(id);
    pending.delete(id);
    // An idle worker must not keep the process alive; a busy one must.
    if (pending.size === 0 && ended === null) worker.unref();
    return job;
  };
  worker.unref();
  worker.on('message', (reply: WorkerReply) => {
    const job = settle(reply.id);
    if ('batch' in reply) {
      times.decodeMs += reply.times.decodeMs;
      times.augmentMs += reply.times.augmentMs;
      job?.resolve(reply.batch);
    } else job?.reject(fromWire(reply.error));
  });
  worker.on('error', (cause) => {
    const message = `expected a worker to prepare pictures, but it failed: ${messageOf(cause)}`;
    end(new GraftError('engine-crashed', message, { cause }));
  });
  worker.on('exit', (exitCode) =>
    end(new GraftError('engine-crashed', `expected a worker to prepare pictures, but it ended with code ${exitCode}`)),
  );
  return {
    get load() {
      return pending.size;
    },
    run: (id, job) =>
      new Promise((resolve, reject) => {
        if (ended !== null) {
          reject(ended);
          return;
        }
        pending.set(id, { resolve, reject });
        worker.ref();
        worker.postMessage({ id, job } satisfies WorkerRequest);
      }),
    close: () => {
      end(closedError());
      worker.ref();
      worker.postMessage('close' satisfies WorkerRequest);
      const timer = setTimeout(() => void worker.terminate(), CLOSE_TIMEOUT_MS);
      return exited.finally(() => clearTimeout(timer));
    },
  };
}

/**
 * Opens a pool of worker threads.
 *
 * @param options.workers 0 makes batches in this thread
 * @param options.workerFile the built worker; without it, too, batches are made in this thread
 */
export function openBatchPool(
  settings: WorkerSettings,
  options: { readonly workers?: number | undefined; readonly workerFile?: string | undefined } = {},
): BatchPool {
  const { workers = defaultWorkers(), workerFile = entryPath('batch-worker') } = options;
  if (workers === 0 || !existsSync(workerFile)) return createInlinePool(settings);
  const times: BatchTimes = { decodeMs: 0, augmentMs: 0 };
  const lanes = Array.from({ length: workers }, () => createLane(workerFile, settings, times));
  let nextId = 0;
  return {
    times,
    run: (job) => lanes.reduce((least, other) => (other.load < least.load ? other : least)).run(nextId++, job),
    close: async () => {
      await Promise.all(lanes.map((lane) => lane.close()));
    },
  };
}
