import { parentPort, workerData } from 'node:worker_threads';
import { invariant, toWire } from '../../../shared/errors.js';
import type { PixelCacheSettings } from './cache.js';
import { type BatchJob, type BatchSettings, makeBatch } from './make-batch.js';
import { openSourcePixels } from './source-pixels.js';

/** What a worker is started with. */
export interface WorkerSettings extends BatchSettings {
  readonly cache: PixelCacheSettings;
}

invariant(parentPort, 'this file runs as a worker');
const port = parentPort;
const settings = workerData as WorkerSettings;
const pixels = openSourcePixels(settings.cache);

port.on('message', ({ id, job }: { id: number; job: BatchJob }) => {
  makeBatch(job, settings, pixels).then(
    (batch) => port.postMessage({ id, batch }, [batch.buffer as ArrayBuffer]),
    (error: unknown) => port.postMessage({ id, error: toWire(error) }),
  );
});
