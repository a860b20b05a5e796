import { parentPort, workerData } from 'node:worker_threads';
import { invariant, toWire } from '../../../shared/errors.js';
import type { PixelCacheSettings } from './cache.js';
import { type BatchJob, type BatchSettings, type BatchTimes, makeBatch } from './make-batch.js';
import { installSimdKernels } from '../../../shared/simd/simd-kernels.js';
import { openSourcePixels } from './source-pixels.js';

/** What a worker is started with. */
export interface WorkerSettings extends BatchSettings {
  readonly cache: PixelCacheSettings;
  /** Pixels that each thread keeps in memory at most. */
  readonly memoryBytes: number;
}

/** What a worker is told: a batch to make, or to end. */
export type WorkerRequest = { readonly id: number; readonly job: BatchJob } | 'close';

/** What a worker answers: the batch, whose buffer changes hands, or what went wrong, by `toWire`. */
export type WorkerReply =
  | { readonly id: number; readonly batch: Uint8Array; readonly times: BatchTimes }
  | { readonly id: number; readonly error: unknown };

invariant(parentPort, 'this file runs as a worker');
const port = parentPort;
installSimdKernels();
const settings = workerData as WorkerSettings;
const pixels = openSourcePixels(settings.cache, settings.memoryBytes);
const closing = new AbortController();
let previous: Promise<void> = Promise.resolve();

async function answer(id: number, job: BatchJob): Promise<void> {
  try {
    const times: BatchTimes = { decodeMs: 0, augmentMs: 0 };
    const batch = await makeBatch(job, settings, pixels, times, closing.signal);
    port.postMessage({ id, batch, times } satisfies WorkerReply, [batch.buffer as ArrayBuffer]);
  } catch (error) {
    port.postMessage({ id, error: toWire(error) } satisfies WorkerReply);
  }
}

port.on('message', (request: WorkerRequest) => {
  if (request === 'close') {
    // Ends by itself once decodes in flight are done: a thread that is torn down under them may take the process along.
    closing.abort();
    port.close();
    return;
  }
  // One after the other, so that the batch that is waited for comes first.
  previous = previous.then(() => answer(request.id, request.job));
});
