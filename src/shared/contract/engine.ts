import * as v from 'valibot';
import { FRAMINGS } from '../input.js';
import { recipeFrom } from '../parse.js';
import { count, empty, path, paths } from './fields.js';

/** Calls on the engine process, which trains. All paths are absolute; `run` is a run's folder. */
export const ENGINE_METHODS = {
  'engine.info': empty,
  'backbones.list': empty,
  'backbones.download': v.strictObject({ id: v.string() }),
  'backbones.import': v.strictObject({ id: v.string(), file: path }),
  /** How fast the frozen backbone runs on this machine; measured once, then remembered. */
  'backbones.measure': v.strictObject({ id: v.string() }),
  'dataset.inspect': v.strictObject({ path }),
  /** Writes what the network would see as PNGs, and the plans, into `out`. */
  'augment.write': v.strictObject({ recipe: recipeFrom, out: path, images: count, views: count }),
  /** Steps of the recipe's policy that move pictures' features towards another class. */
  'augment.risks': v.strictObject({ recipe: recipeFrom }),
  'train.estimate': v.strictObject({ recipe: recipeFrom }),
  /** Resolves when the run is accepted; the run then speaks by events. */
  'train.start': v.strictObject({ recipe: recipeFrom, out: path }),
  /** Goes on from a run's last checkpoint, with the numbers that an uninterrupted run would have had. */
  'train.resume': v.strictObject({ run: path }),
  /** Holds the run after the batch in hand, or lets it go on. */
  'train.pause': v.strictObject({ run: path, isPaused: v.boolean() }),
  /** Ends the run after the batch in hand; best weights and the run folder are kept. */
  'train.stop': v.strictObject({ run: path }),
  /** Ends the run after the batch in hand and deletes its folder. */
  'train.cancel': v.strictObject({ run: path }),
  /** The run in hand with all that a page that comes late has missed. */
  'train.current': empty,
  'run.evaluate': v.strictObject({
    run: path,
    data: v.nullable(path),
    split: v.picklist(['train', 'val', 'test']),
  }),
  /** `model`: a run folder or an exported TensorFlow.js folder. */
  'run.predict': v.strictObject({ model: path, paths, framing: v.nullable(v.picklist(FRAMINGS)) }),
  'features.compute': v.strictObject({
    paths,
    backbone: v.string(),
    weightsFile: v.nullable(path),
    framing: v.picklist(FRAMINGS),
  }),
  'export.formats': empty,
  'run.export': v.strictObject({ run: path, format: v.string(), out: path }),
} as const satisfies Record<string, v.GenericSchema<unknown, unknown>>;
