import type { AttrValue } from './proto.js';
import { type Edge, text, type TrainWriter } from './train-writer.js';

/** Ops on a place where TensorFlow keeps a step's input, on the device that computes. */
export interface Staging {
  /** What lies there; the op takes it away. */
  readonly taken: Edge;
  /** Puts the next step's input there. On a graphics card it is copied while a step computes. */
  readonly put: Edge;
  /** Empties it. */
  readonly cleared: Edge;
}

/**
 * Writes a place for one tensor, by `Stage` and `Unstage`.
 *
 * @param next what is put there
 * @param dtype of it
 * @param sharedName tells the place from others in the session
 * @param names of the ops
 */
export function writeStaging(
  writer: TrainWriter,
  next: Edge,
  dtype: number,
  sharedName: string,
  names: Readonly<Record<keyof Staging, string>>,
): Staging {
  const attributes: Record<string, AttrValue> = {
    dtypes: { list: { type: [dtype] } },
    // No limits: never more than one tensor lies there.
    capacity: { i: 0 },
    memory_limit: { i: 0 },
    container: text(''),
    shared_name: text(sharedName),
  };
  return {
    taken: writer.node('Unstage', names.taken, [], attributes),
    put: writer.node('Stage', names.put, [next], attributes),
    cleared: writer.node('StageClear', names.cleared, [], attributes),
  };
}
