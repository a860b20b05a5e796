import type { Recipe } from '../../../shared/recipe.js';
import type { TensorFlow } from '../tf.js';
import { rememberSpeed, type SpeedName, stepSpeed } from './speed-record.js';
import { typicalSeconds } from './typical-seconds.js';

/** TensorFlow optimises a graph and sizes its buffers in the first calls. */
const WARM_UPS = 2;
/** Fewer batches tell too little. */
const MIN_BATCHES = 6;
/** A long run is known by its last batches. */
const MAX_BATCHES = 256;

interface Times {
  add(count: number, seconds: number): void;
  /** Images a second; null while too little is known. */
  speed(): number | null;
}

/** @param batchSize smaller batches, at an epoch's end, are passed over */
function createTimes(batchSize: number): Times {
  const times: number[] = [];
  let seen = 0;
  return {
    add(count, seconds) {
      if (count !== batchSize || seen++ < WARM_UPS) return;
      times.push(seconds);
      if (times.length > MAX_BATCHES) times.shift();
    },
    speed: () => (times.length < MIN_BATCHES ? null : batchSize / typicalSeconds(times)),
  };
}

/** What a run tells of this machine's speed, for the estimates of later ones. */
export interface RunSpeeds {
  /** A batch went through the frozen backbone. */
  addFrozen(count: number, seconds: number): void;
  /** A step of fine-tuning was done, frozen stages and update included. */
  addStep(count: number, seconds: number): void;
  /** Keeps what was learned; where it can't be written, estimates stay as they are. */
  remember(tf: TensorFlow): Promise<void>;
}

/** @param frozenBatch pictures that go through the frozen backbone at once */
export function createRunSpeeds({ backbone, mode, fineTune, training }: Recipe, frozenBatch: number): RunSpeeds {
  const frozen = createTimes(frozenBatch);
  const steps = createTimes(training.batchSize);
  const keep = async (tf: TensorFlow, name: SpeedName, { speed }: Times): Promise<void> => {
    const imagesPerSecond = speed();
    if (imagesPerSecond !== null) await rememberSpeed(tf, name, imagesPerSecond);
  };
  return {
    addFrozen: (count, seconds) => frozen.add(count, seconds),
    addStep(count, seconds) {
      // A head on features says nothing of its backbone.
      if (mode === 'fine-tune') steps.add(count, seconds);
    },
    async remember(tf) {
      await keep(tf, backbone.id, frozen);
      await keep(tf, stepSpeed({ backbone, fineTune, training }), steps);
    },
  };
}
