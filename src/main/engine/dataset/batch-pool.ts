import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { Worker } from 'node:worker_threads';
import { fromWire, GraftError } from '../../../shared/errors.js';
import { entryPath } from '../paths.js';
import type { WorkerSettings } from './batch-worker.js';
import { type BatchJob, makeBatch } from './make-batch.js';
import { openSourcePixels } from './source-pixels.js';

/** Makes batches, in workers or right here. */
export interface BatchPool {
  run(job: BatchJob): Promise<Uint8Array>;
  close(): Promise<void>;
}

const MAX_WORKERS = 4;

/** Workers beside the engine's own thread. */
export const defaultWorkers = (): number => Math.max(1, Math.min(MAX_WORKERS, availableParallelism() - 1));

/** A pool in the engine's own thread: what the build's worker does, for tests and where the build is missing. */
function createInlinePool(settings: WorkerSettings): BatchPool {
  const pixels = openSourcePixels(settings.cache);
  return { run: (job) => makeBatch(job, settings, pixels), close: async () => undefined };
}

interface Pending {
  readonly resolve: (batch: Uint8Array) => void;
  readonly reject: (error: Error) => void;
}

interface Lane {
  readonly worker: Worker;
  readonly pending: Map<number, Pending>;
}

function createLane(file: string, settings: WorkerSettings): Lane {
  const worker = new Worker(file, { workerData: settings });
  // A worker must not keep the engine alive once all else is done.
  worker.unref();
  const pending = new Map<number, Pending>();
  worker.on('message', (message: { id: number; batch?: Uint8Array; error?: unknown }) => {
    const job = pending.get(message.id);
    pending.delete(message.id);
    if (message.batch !== undefined) job?.resolve(message.batch);
    else job?.reject(fromWire(message.error));
  });
  const fail = (error: Error): void => {
    for (const job of pending.values()) job.reject(error);
    pending.clear();
  };
  worker.on('error', fail);
  worker.on('exit', () =>
    fail(new GraftError('engine-crashed', 'A worker that prepares pictures ended unexpectedly.')),
  );
  return { worker, pending };
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
  const lanes = Array.from({ length: workers }, () => createLane(workerFile, settings));
  let nextId = 0;
  return {
    run: (job) =>
      new Promise((resolve, reject) => {
        const lane = lanes.reduce((least, other) => (other.pending.size < least.pending.size ? other : least));
        const id = nextId++;
        lane.pending.set(id, { resolve, reject });
        lane.worker.postMessage({ id, job });
      }),
    close: async () => {
      await Promise.all(lanes.map(({ worker }) => worker.terminate()));
    },
  };
}
