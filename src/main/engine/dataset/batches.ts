import { GraftError, throwIfAborted } from '../../../shared/errors.js';
import type { PixelImage } from '../../../shared/image.js';
import type { Framing, InputSpec } from '../../../shared/input.js';
import { openBatchPool } from './batch-pool.js';
import type { PixelCache } from './cache.js';
import type { BatchDice, BatchTimes } from './make-batch.js';
import { MEMORY_BYTES } from './source-pixels.js';
import type { DatasetImage } from './types.js';

/** Some pictures, ready for the network. */
export interface Batch {
  /** [count, size, size, 3], RGB, uint8; the receiver's to keep. */
  readonly pixels: Uint8Array;
  readonly count: number;
  /** Which images they are. */
  readonly indices: readonly number[];
}

export interface BatchRequest {
  /** Images in the order in which they are wanted. */
  readonly indices: readonly number[];
  readonly batchSize: number;
  /** Null for the evaluation's framing. */
  readonly augment: BatchDice | null;
  readonly signal: AbortSignal;
}

/** Makes batches ahead of whoever consumes them. Close it. */
export interface BatchSource {
  /**
   * @throws GraftError `unreadable-file` naming a picture that can no longer be read; `cancelled`
   */
  batches(request: BatchRequest): AsyncIterable<Batch>;
  /** One picture as a batch would hold it. */
  render(index: number, augment: BatchDice | null): Promise<PixelImage>;
  /** Time that consumers have waited for batches. */
  readonly waitedMs: number;
  /** Time that making batches has taken, in workers. */
  readonly times: Readonly<BatchTimes>;
  close(): Promise<void>;
}

export interface BatchSourceOptions {
  readonly images: readonly DatasetImage[];
  readonly input: InputSpec;
  readonly framing: Framing;
  readonly cache: PixelCache;
  /** Worker threads; 0 for none. */
  readonly workers?: number;
  readonly workerFile?: string;
  /** Batches that are made ahead; 3 unless given. */
  readonly ahead?: number;
  /** Decoded pixels that each worker keeps in memory at most, for epochs after the first; 32 MiB unless given. */
  readonly memoryBytes?: number;
}

const DEFAULT_AHEAD = 3;

/** Waits for a promise, but not beyond an abort. */
function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => reject(new GraftError('cancelled', 'The call was cancelled.'));
    signal.addEventListener('abort', onAbort, { once: true });
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** Opens a source of batches over a data set's images. */
export function createBatchSource(options: BatchSourceOptions): BatchSource {
  const { images, input, framing, ahead = DEFAULT_AHEAD, memoryBytes = MEMORY_BYTES } = options;
  const pool = openBatchPool(
    { input, framing, cache: options.cache.settings, memoryBytes },
    { workers: options.workers, workerFile: options.workerFile },
  );
  const pictureOf = (index: number) => {
    const { id, file, path } = images[index]!;
    return { id, file, path };
  };
  let waitedMs = 0;

  async function* batches({ indices, batchSize, augment, signal }: BatchRequest): AsyncGenerator<Batch> {
    const queue: { indices: readonly number[]; pixels: Promise<Uint8Array> }[] = [];
    let next = 0;
    const fill = (): void => {
      while (queue.length < ahead && next < indices.length) {
        const group = indices.slice(next, next + batchSize);
        next += batchSize;
        const pixels = pool.run({ pictures: group.map(pictureOf), dice: augment });
        // Whoever stops early never awaits what was made ahead; its failure must not count as unhandled.
        pixels.catch(() => undefined);
        queue.push({ indices: group, pixels });
      }
    };
    for (;;) {
      throwIfAborted(signal);
      fill();
      const head = queue.shift();
      if (head === undefined) return;
      const started = performance.now();
      const pixels = await untilAborted(head.pixels, signal);
      waitedMs += performance.now() - started;
      fill();
      yield { pixels, count: head.indices.length, indices: head.indices };
    }
  }

  return {
    batches,
    async render(index, augment) {
      const data = await pool.run({ pictures: [pictureOf(index)], dice: augment });
      return { width: input.size, height: input.size, data };
    },
    get waitedMs() {
      return waitedMs;
    },
    times: pool.times,
    close: () => pool.close(),
  };
}
