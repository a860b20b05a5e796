import { loadTensorFlow } from '../../../../../src/main/engine/tf.js';
import { createTraining, type Training } from '../../../../../src/main/engine/train/training.js';
import type { EventName, Events } from '../../../../../src/shared/contract.js';

export interface Heard {
  readonly name: EventName;
  readonly data: Events[EventName];
}

export interface Driver {
  readonly training: Training;
  readonly heard: Heard[];
  /** Live tensors at each event. */
  readonly tensors: number[];
  /** Resolves with the next event of the name that passes, the ones so far not counted. */
  next<E extends EventName>(name: E, passes?: (data: Events[E]) => boolean): Promise<Events[E]>;
  /** Resolves with how the run in hand ends. */
  ended(): Promise<Heard>;
  /** Called at every event, before it counts as heard. */
  onEvent: (heard: Heard) => void;
}

const ENDS: readonly EventName[] = ['train.ended', 'train.failed', 'train.cancelled'];

/** A `Training` whose events can be waited for. */
export async function createDriver(): Promise<Driver> {
  const tf = await loadTensorFlow();
  const waiting = new Set<(heard: Heard) => void>();
  const heard: Heard[] = [];
  const tensors: number[] = [];
  const training = createTraining((name, data) => {
    const event: Heard = { name, data };
    driver.onEvent(event);
    heard.push(event);
    tensors.push(tf.memory().numTensors);
    for (const hear of [...waiting]) hear(event);
  });
  const wait = (passes: (heard: Heard) => boolean): Promise<Heard> =>
    new Promise((resolve) => {
      const hear = (event: Heard): void => {
        if (!passes(event)) return;
        waiting.delete(hear);
        resolve(event);
      };
      waiting.add(hear);
    });
  const driver: Driver = {
    training,
    heard,
    tensors,
    next: async (name, passes = () => true) => {
      const event = await wait((one) => one.name === name && passes(one.data as never));
      return event.data as never;
    },
    ended: () => wait(({ name }) => ENDS.includes(name)),
    onEvent: () => undefined,
  };
  return driver;
}
