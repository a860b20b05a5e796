import type { CallContext, Params } from '../../../shared/contract.js';
import { GraftError, throwIfAborted } from '../../../shared/errors.js';
import { createStream } from '../../../shared/random.js';
import type { BackboneSpeed } from '../../../shared/live-reports.js';
import { getBackbone } from '../backbones/registry.js';
import { openBackboneWeights } from '../backbones/store.js';
import { openFrozenBackbone } from '../insight/frozen-backbone.js';
import { loadTensorFlow } from '../tf.js';
import { FEATURE_BATCH_SIZE } from '../train/feature-table.js';
import { rememberedSpeed, rememberSpeed } from './speed-record.js';
import { typicalSeconds } from './typical-seconds.js';

/** TensorFlow optimises a graph and sizes its buffers in the first calls. */
const WARM_UPS = 2;
const REPEATS = 8;

/** Measurements come one after the other: two at once would each see half a machine. */
let turn: Promise<unknown> = Promise.resolve();

async function measure(
  id: string,
  { signal, onProgress }: CallContext,
  refuseWhileTraining: () => void,
): Promise<BackboneSpeed> {
  throwIfAborted(signal);
  const definition = getBackbone(id);
  const weights = await openBackboneWeights(definition, { weightsFile: null });
  // Asked for again: another call may have measured it while this one waited.
  const known = await rememberedSpeed(id);
  if (known !== null) return { id, imagesPerSecond: known };
  refuseWhileTraining();
  const tf = await loadTensorFlow();
  const total = WARM_UPS + REPEATS;
  const report = (done: number): void =>
    onProgress({ task: 'measure', done, total, unit: 'steps', label: definition.label });
  report(0);
  const backbone = await openFrozenBackbone(tf, definition, weights);
  try {
    const { size } = definition.input;
    const stream = createStream('measure', id);
    const pixels = Uint8Array.from({ length: FEATURE_BATCH_SIZE * size * size * 3 }, () =>
      Math.floor(stream.between(0, 256)),
    );
    const times: number[] = [];
    for (let repeat = 0; repeat < total; repeat++) {
      // Each batch blocks the thread; in between, a cancel or a run that was started can be heard.
      await new Promise(setImmediate);
      throwIfAborted(signal);
      refuseWhileTraining();
      const started = performance.now();
      backbone.compute(pixels, FEATURE_BATCH_SIZE);
      if (repeat >= WARM_UPS) times.push((performance.now() - started) / 1000);
      report(repeat + 1);
    }
    const imagesPerSecond = FEATURE_BATCH_SIZE / typicalSeconds(times);
    await rememberSpeed(tf, id, imagesPerSecond);
    return { id, imagesPerSecond };
  } finally {
    backbone.dispose();
  }
}

/**
 * Measures how fast a frozen backbone runs here, uploads included, as training runs it; a measurement is remembered for
 * this processor and this TensorFlow, and returned from then on.
 *
 * @param runInProgress the run that trains at present, or null
 * @throws GraftError `unknown-backbone`, `weights-missing`, `cancelled`; `engine-busy` while a run trains, since both would
 * be slowed
 */
export async function measureBackbone(
  { id }: Params<'backbones.measure'>,
  context: CallContext,
  runInProgress: () => string | null,
): Promise<BackboneSpeed> {
  const refuseWhileTraining = (): void => {
    const run = runInProgress();
    if (run === null) return;
    throw new GraftError(
      'engine-busy',
      `expected no run in progress, but ${run} is training: measure when it has ended`,
    );
  };
  const mine = turn.then(() => measure(id, context, refuseWhileTraining));
  turn = mine.catch(() => undefined);
  return await mine;
}
